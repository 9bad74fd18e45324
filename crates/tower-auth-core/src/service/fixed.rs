//! The service of schemes whose credentials are always at hand.

use super::access_inner;
use crate::{
    AuthError, Authorize, BoxError, Error,
    error::inner,
    request_auth::{authorize_given, authorize_now},
    scope::{Decision, Scope},
};
use http::Request;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_service::Service;

/// Puts credentials on requests that never change. See [`Fixed`](crate::Fixed).
///
/// Allocates nothing of its own, does not ask the inner service to be `Clone`, and its response future is as large as
/// the inner one's (where that has room to say that there is an error instead).
#[derive(Clone, Debug)]
pub struct FixedAuth<S, A> {
    pub(crate) inner: S,
    pub(crate) scheme: A,
    pub(crate) scope: Scope,
}

impl<S, A> FixedAuth<S, A> {
    access_inner!();
}

impl<S, A, B> Service<Request<B>> for FixedAuth<S, A>
where
    S: Service<Request<B>, Error: Into<BoxError>>,
    A: Authorize<B>,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = FixedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(inner)
    }

    #[inline(never)] // what it is inlined into copies the request once more
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let authorized = match self.scope.decide(&request) {
            Ok(Decision::Authorize) => authorize_now(&self.scheme, &mut request),
            Ok(Decision::Pass) => Ok(()),
            Ok(Decision::Given) => authorize_given(&mut request),
            Err(error) => Err(error),
        };
        match authorized {
            Ok(()) => FixedFuture::sent(self.inner.call(request)),
            Err(error) => FixedFuture::unsent(error),
        }
    }
}

pin_project! {
    /// Response future of [`FixedAuth`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct FixedFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProj]
    enum State<F> {
        Sent { #[pin] future: F },
        Unsent { error: Option<AuthError> },
    }
}

impl<F> FixedFuture<F> {
    fn sent(future: F) -> Self {
        Self {
            state: State::Sent { future },
        }
    }

    fn unsent(error: AuthError) -> Self {
        Self {
            state: State::Unsent { error: Some(error) },
        }
    }
}

impl<F, T, E> Future for FixedFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Sent { future } => future.poll(cx).map_err(inner),
            StateProj::Unsent { error } => Poll::Ready(Err(Error::Auth(
                error.take().expect("polled after completion"),
            ))),
        }
    }
}
