//! A body of messages that are signed while they are sent.

use super::events::EventSigner;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};
use tower_auth_core::{AuthError, Clock};

pin_project! {
    /// A body whose every frame is one encoded message of an event stream. With [`EventStream`](crate::EventStream) each
    /// is wrapped into a message that signs it, and an empty one closes the stream.
    ///
    /// Until its request is signed it is the body inside.
    pub struct EventSigned<B> {
        #[pin]
        inner: B,
        state: State,
    }
}

enum State {
    Plain,
    Signing {
        signer: Box<EventSigner>,
        clock: Clock,
        ahead: i64,
    },
    Ended,
}

impl<B: Body> EventSigned<B> {
    /// Around a body of encoded messages, one in each frame.
    pub fn new(inner: B) -> Self {
        Self {
            inner,
            state: State::Plain,
        }
    }

    pub(crate) fn arm(&mut self, signer: EventSigner, clock: Clock, ahead: i64) {
        self.state = State::Signing {
            signer: Box::new(signer),
            clock,
            ahead,
        };
    }
}

/// The time as the server has it.
pub(crate) fn server_time(clock: &Clock, ahead: i64) -> SystemTime {
    let now = clock.now();
    let by = Duration::from_secs(ahead.unsigned_abs());
    let time = if ahead < 0 {
        now.checked_sub(by)
    } else {
        now.checked_add(by)
    };
    time.unwrap_or(now)
}

impl<B: Body> Body for EventSigned<B> {
    type Data = Bytes;
    type Error = EventError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut this = self.project();
        loop {
            if matches!(this.state, State::Ended) {
                return Poll::Ready(None);
            }
            let frame = ready!(this.inner.as_mut().poll_frame(cx))
                .transpose()
                .map_err(EventError::Body)?;
            let bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
            let State::Signing {
                signer,
                clock,
                ahead,
            } = this.state
            else {
                return Poll::Ready(frame.map(|frame| Ok(frame.map_data(bytes))));
            };
            let payload = match frame {
                Some(frame) => match frame.into_data() {
                    // An empty message would close the stream.
                    Ok(data) if data.has_remaining() => bytes(data),
                    _ => continue,
                },
                None => Bytes::new(),
            };
            let message = signer
                .wrap(server_time(clock, *ahead), &payload)
                .map_err(EventError::Signature)?;
            if payload.is_empty() {
                *this.state = State::Ended;
            }
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Plain => self.inner.is_end_stream(),
            State::Signing { .. } => false,
            State::Ended => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Plain => self.inner.size_hint(),
            State::Signing { .. } => SizeHint::default(),
            State::Ended => SizeHint::with_exact(0),
        }
    }
}

impl<B> fmt::Debug for EventSigned<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigned").finish_non_exhaustive()
    }
}

/// Why an event stream could not be sent to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventError<E> {
    /// The body inside failed.
    Body(E),
    /// A message could not be signed.
    Signature(AuthError),
}

impl<E: fmt::Display> fmt::Display for EventError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Signature(error) => error.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for EventError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Body(error) => error.source(),
            Self::Signature(error) => error.source(),
        }
    }
}
