//! One connection, as long as it lasts.

use super::{
    Socket, Subprotocol, WebSocket, driver::Commands, operations::Operations, protocol::Incoming,
    socket::over,
};
use crate::{Closed, Error, ErrorKind, Limit, Timeout, subscription::Told};
use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::Message;

/// So many messages are read before others on the thread have their turn.
const AT_A_STRETCH: usize = 512;
/// A ping that says more is answered without it.
pub(super) const MOST_ECHOED: usize = 16 * 1024;

/// Why a connection is no longer served.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing is under way, and nothing came for a while.
    Idle,
    /// There will be no more commands, and nothing is under way.
    Done,
    /// Its credentials are about to end.
    Aged,
    /// It ended by itself, or had to be ended with this code.
    Lost(Error, Option<u16>),
}

/// A connection, and what is known of it.
pub(super) struct Serving<'a> {
    pub(super) socket: &'a mut Socket,
    pub(super) options: &'a WebSocket,
    pub(super) operations: &'a mut Operations,
    pub(super) commands: &'a mut Commands,
    /// Results have come.
    pub(super) proven: bool,
    watch: Watch,
    idle: Option<Pin<Box<Sleep>>>,
    age: Option<Pin<Box<Sleep>>>,
    /// A pong that is still to be sent: the last one counts.
    pong: Option<Message>,
    ping: Option<Message>,
    /// Who waits until the server has been told of the end of an operation.
    told: Vec<Told>,
}

/// Whether the other side is still there.
struct Watch {
    timer: Option<Pin<Box<Sleep>>>,
    /// Something has come since the timer was set.
    heard: bool,
    /// It was asked.
    asked: bool,
    /// With the older protocol: when the next sign of life is due.
    due: Option<Pin<Box<Sleep>>>,
    /// There will be such signs; and there was one.
    promised: bool,
    sign: bool,
}

fn after(time: std::time::Duration) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(time))
}

