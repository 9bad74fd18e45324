//! `Option<A>` is a scheme: credentials that a configuration may or may not have.

use super::{IntoSum, Sum, Term, TermSlot};
use crate::{AuthError, Authorize, Claim, RequestHead, Scheme, Step};
use http::Request;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// `None` adds nothing to a request.
///
/// Goes on the right of `+`, or into [`AuthLayer::new`](crate::AuthLayer::new) to be a layer by itself:
///
/// ```
/// use tower_auth_core::{AuthLayer, Basic, HeaderApiKey};
///
/// let key = std::env::var("API_KEY").ok().map(|key| HeaderApiKey::new(&key)).transpose()?;
/// let sum = Basic::new("user", "password")? + key.clone();
/// let layer = AuthLayer::new(key);
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
impl<A: Scheme> Scheme for Option<A> {
    type Mode = A::Mode;
    type Credentials = Option<A::Credentials>;
    type Sent = Option<A::Sent>;
    type Acquire = AcquireSome<A::Acquire>;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        match self {
            None => Step::Ready(None),
            Some(scheme) => some(scheme.acquire(request, refused.and_then(Option::as_ref))),
        }
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        match self {
            None => Step::Ready(None),
            Some(scheme) => some(scheme.acquire_mut(request)),
        }
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        match (self, sent, next) {
            (Some(scheme), Some(sent), Some(next)) => scheme.is_same(sent, next),
            _ => sent.is_none() && next.is_none(),
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        if let Some(scheme) = self {
            scheme.claims(visit);
        }
    }
}

impl<B, A: Authorize<B>> Authorize<B> for Option<A> {
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        match (self, credentials) {
            (Some(scheme), Some(credentials)) => scheme.authorize(credentials, request).map(Some),
            _ => Ok(None),
        }
    }
}

impl<A: Term> Term for Option<A> {
    type Slot = A::Slot;
}

impl<A: Term> IntoSum for Option<A> {
    type Keys = <A::Slot as TermSlot>::Keys<Self>;
    type Finisher = <A::Slot as TermSlot>::Finisher<Self>;
    type Seal = <A::Slot as TermSlot>::Seal<Self>;

    fn into_sum(self) -> Sum<Self::Keys, Self::Finisher, Self::Seal> {
        <A::Slot as TermSlot>::sum(self)
    }
}

/// Credentials that a request may go without.
pub(crate) fn some<T, F>(step: Step<T, F>) -> Step<Option<T>, AcquireSome<F>> {
    match step {
        Step::Ready(credentials) => Step::Ready(Some(credentials)),
        Step::Wait(acquire) => Step::Wait(AcquireSome { acquire }),
    }
}

pin_project! {
    /// Future of credentials that a request may go without.
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireSome<F> {
        #[pin]
        acquire: F,
    }
}

impl<F, T> Future for AcquireSome<F>
where
    F: Future<Output = Result<T, AuthError>>,
{
    type Output = Result<Option<T>, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project()
            .acquire
            .poll(cx)
            .map(|result| result.map(Some))
    }
}

impl<F> fmt::Debug for AcquireSome<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireSome").finish_non_exhaustive()
    }
}
