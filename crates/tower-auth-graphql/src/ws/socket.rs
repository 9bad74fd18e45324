//! An open connection.

use super::Subprotocol;
use crate::{AuthDetector, BoxError, Closed, Error, ErrorKind, Limit};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::Instant;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, protocol::CloseFrame},
};

/// A WebSocket on which the server has acknowledged a connection.
pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    pub(super) subprotocol: Subprotocol,
    /// When its credentials are about to end.
    pub(super) renew_at: Option<Instant>,
    /// How errors say that authentication failed.
    pub(super) detector: AuthDetector,
}

impl Socket {
    pub(super) fn new(
        stream: WebSocketStream<TokioIo<Upgraded>>,
        subprotocol: Subprotocol,
        detector: AuthDetector,
    ) -> Self {
        Self {
            stream,
            subprotocol,
            renew_at: None,
            detector,
        }
    }

    /// The protocol that the server picked.
    pub fn subprotocol(&self) -> Subprotocol {
        self.subprotocol
    }

    /// Whether another message can be taken.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_ready(cx).map_err(failed)
    }

    /// Takes a message, after `poll_ready`.
    pub(super) fn start(&mut self, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.stream)
            .start_send(message)
            .map_err(failed)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(failed)
    }

    /// The next message. A connection that ends without a close frame is an error.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        Pin::new(&mut self.stream)
            .poll_next(cx)
            .map(|message| match message {
                Some(message) => message.map_err(failed),
                None => Err(Error::of_closed(Closed::dropped())),
            })
    }

    pub(super) async fn send(&mut self, message: Message) -> Result<(), Error> {
        poll_fn(|cx| self.poll_ready(cx)).await?;
        self.start(message)?;
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub(super) async fn receive(&mut self) -> Result<Message, Error> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Says goodbye, and waits until the other side does so too: what it still sends would otherwise be answered with a
    /// reset, which takes the goodbye with it. Whether anybody hears it does not matter.
    pub(super) async fn part(&mut self, reason: &'static str) {
        let parted = async {
            self.close(1000, reason).await;
            while !matches!(self.receive().await, Err(_) | Ok(Message::Close(_))) {}
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), parted).await;
    }

    /// Says goodbye. Whether anybody hears it does not matter.
    pub(super) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        let goodbye = self.send(Message::Close(Some(frame)));
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), goodbye).await;
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}

/// What a close frame says.
pub(super) fn over(frame: Option<CloseFrame>) -> Closed {
    match frame {
        Some(frame) => Closed::new(u16::from(frame.code), frame.reason.as_str()),
        None => Closed::new(1005, ""),
    }
}

fn failed(error: tungstenite::Error) -> Error {
    match &error {
        tungstenite::Error::Capacity(_) => Error::new(
            ErrorKind::Limit(Limit::PartSize),
            "a message is larger than the limit; raise it with `max_message_size`",
        ),
        tungstenite::Error::WriteBufferFull(_) => Error::new(
            ErrorKind::Limit(Limit::Buffer),
            "more waits to be sent than the limit; raise it with `max_write_buffer`",
        ),
        tungstenite::Error::Protocol(protocol) if !is_cut_off(protocol) => {
            Error::protocol("the server does not keep to the WebSocket protocol")
        }
        tungstenite::Error::Utf8(_) | tungstenite::Error::AttackAttempt => {
            Error::protocol("the server sent a message that is no text")
        }
        _ => return lost(error),
    }
    .with_source(error)
}

fn is_cut_off(error: &tungstenite::error::ProtocolError) -> bool {
    matches!(
        error,
        tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
    )
}

/// A connection that was lost.
pub(super) fn lost(error: impl Into<BoxError>) -> Error {
    Error::of_closed(Closed::dropped()).with_source(error)
}
