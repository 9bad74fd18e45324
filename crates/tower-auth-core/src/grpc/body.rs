//! The body of an answer, whose trailers may say that the credentials were refused.

use super::{observed::Watch, status::is_refusal};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The body of an answer: that of the client below, or none where a call was not sent.
    ///
    /// The scheme is told of trailers that refuse its credentials. Nothing else is done, and nothing is kept.
    #[derive(Debug)]
    pub struct GrpcBody<T> {
        #[pin]
        inner: Option<T>,
        watch: Option<Watch>,
    }
}

impl<T> GrpcBody<T> {
    pub(super) fn new(inner: T, watch: Option<Watch>) -> Self {
        let inner = Some(inner);
        Self { inner, watch }
    }

    pub(super) fn empty() -> Self {
        Self {
            inner: None,
            watch: None,
        }
    }
}

impl<T: Body> Body for GrpcBody<T> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<T::Data>, T::Error>>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let frame = ready!(inner.poll_frame(cx));
        let trailers = match &frame {
            Some(Ok(frame)) => frame.trailers_ref(),
            _ => None,
        };
        if let (Some(trailers), Some(watch)) = (trailers.filter(|t| is_refusal(t)), &this.watch) {
            watch.refused(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) => inner.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
