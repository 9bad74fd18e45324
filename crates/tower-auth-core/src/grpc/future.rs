//! What comes back of a call: below the scheme, and above it.

use super::{
    body::GrpcBody,
    observed::Watch,
    status::{answer, is_refusal},
};
use crate::{Error, NotAuthenticated};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// Response future of [`Watched`](super::Watched).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WatchedFuture<F> {
        #[pin]
        inner: F,
        watch: Option<Watch>,
    }
}

impl<F> WatchedFuture<F> {
    pub(super) fn new(inner: F, watch: Option<Watch>) -> Self {
        Self { inner, watch }
    }
}

impl<F, T, E> Future for WatchedFuture<F>
where
    F: Future<Output = Result<Response<T>, E>>,
    T: Body,
{
    type Output = Result<Response<GrpcBody<T>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if is_refusal(response.headers()) {
            // Headers with a status are all that there is (Trailers-Only): the call was answered before it began. A body
            // after them is against the rules, and then nobody knows.
            let mark = if response.body().is_end_stream() {
                NotAuthenticated::not_executed()
            } else {
                NotAuthenticated::maybe_executed()
            };
            response.extensions_mut().insert(mark);
        }
        let watch = this.watch.take();
        Poll::Ready(Ok(response.map(|body| GrpcBody::new(body, watch))))
    }
}

pin_project! {
    /// Response future of a [`GrpcService`](super::GrpcService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct GrpcFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F> GrpcFuture<F> {
    pub(super) fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<F, T, E> Future for GrpcFuture<F>
where
    F: Future<Output = Result<Response<GrpcBody<T>>, Error<E>>>,
{
    type Output = Result<Response<GrpcBody<T>>, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.project().inner.poll(cx)) {
            Err(Error::Auth(error)) => Ok(answer(error)),
            other => other,
        })
    }
}
