//! Credentials that the caller set come first.

use crate::{
    AuthError, Authorize, Claim, RequestHead, Scheme, Step, query,
    sum::{AcquireSome, Term, some},
};
use http::Request;

/// A scheme that leaves a request alone which already carries what it would write.
///
/// From [`keep_existing`](crate::SchemeExt::keep_existing). The request then goes out as it is: no credentials are
/// fetched for it, and a refusal says nothing about the scheme's own.
///
/// ```
/// use tower_auth_core::{Bearer, HeaderApiKey, SchemeExt};
///
/// // The key always; the token unless the caller brings an `Authorization` of its own.
/// let sum = HeaderApiKey::new("key")? + Bearer::new("token")?.keep_existing();
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeepExisting<A>(A);

impl<A> KeepExisting<A> {
    pub(crate) fn new(scheme: A) -> Self {
        Self(scheme)
    }
}

impl<A: Scheme> Scheme for KeepExisting<A> {
    type Mode = A::Mode;
    type Credentials = Option<A::Credentials>;
    type Sent = Option<A::Sent>;
    type Acquire = AcquireSome<A::Acquire>;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        if exists(&self.0, request) {
            Step::Ready(None)
        } else {
            let refused = refused.and_then(Option::as_ref);
            some(self.0.acquire(request, refused))
        }
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        if exists(&self.0, request) {
            Step::Ready(None)
        } else {
            some(self.0.acquire_mut(request))
        }
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        match (sent, next) {
            (Some(sent), Some(next)) => self.0.is_same(sent, next),
            _ => sent.is_none() && next.is_none(),
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
    }
}

impl<B, A: Authorize<B>> Authorize<B> for KeepExisting<A> {
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        match credentials {
            Some(credentials) => self.0.authorize(credentials, request).map(Some),
            None => Ok(None),
        }
    }
}

/// Whether the request carries already what the scheme would write.
fn exists(scheme: &impl Scheme, request: RequestHead<'_>) -> bool {
    let mut exists = false;
    scheme.claims(&mut |claim| {
        exists |= match claim {
            Claim::Header(name) => request.headers.contains_key(name),
            Claim::Query(name) => query::contains(request.uri, name),
        };
    });
    exists
}

crate::scheme!(slot(<A as Term>::Slot) [A: Term] KeepExisting<A>);
