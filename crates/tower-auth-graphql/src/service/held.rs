//! Streams whose head is held back until their first result is judged.

use crate::{Reply, response::Sent};
use http::{Response, response::Parts as Head};
use std::task::{Context, Poll};
use tower_auth_core::NotAuthenticated;

/// A stream, and the head of its answer.
pub(super) struct Held {
    head: Head,
    stream: Stream,
}

enum Stream {
    #[cfg(feature = "incremental")]
    Parts(crate::incremental::Parts),
    #[cfg(feature = "events")]
    Events {
        events: crate::events::Events,
        /// The first event of a subscription may be long in coming.
        wait: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
    },
}

impl Held {
    #[cfg(feature = "incremental")]
    pub(super) fn parts(head: Head, parts: crate::incremental::Parts) -> Self {
        let stream = Stream::Parts(parts);
        Self { head, stream }
    }

    #[cfg(feature = "events")]
    pub(super) fn events(
        head: Head,
        events: crate::events::Events,
        settings: &crate::settings::Settings,
    ) -> Self {
        let wait = settings.first_event;
        let wait = wait.map(|wait| Box::pin(tokio::time::sleep(wait)));
        let stream = Stream::Events { events, wait };
        Self { head, stream }
    }

    /// Waits for the first result, and judges it. What is wrong with it otherwise is said to whoever reads the stream.
    pub(super) fn poll_first(
        &mut self,
        sent: &Sent,
        cx: &mut Context<'_>,
    ) -> Poll<Option<NotAuthenticated>> {
        match &mut self.stream {
            #[cfg(feature = "incremental")]
            Stream::Parts(parts) => parts.poll_first(cx).map(|first| {
                let mut first = crate::response::parse(&first?, false).ok()?;
                parts.judge().inspect(&mut first, sent)
            }),
            #[cfg(feature = "events")]
            Stream::Events { events, wait } => {
                let Some(wait) = wait else {
                    return Poll::Ready(None);
                };
                match events.poll_first(sent, cx) {
                    Poll::Pending => wait.as_mut().poll(cx).map(|()| None),
                    first => first,
                }
            }
        }
    }

    /// Whether nothing but its own time-out limits the wait for the first result.
    pub(super) fn may_wait(&self) -> bool {
        match &self.stream {
            #[cfg(feature = "incremental")]
            Stream::Parts(_) => false,
            #[cfg(feature = "events")]
            Stream::Events { .. } => true,
        }
    }

    /// The answer, with everything that was read of it.
    pub(super) fn release(mut self, mark: Option<NotAuthenticated>) -> Response<Reply> {
        if let Some(mark) = mark {
            self.head.extensions.insert(mark);
        }
        let reply = match self.stream {
            #[cfg(feature = "incremental")]
            Stream::Parts(parts) => Reply::Stream(parts),
            #[cfg(feature = "events")]
            Stream::Events { events, .. } => Reply::Events(events),
        };
        Response::from_parts(self.head, reply)
    }
}
