//! What is under way on a connection.

use super::Reconnecting;
use crate::{
    AuthDetector, Closed, Error, ErrorKind, Response,
    response::parse,
    subscription::{Event, Reconnected, Told, mailbox::Letters},
};
use bytes::Bytes;
use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
};
use tokio::sync::oneshot;

/// An operation, and whoever waits for its results.
pub(super) struct Operation {
    /// Its JSON.
    pub(super) request: Bytes,
    pub(super) letters: Letters,
    /// It may be sent again without doing anything twice.
    pub(super) repeatable: bool,
    /// Told when it was sent, or could not be.
    pub(super) begun: Option<oneshot::Sender<Result<(), Error>>>,
    pub(super) reconnecting: Option<Reconnecting>,
    pub(super) sent: bool,
}

impl Operation {
    /// It is over.
    fn end(mut self, error: Option<Error>) {
        if let (Some(begun), Some(error)) = (self.begun.take(), &error) {
            let _ = begun.send(Err(error.clone()));
        }
        self.letters.end(error);
    }
}

/// Names are numbers, and ours: nobody else can choose them so that they collide.
#[derive(Default)]
struct Number(u64);

impl Hasher for Number {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio: numbers that follow each other lie far apart.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// All operations of a connection, by name.
#[derive(Default)]
pub(super) struct Operations {
    all: HashMap<u64, Operation, BuildHasherDefault<Number>>,
    /// Those that are still to be sent.
    unsent: VecDeque<u64>,
    /// Those of which the server is to be told that they are over.
    stopped: VecDeque<(u64, Option<Told>)>,
    /// How errors say that authentication failed.
    pub(super) detector: Option<AuthDetector>,
}

impl Operations {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn insert(&mut self, id: u64, operation: Operation) {
        self.unsent.push_back(id);
        self.all.insert(id, operation);
    }

    /// It is not to be sent.
    pub(super) fn refuse(&mut self, id: u64, error: Error) {
        if let Some(operation) = self.all.remove(&id) {
            // On an earlier connection it may have been.
            let never = operation.begun.is_some();
            operation.end(Some(if never { error.unsent() } else { error }));
        }
    }

    /// Nobody waits for it any more.
    pub(super) fn stop(&mut self, id: u64, told: Option<Told>) {
        if self.all.remove(&id).is_some_and(|operation| operation.sent) {
            self.stopped.push_back((id, told));
        } else if let Some(told) = told {
            // The server does not know of it, or not any more.
            let _ = told.send(Ok(()));
        }
    }

    /// The next one of which the server has to be told.
    pub(super) fn next_stopped(&mut self) -> Option<(u64, Option<Told>)> {
        self.stopped.pop_front()
    }

    /// The next one that is to be sent, and its JSON.
    pub(super) fn next_unsent(&mut self) -> Option<(u64, Bytes)> {
        loop {
            let id = self.unsent.pop_front()?;
            if let Some(operation) = self.all.get(&id) {
                return Some((id, operation.request.clone()));
            }
        }
    }

    /// It was sent.
    pub(super) fn sent(&mut self, id: u64) {
        if let Some(operation) = self.all.get_mut(&id) {
            operation.sent = true;
            if let Some(begun) = operation.begun.take() {
                let _ = begun.send(Ok(()));
            }
        }
    }

    /// A result. Says whether it is of an operation that is under way.
    pub(super) fn result(&mut self, id: u64, payload: &Bytes) -> bool {
        let Some(operation) = self.all.get(&id) else {
            return false; // it crossed with what was stopped
        };
        let pushed = parse(payload, false).and_then(|mut response| {
            self.judge(&mut response);
            operation
                .letters
                .push(Event::Result(response), payload.len())
        });
        if let Err(error) = pushed {
            self.fail(id, error);
        }
        true
    }

    /// A result without errors. Says whether it is of an operation that is under way.
    pub(super) fn data(&mut self, id: u64, response: Response, bytes: usize) -> bool {
        let Some(operation) = self.all.get(&id) else {
            return false;
        };
        if let Err(error) = operation.letters.push(Event::Result(response), bytes) {
            self.fail(id, error);
        }
        true
    }

