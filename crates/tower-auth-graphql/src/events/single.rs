//! GraphQL over server-sent events, in the mode of a single connection.

use super::{EventStream, Shared};
use crate::{
    Error, ErrorKind, Reply, Response,
    response::parse,
    subscription::{
        Event, Source, Subscription, Told,
        mailbox::{Letters, Mailbox, Room, mailbox},
        message::Message,
        told,
    },
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use std::{
    collections::HashMap,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::Sleep,
};

/// Says to which stream a request belongs.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-graphql-event-stream-token");

/// Nothing else, as for the streams: the reference server compares the whole header.
pub(crate) const ACCEPT_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How subscriptions share a stream: see [`Client::single_event_stream`](crate::Client::single_event_stream).
///
/// By default 256 results of each operation, of 16 MiB together, may wait to be taken, and the stream is closed when there is no operation
/// for 3 seconds.
#[derive(Clone, Debug)]
#[must_use]
pub struct SingleEventStream {
    room: Room,
    linger: Duration,
}

impl Default for SingleEventStream {
    fn default() -> Self {
        Self {
            room: Room::default(),
            linger: Duration::from_secs(3),
        }
    }
}

impl SingleEventStream {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many results of an operation may wait to be taken. One more ends that operation, and no other.
    pub fn buffer(mut self, results: usize) -> Self {
        self.room.events = results.max(1);
        self
    }

    /// How many bytes the results of an operation may have that wait to be taken. One more ends that operation, and no
    /// other; a result that waits alone may be larger.
    pub fn buffered_bytes(mut self, bytes: usize) -> Self {
        self.room.bytes = bytes;
        self
    }

    /// How long a stream is kept without operations.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }
}

/// What is to be asked of the server.
pub(crate) enum Wish {
    /// A token for a stream.
    Reserve,
    /// The stream.
    Open(HeaderValue),
    /// The end of an operation.
    Cancel(HeaderValue, u64),
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Reply>, Error>> + Send>>;
/// Asks the server, through the stack.
pub(crate) type Ask = dyn Fn(Wish) -> Answer + Send + Sync;

enum Command {
    Start(u64, Letters),
    Stop(u64, Option<Told>),
}

/// The stream of a client, made when it is first needed. Clones share it.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Inner>);

struct Inner {
    send: Arc<Ask>,
    options: SingleEventStream,
    /// The stream that is open. Whoever opens one is waited for.
    open: Mutex<Option<(HeaderValue, mpsc::UnboundedSender<Command>)>>,
    /// How often none could be opened, and why the last time.
    failed: std::sync::Mutex<(u64, Option<Error>)>,
    next: AtomicU64,
}

impl Streams {
    pub(crate) fn new(send: Arc<Ask>, options: SingleEventStream) -> Self {
        Self(Arc::new(Inner {
            send,
            options,
            open: Mutex::default(),
            failed: std::sync::Mutex::default(),
            next: AtomicU64::new(1),
        }))
    }

    /// Makes room for the results of an operation: its name, the token of the stream, and the results to come.
    pub(crate) async fn begin(&self) -> Result<(u64, HeaderValue, Subscription), Error> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (letters, mailbox) = mailbox(self.0.options.room);
        let mut start = Command::Start(id, letters);
        let before = self.failed().0;
        let mut open = self.0.open.lock().await;
        if let Some((token, task)) = &*open {
            match task.send(start) {
                Ok(()) => {
                    let token = token.clone();
                    return Ok((id, token, over(id, mailbox, task.clone())));
                }
                // It was closed meanwhile.
                Err(mpsc::error::SendError(again)) => start = again,
            }
        }
        if let (failures, Some(error)) = &*self.failed() {
            // Whoever waited for one that could not be opened does not wait for one more.
            if *failures != before {
                return Err(error.clone());
            }
        }
        let (token, events) = match self.connect().await {
            Ok(opened) => opened,
            Err(error) => {
                let mut failed = self.failed();
                *failed = (failed.0.wrapping_add(1), Some(error.clone()));
                return Err(error);
            }
        };
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            Error::request("a stream for many subscriptions needs a tokio runtime")
                .with_source(error)
        })?;
        let (task, commands) = mpsc::unbounded_channel();
        let driver = Driver {
            token: token.clone(),
            send: Arc::clone(&self.0.send),
            linger: self.0.options.linger,
            events: events.0,
            commands,
            operations: HashMap::new(),
            idle: None,
        };
        runtime.spawn(driver.run());
        let _ = task.send(start);
        *open = Some((token.clone(), task.clone()));
        Ok((id, token, over(id, mailbox, task)))
    }

    fn failed(&self) -> MutexGuard<'_, (u64, Option<Error>)> {
        self.0.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<(HeaderValue, EventStream), Error> {
        let reserved = (self.0.send)(Wish::Reserve).await?;
        let status = reserved.status();
        let token = match reserved.into_body() {
            // A token is a text, and so not GraphQL.
            Reply::NotGraphQl(answer) if status == StatusCode::CREATED => {
                HeaderValue::from_bytes(answer.body_prefix().trim_ascii())
                    .map_err(|_| Error::protocol("the token of the stream is no header"))?
            }
            other => {
                other.into_single()?.into_data()?;
                return Err(Error::protocol("the server reserved no stream"));
            }
        };
        let mut token = token;
        token.set_sensitive(true);
        match (self.0.send)(Wish::Open(token.clone())).await?.into_body() {
            Reply::Events(events) => Ok((token, events)),
            other => {
                other.into_single()?.into_data()?;
                Err(Error::protocol("the server opened no stream"))
            }
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

fn over(id: u64, mailbox: Mailbox, task: mpsc::UnboundedSender<Command>) -> Subscription {
    Subscription::new(OverStream {
        id,
        mailbox,
        task,
        done: false,
    })
}

/// One operation of a stream.
struct OverStream {
    id: u64,
    mailbox: Mailbox,
    task: mpsc::UnboundedSender<Command>,
    done: bool,
}

impl Source for OverStream {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        let event = ready!(self.mailbox.poll(cx));
        self.done = !matches!(event, Some(Ok(_)));
        Poll::Ready(event)
    }

    fn id(&self) -> Option<u64> {
        Some(self.id)
    }

    fn unsubscribe(mut self: Box<Self>) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        let (sender, receiver) = oneshot::channel();
        if std::mem::replace(&mut self.done, true) {
            let _ = sender.send(Ok(()));
        } else {
            let _ = self.task.send(Command::Stop(self.id, Some(sender)));
        }
        told(receiver)
    }
}