impl<'a> Serving<'a> {
    pub(super) fn new(
        socket: &'a mut Socket,
        options: &'a WebSocket,
        operations: &'a mut Operations,
        commands: &'a mut Commands,
    ) -> Self {
        let renew_at = socket.renew_at;
        Self {
            socket,
            options,
            operations,
            commands,
            proven: false,
            watch: Watch {
                timer: options.ping_interval.map(after),
                heard: false,
                asked: false,
                due: None,
                promised: false,
                sign: false,
            },
            idle: None,
            age: renew_at.map(|at: Instant| Box::pin(tokio::time::sleep_until(at))),
            pong: None,
            ping: None,
            told: Vec::new(),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let open = self.commands.poll_all(self.operations, cx);
        match self.poll_socket(cx) {
            Ok(()) => {}
            Err((error, code)) => return Poll::Ready(Outcome::Lost(error, code)),
        }
        if let Poll::Ready(lost) = self.poll_watch(cx) {
            return Poll::Ready(lost);
        }
        if self.operations.is_empty() {
            // Whoever was stopped has to be told of first.
            if !open {
                return Poll::Ready(Outcome::Done);
            }
            let linger = self.options.linger;
            let idle = self.idle.get_or_insert_with(|| after(linger));
            return idle.as_mut().poll(cx).map(|()| Outcome::Idle);
        }
        self.idle = None;
        if let Some(age) = &mut self.age {
            // What must not be sent twice is let finish.
            if age.as_mut().poll(cx).is_ready() && !self.operations.has_unrepeatable() {
                return Poll::Ready(Outcome::Aged);
            }
        }
        Poll::Pending
    }

    /// Writes what is to be written, and reads what is there.
    fn poll_socket(&mut self, cx: &mut Context<'_>) -> Result<(), (Error, Option<u16>)> {
        let lost = |error| (error, None);
        self.poll_write(cx).map_err(lost)?;
        for _ in 0..AT_A_STRETCH {
            let Poll::Ready(message) = self.socket.poll_receive(cx) else {
                // What the messages gave rise to.
                return self.poll_write(cx).map_err(lost);
            };
            let message = message.map_err(|error| {
                let code = match error.kind() {
                    ErrorKind::Limit(_) => Some(1009),
                    ErrorKind::Protocol => Some(1002),
                    _ => None,
                };
                (error, code)
            })?;
            self.watch.heard = true;
            self.watch.sign |= message.is_text();
            self.take(message)?;
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while let Poll::Ready(ready) = self.socket.poll_ready(cx) {
            ready?;
            let message = if let Some(pong) = self.pong.take() {
                pong
            } else if let Some(ping) = self.ping.take() {
                ping
            } else if let Some((id, told)) = self.operations.next_stopped() {
                self.told.extend(told);
                Message::Text(self.socket.subprotocol.stop(id))
            } else if let Some((id, request)) = self.operations.next_unsent() {
                if request.len() > self.options.most_written() {
                    // The connection is also that of others.
                    self.operations.refuse(id, too_large());
                    continue;
                }
                self.operations.sent(id);
                Message::Text(self.socket.subprotocol.start(id, &request))
            } else {
                break;
            };
            self.socket.start(message)?;
        }
        match self.socket.poll_flush(cx) {
            Poll::Ready(flushed) => {
                flushed?;
                for told in self.told.drain(..) {
                    let _ = told.send(Ok(()));
                }
                Ok(())
            }
            Poll::Pending => Ok(()),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), (Error, Option<u16>)> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(frame) => return Err((Error::of_closed(over(frame)), None)),
            Message::Binary(_) => {
                let error = Error::protocol("the server sent a binary message");
                return Err((error, Some(1003)));
            }
            _ => return Ok(()), // pings are answered below us
        };
        let bad = |error| (error, Some(4004));
        match self.socket.subprotocol.read(&text).map_err(bad)? {
            Incoming::Result(id, payload) => {
                self.proven |= self.operations.result(id, &payload);
            }
            Incoming::Data(id, response) => {
                self.proven |= self.operations.data(id, response, text.len());
            }
            Incoming::Failed(id, payload) => {
                self.operations.failed(id, &payload);
            }
            Incoming::Complete(id) => self.operations.complete(id),
            Incoming::Ping(payload) => {
                let payload = payload.filter(|payload| payload.len() <= MOST_ECHOED);
                self.pong = Some(Message::Text(Subprotocol::pong(payload.as_deref())));
            }
            Incoming::KeepAlive => self.watch.promised = true,
            Incoming::Pong | Incoming::Unknown => {}
            // After the acknowledgement it is about a message, and the connection goes on.
            Incoming::ConnectionError => {
                tracing::debug!("the server could not read a message, or says so");
            }
            Incoming::Acknowledged => {
                let error = Error::protocol("the server acknowledged the connection twice");
                return Err((error, Some(4004)));
            }
        }
        Ok(())
    }

    /// Asks whether the other side is still there, when nothing was heard of it.
    fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let gone = |what| {
            let error = Error::new(ErrorKind::Timeout(Timeout::Pong), what);
            Poll::Ready(Outcome::Lost(
                error.with_closed(Closed::dropped()),
                Some(4408),
            ))
        };
        let watch = &mut self.watch;
        if let Some(limit) = self.options.keep_alive_timeout {
            let sign = std::mem::take(&mut watch.sign);
            if watch.promised {
                let due = watch.due.get_or_insert_with(|| after(limit));
                if sign {
                    due.as_mut().reset(Instant::now() + limit);
                }
                if due.as_mut().poll(cx).is_ready() {
                    return gone(
                        "the server has not said for too long that it is alive; allow more with `keep_alive_timeout`",
                    );
                }
            }
        }
        let Some(interval) = self.options.ping_interval else {
            watch.heard = false;
            return Poll::Pending;
        };
        loop {
            let Some(timer) = &mut watch.timer else {
                return Poll::Pending;
            };
            ready!(timer.as_mut().poll(cx));
            if std::mem::take(&mut watch.heard) {
                watch.asked = false;
                watch.timer = Some(after(interval));
            } else if watch.asked {
                return gone("nobody answered to a ping in time; allow more with `pong_timeout`");
            } else {
                watch.asked = true;
                watch.timer = Some(after(self.options.pong_timeout));
                self.ping = Some(match self.socket.subprotocol {
                    Subprotocol::TransportWs => Message::Text(Subprotocol::ping()),
                    Subprotocol::Legacy => Message::Ping(bytes::Bytes::new()),
                });
                cx.waker().wake_by_ref();
            }
        }
    }
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::Buffer),
        "the operation is larger than what may wait to be sent; allow more with `max_write_buffer`",
    )
}