    /// The errors of an operation that was not executed, or no further.
    pub(super) fn failed(&mut self, id: u64, payload: &Bytes) {
        let Some(operation) = self.all.remove(&id) else {
            return;
        };
        let pushed = errors_only(payload).and_then(|mut response| {
            self.judge(&mut response);
            operation
                .letters
                .push(Event::Result(response), payload.len())
        });
        operation.end(pushed.err());
    }

    fn judge(&self, response: &mut Response) {
        if let (false, Some(detector)) = (response.errors.is_empty(), &self.detector) {
            response.auth_failure = detector.judge_errors(&response.errors);
        }
    }

    pub(super) fn complete(&mut self, id: u64) {
        if let Some(operation) = self.all.remove(&id) {
            operation.end(None);
        }
    }

    /// Ends one with an error, and tells the server.
    fn fail(&mut self, id: u64, error: Error) {
        if let Some(operation) = self.all.remove(&id) {
            self.stopped.push_back((id, None));
            operation.end(Some(error));
        }
    }

    pub(super) fn fail_all(&mut self, error: &Error) {
        self.unsent.clear();
        self.stopped.clear();
        for (_, operation) in self.all.drain() {
            let error = if operation.sent {
                error.clone()
            } else {
                error.clone().unsent()
            };
            operation.end(Some(error));
        }
    }

    /// Whether something is under way that must not be sent twice.
    pub(super) fn has_unrepeatable(&self) -> bool {
        let mut all = self.all.values();
        all.any(|operation| operation.sent && !operation.repeatable)
    }

    /// Whether something was sent that may be sent again.
    pub(super) fn is_resumable(&self) -> bool {
        self.all
            .values()
            .any(|operation| operation.sent && operation.repeatable)
    }

    /// The connection is gone: what must not be sent twice is over, and the rest is to be sent again.
    pub(super) fn lose(&mut self, closed: &Closed) {
        self.stopped.clear();
        let lost: Vec<_> = self
            .all
            .iter()
            .filter(|(_, operation)| operation.sent && !operation.repeatable)
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            if let Some(operation) = self.all.remove(&id) {
                let context = format!(
                    "the connection was closed ({closed}) before the answer came; the operation may have been executed"
                );
                let error = Error::new(ErrorKind::Closed(closed.kind()), context);
                operation.end(Some(error.with_closed(closed.clone())));
            }
        }
    }

    /// There is a new connection: says so to everybody, and sends everything again.
    pub(super) fn resume(&mut self, reconnected: &Reconnected) {
        let mut ids: Vec<_> = self.all.keys().copied().collect();
        ids.sort_unstable();
        self.unsent.clear();
        for id in ids {
            let Some(operation) = self.all.get_mut(&id) else {
                continue;
            };
            self.unsent.push_back(id);
            if !std::mem::take(&mut operation.sent) {
                continue;
            }
            let mut told = Ok(());
            if let Some(reconnecting) = &operation.reconnecting {
                told = reconnecting(reconnected).map(|request| {
                    if let Some(request) = request {
                        operation.request = request;
                    }
                });
            }
            let event = Event::Reconnected(reconnected.clone());
            if let Err(error) = told.and_then(|()| operation.letters.push(event, 0)) {
                if let Some(operation) = self.all.remove(&id) {
                    operation.end(Some(error));
                }
            }
        }
    }
}

/// What an `error` message says: a list of errors, or, with the older protocol, one.
fn errors_only(payload: &Bytes) -> Result<Response, Error> {
    let is_list = payload.trim_ascii_start().first() == Some(&b'[');
    let (begin, end) = if is_list { ("", "") } else { ("[", "]") };
    let json = [
        b"{\"errors\":",
        begin.as_bytes(),
        payload,
        end.as_bytes(),
        b"}",
    ]
    .concat();
    parse(&json.into(), false)
}
