//! Answers that may be compressed.

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_http::decompression::{Decompression, DecompressionBody, ResponseFuture};
use tower_service::Service;

/// An HTTP client that asks for compressed answers (gzip, deflate), and unpacks them. See
/// [`ClientBuilder::build_compressed`](crate::ClientBuilder::build_compressed).
#[derive(Clone, Debug)]
pub struct Unpack<C>(Decompression<C>);

impl<C> Unpack<C> {
    /// Unpacks what this client answers with.
    pub fn new(inner: C) -> Self {
        Self(Decompression::new(inner))
    }
}

impl<C, B, RB> Service<Request<B>> for Unpack<C>
where
    C: Service<Request<B>, Response = Response<RB>>,
    B: Body,
    RB: Body,
{
    type Response = Response<Unpacked<RB>>;
    type Error = C::Error;
    type Future = Unpacking<C::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        Service::<Request<B>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Unpacking {
            future: self.0.call(request),
        }
    }
}

pin_project! {
    /// Response future of [`Unpack`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Unpacking<F> {
        #[pin]
        future: ResponseFuture<F>,
    }
}

impl<F, RB, E> Future for Unpacking<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    RB: Body,
{
    type Output = Result<Response<Unpacked<RB>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().future.poll(cx))?;
        Poll::Ready(Ok(response.map(|body| Unpacked { body })))
    }
}

impl<F> fmt::Debug for Unpacking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacking").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of an answer, unpacked as it is read.
    pub struct Unpacked<RB: Body> {
        #[pin]
        body: DecompressionBody<RB>,
    }
}

impl<RB> Body for Unpacked<RB>
where
    RB: Body<Error: Into<crate::BoxError>>,
{
    type Data = Bytes;
    type Error = crate::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<RB: Body> fmt::Debug for Unpacked<RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacked").finish_non_exhaustive()
    }
}
