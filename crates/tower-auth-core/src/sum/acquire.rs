//! Waiting for the credentials of two schemes at once.

use crate::{AuthError, Step};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// Gets hold of two credentials, side by side. The first error ends it.
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireBoth<F, T, G, U> {
        #[pin]
        left: Half<F, T>,
        #[pin]
        right: Half<G, U>,
    }
}

pin_project! {
    #[project = HalfProj]
    #[project_replace = HalfOwned]
    enum Half<F, T> {
        Wait { #[pin] future: F },
        Done { credentials: T },
        Taken,
    }
}

impl<F, T, G, U> AcquireBoth<F, T, G, U> {
    pub(super) fn start(left: Step<T, F>, right: Step<U, G>) -> Step<(T, U), Self> {
        match (left, right) {
            (Step::Ready(left), Step::Ready(right)) => Step::Ready((left, right)),
            (left, right) => Step::Wait(Self {
                left: left.into(),
                right: right.into(),
            }),
        }
    }
}

impl<F, T> From<Step<T, F>> for Half<F, T> {
    fn from(step: Step<T, F>) -> Self {
        match step {
            Step::Ready(credentials) => Self::Done { credentials },
            Step::Wait(future) => Self::Wait { future },
        }
    }
}

impl<F: Future<Output = Result<T, AuthError>>, T> Half<F, T> {
    fn poll_done(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), AuthError>> {
        if let HalfProj::Wait { future } = self.as_mut().project() {
            let credentials = ready!(future.poll(cx))?;
            self.set(Self::Done { credentials });
        }
        Poll::Ready(Ok(()))
    }

    fn take(self: Pin<&mut Self>) -> T {
        match self.project_replace(Self::Taken) {
            HalfOwned::Done { credentials } => credentials,
            _ => panic!("polled after completion"),
        }
    }
}

impl<F, T, G, U> Future for AcquireBoth<F, T, G, U>
where
    F: Future<Output = Result<T, AuthError>>,
    G: Future<Output = Result<U, AuthError>>,
{
    type Output = Result<(T, U), AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // Both are polled before either is waited for.
        let left = this.left.as_mut().poll_done(cx)?;
        let right = this.right.as_mut().poll_done(cx)?;
        ready!(left);
        ready!(right);
        Poll::Ready(Ok((this.left.take(), this.right.take())))
    }
}

impl<F, T, G, U> fmt::Debug for AcquireBoth<F, T, G, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireBoth").finish_non_exhaustive()
    }
}
