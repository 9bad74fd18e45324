//! A scheme that can be told of a refusal after the answer was handed out.

use crate::{
    AuthError, Authorize, Claim, Deferred, NotAuthenticated, Observe, RequestHead, ResponseHead,
    Scheme, Step, Verdict,
};
use http::{Extensions, HeaderMap, Request, StatusCode};
use std::{fmt, sync::Arc};

/// The scheme of a [`GrpcLayer`](super::GrpcLayer): another one, of which the trailers of an answer can be told.
///
/// What it keeps of a call in flight goes along with the request, as an extension, and the service below takes it.
#[derive(Clone, Debug)]
pub struct Observed<A>(pub(super) A);

/// What an [`Observed`] scheme keeps of a call in flight.
#[derive(Debug)]
pub struct SentObserved<T>(Arc<T>);

/// The same, of whatever type: the extension.
#[derive(Clone)]
pub(super) struct Watch(Arc<dyn Observe + Send + Sync>);

impl Watch {
    /// The trailers refuse the credentials. It is too late for the call, and not for the next one.
    pub(super) fn refused(&self, trailers: &HeaderMap) {
        let mut extensions = Extensions::new();
        extensions.insert(NotAuthenticated::maybe_executed());
        let _: Verdict = self.0.observe(ResponseHead {
            status: StatusCode::OK,
            headers: trailers,
            extensions: &extensions,
        });
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl<T: Observe> Observe for SentObserved<T> {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        self.0.observe(response)
    }
}

impl<A> Scheme for Observed<A>
where
    A: Scheme<Sent: Send + Sync + 'static>,
{
    type Mode = Deferred; // there is something to observe, whatever the scheme makes of it
    type Credentials = A::Credentials;
    type Sent = SentObserved<A::Sent>;
    type Acquire = A::Acquire;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        self.0.acquire(request, refused.map(|sent| &*sent.0))
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.0.acquire_mut(request)
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.0.is_same(&sent.0, next)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
    }
}

impl<B, A> Authorize<B> for Observed<A>
where
    A: Authorize<B, Sent: Send + Sync + 'static>,
{
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        let sent = Arc::new(self.0.authorize(credentials, request)?);
        request.extensions_mut().insert(Watch(sent.clone()));
        Ok(SentObserved(sent))
    }
}