impl Drop for OverStream {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.task.send(Command::Stop(self.id, None));
        }
    }
}

/// The task that reads a stream.
struct Driver {
    token: HeaderValue,
    send: Arc<Ask>,
    linger: Duration,
    events: Box<Shared>,
    commands: mpsc::UnboundedReceiver<Command>,
    operations: HashMap<u64, Letters>,
    idle: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    async fn run(mut self) {
        let ended = poll_fn(|cx| self.poll(cx)).await;
        self.commands.close();
        let error = ended
            .err()
            .unwrap_or_else(|| Error::new(ErrorKind::Transport, "the stream of events was closed"));
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Start(_, letters) = command {
                letters.end(Some(error.clone()));
            }
        }
        for (_, letters) in self.operations.drain() {
            letters.end(Some(error.clone()));
        }
    }

    /// Until nobody needs it any more, or it fails.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let open = loop {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(Command::Start(id, letters))) => {
                    self.operations.insert(id, letters);
                }
                Poll::Ready(Some(Command::Stop(id, told))) => {
                    if self.operations.remove(&id).is_some() {
                        self.cancel(id, told);
                    } else if let Some(told) = told {
                        let _ = told.send(Ok(())); // it was over
                    }
                }
                Poll::Ready(None) => break false,
                Poll::Pending => break true,
            }
        };
        if let Poll::Ready(Err(error)) = self.poll_events(cx) {
            return Poll::Ready(Err(error));
        }
        if !self.operations.is_empty() {
            self.idle = None;
            return Poll::Pending;
        }
        if !open {
            return Poll::Ready(Ok(()));
        }
        let linger = self.linger;
        let idle = self
            .idle
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(linger)));
        idle.as_mut().poll(cx).map(Ok)
    }

    fn poll_events(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            while let Some(event) = self.events.parser.next_event()? {
                match &*event.name {
                    b"next" => self.next(event.data.into())?,
                    b"complete" => {
                        let id = read(&event.data)?.0;
                        if let Some(letters) = id.and_then(|id| self.operations.remove(&id)) {
                            letters.end(None);
                        }
                    }
                    _ => {} // of some extension
                }
            }
            let data = ready!(self.events.incoming.poll(cx))?;
            self.events.parser.push(&data);
        }
    }

    fn next(&mut self, json: Bytes) -> Result<(), Error> {
        let (id, payload) = read(&json)?;
        let Some((id, letters)) = id.and_then(|id| Some((id, self.operations.get(&id)?))) else {
            return Ok(()); // it crossed with its end
        };
        let payload = payload.ok_or_else(|| Error::protocol("an event has no result"))?;
        let pushed =
            parse(&json.slice_ref(payload.as_bytes()), false).and_then(|mut response: Response| {
                self.events.judge.note(&mut response);
                letters.push(Event::Result(response), payload.len())
            });
        if let Err(error) = pushed {
            if let Some(letters) = self.operations.remove(&id) {
                letters.end(Some(error));
            }
            self.cancel(id, None);
        }
        Ok(())
    }

    /// Tells the server that nobody wants more.
    fn cancel(&self, id: u64, told: Option<Told>) {
        let answer = (self.send)(Wish::Cancel(self.token.clone(), id));
        tokio::spawn(async move {
            let answer = match answer.await {
                Ok(reply) if reply.status().is_success() => Ok(()),
                Ok(reply) => Err(match reply.into_body() {
                    Reply::NotGraphQl(error) => error,
                    _ => Error::protocol("the server did not end the operation"),
                }),
                Err(error) => Err(error),
            };
            if answer.is_err() {
                tracing::debug!("the server could not be told that an operation is over");
            }
            if let Some(told) = told {
                let _ = told.send(answer);
            }
        });
    }
}

/// Whose event it is, and what it brings.
fn read(json: &[u8]) -> Result<(Option<u64>, Option<&str>), Error> {
    let message: Message<'_> = serde_json::from_slice(json).map_err(|error| {
        Error::protocol("an event of the stream is malformed").with_source(error)
    })?;
    let id = message.id.as_deref().and_then(|id| id.parse().ok());
    Ok((id, message.payload.map(|payload| payload.get())))
}
