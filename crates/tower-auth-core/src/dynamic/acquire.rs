//! Waiting for the credentials of several schemes at once.

use super::{
    AllCredentials,
    erased::{AnyCredentials, BoxFuture},
};
use crate::AuthError;
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

/// Gets hold of the credentials of several schemes, side by side. The first error ends it.
#[must_use = "futures do nothing unless polled"]
pub struct AcquireAll {
    pub(super) ready: Vec<AnyCredentials>,
    pub(super) waiting: Vec<(usize, BoxFuture<AnyCredentials>)>,
}

impl Future for AcquireAll {
    type Output = Result<AllCredentials, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut failed = None;
        this.waiting.retain_mut(|(index, future)| {
            match future.as_mut().poll(cx) {
                Poll::Pending => return true,
                Poll::Ready(Ok(credentials)) => this.ready[*index] = credentials,
                Poll::Ready(Err(error)) => failed = Some(error),
            }
            false
        });
        match failed {
            Some(error) => Poll::Ready(Err(error)),
            None if this.waiting.is_empty() => {
                Poll::Ready(Ok(AllCredentials(mem::take(&mut this.ready))))
            }
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for AcquireAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireAll").finish_non_exhaustive()
    }
}
