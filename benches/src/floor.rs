//! The floor: what somebody would write by hand who needs just these headers.

use http::Request;
use std::{
    fmt,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Changes requests by a closure, and returns the inner service's future.
#[derive(Clone)]
pub struct Insert<S, F> {
    inner: S,
    change: F,
}

impl<S, F, B> Service<Request<B>> for Insert<S, F>
where
    S: Service<Request<B>>,
    F: Fn(&mut Request<B>),
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        (self.change)(&mut request);
        self.inner.call(request)
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Insert<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insert")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// The layer of [`Insert`].
#[derive(Clone)]
pub struct InsertLayer<F>(pub F);

impl<S, F: Clone> Layer<S> for InsertLayer<F> {
    type Service = Insert<S, F>;

    fn layer(&self, inner: S) -> Insert<S, F> {
        Insert {
            inner,
            change: self.0.clone(),
        }
    }
}

impl<F> fmt::Debug for InsertLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsertLayer").finish_non_exhaustive()
    }
}
