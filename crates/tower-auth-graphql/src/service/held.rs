//! Answers whose head is held back until it is known what they are worth: streams whose first result is judged, and
//! sockets that the server has to acknowledge.

#[cfg(any(feature = "events", feature = "multipart", feature = "ws"))]
use crate::settings::Settings;
use crate::{Error, Reply, response::Sent};
use http::{Response, response::Parts as Head};
use std::task::{Context, Poll};
#[cfg(any(feature = "events", feature = "multipart", feature = "ws"))]
use std::{future::Future, pin::Pin};
use tower_auth_core::NotAuthenticated;

/// A stream, and the head of its answer.
pub(super) struct Held {
    head: Head,
    what: What,
}

type First = Poll<Result<Option<NotAuthenticated>, Error>>;

enum What {
    #[cfg(feature = "incremental")]
    Parts(Box<crate::incremental::Parts>),
    #[cfg(any(feature = "events", feature = "multipart"))]
    Results {
        results: Box<dyn Judged>,
        /// The first result of a subscription may be long in coming.
        wait: Option<Pin<Box<tokio::time::Sleep>>>,
    },
    #[cfg(feature = "ws")]
    Opening(Pin<Box<dyn Future<Output = Result<crate::ws::Socket, Error>> + Send>>),
    #[cfg(feature = "ws")]
    Open(Box<Reply>),
}

/// Results, whatever they are taken out of.
#[cfg(any(feature = "events", feature = "multipart"))]
trait Judged: Send {
    fn poll_first(&mut self, sent: &Sent, cx: &mut Context<'_>) -> Poll<Option<NotAuthenticated>>;
    fn release(self: Box<Self>) -> crate::Subscription;
}

#[cfg(any(feature = "events", feature = "multipart"))]
impl<P: crate::subscription::Pushed + 'static> Judged for crate::subscription::Results<P> {
    fn poll_first(&mut self, sent: &Sent, cx: &mut Context<'_>) -> Poll<Option<NotAuthenticated>> {
        self.poll_first(sent, cx)
    }

    fn release(self: Box<Self>) -> crate::Subscription {
        crate::Subscription::new(*self)
    }
}

impl Held {
    #[cfg(feature = "incremental")]
    pub(super) fn parts(head: Head, parts: crate::incremental::Parts) -> Self {
        let what = What::Parts(Box::new(parts));
        Self { head, what }
    }

    #[cfg(any(feature = "events", feature = "multipart"))]
    pub(super) fn results<P: crate::subscription::Pushed + 'static>(
        head: Head,
        results: crate::subscription::Results<P>,
        settings: &Settings,
    ) -> Self {
        let wait = settings.first_event;
        let what = What::Results {
            results: Box::new(results),
            wait: wait.map(|wait| Box::pin(tokio::time::sleep(wait))),
        };
        Self { head, what }
    }

    #[cfg(feature = "ws")]
    pub(super) fn socket(
        mut head: Head,
        opening: super::future::Opening,
        settings: &Settings,
    ) -> Self {
        let mut handshake = opening.handshake;
        handshake.message_size = settings.part_size;
        let mut answer = Response::new(());
        std::mem::swap(answer.extensions_mut(), &mut head.extensions);
        *answer.status_mut() = head.status;
        *answer.headers_mut() = head.headers.clone();
        let (answer, ()) = answer.into_parts();
        let open = handshake.open(
            answer,
            opening.headers,
            opening.elsewhere,
            settings.detector.clone(),
        );
        let what = What::Opening(Box::pin(open));
        Self { head, what }
    }

    /// Waits for the first result, and judges it. What is wrong with it otherwise is said to whoever reads the stream.
    pub(super) fn poll_first(&mut self, sent: &Sent, cx: &mut Context<'_>) -> First {
        let _ = sent; // a socket has no first result
        match &mut self.what {
            #[cfg(feature = "incremental")]
            What::Parts(parts) => parts.poll_first(cx).map(|first| {
                let first = first.and_then(|json| crate::response::parse(&json, false).ok());
                Ok(first.and_then(|mut first| parts.judge().inspect(&mut first, sent)))
            }),
            #[cfg(any(feature = "events", feature = "multipart"))]
            What::Results { results, wait } => {
                let Some(wait) = wait else {
                    return Poll::Ready(Ok(None));
                };
                match results.poll_first(sent, cx) {
                    Poll::Pending => wait.as_mut().poll(cx).map(|()| Ok(None)),
                    first => first.map(Ok),
                }
            }
            #[cfg(feature = "ws")]
            What::Opening(opening) => {
                let opened = std::task::ready!(opening.as_mut().poll(cx));
                let (reply, mark) = match opened {
                    Ok(socket) => (Reply::Socket(Box::new(socket)), None),
                    Err(error) if error.is_refused() => {
                        let mark = NotAuthenticated::not_executed();
                        (Reply::NotGraphQl(error), Some(mark))
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                };
                self.what = What::Open(Box::new(reply));
                Poll::Ready(Ok(mark))
            }
            #[cfg(feature = "ws")]
            What::Open(_) => Poll::Ready(Ok(None)),
        }
    }

    /// Whether nothing but its own time-out limits the wait.
    pub(super) fn may_wait(&self) -> bool {
        match &self.what {
            #[cfg(any(feature = "events", feature = "multipart"))]
            What::Results { .. } => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The answer, with everything that was read of it.
    pub(super) fn release(mut self, mark: Option<NotAuthenticated>) -> Response<Reply> {
        if let Some(mark) = mark {
            self.head.extensions.insert(mark);
        }
        let reply = match self.what {
            #[cfg(feature = "incremental")]
            What::Parts(parts) => Reply::Stream(*parts),
            #[cfg(any(feature = "events", feature = "multipart"))]
            What::Results { results, .. } => Reply::Subscription(results.release()),
            #[cfg(feature = "ws")]
            What::Opening(_) => Reply::NotGraphQl(Error::protocol("the socket was not waited for")),
            #[cfg(feature = "ws")]
            What::Open(reply) => *reply,
        };
        Response::from_parts(self.head, reply)
    }
}
