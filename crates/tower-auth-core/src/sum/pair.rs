//! Two schemes, one after the other, are a scheme; nothing is one too: the identity of `+`.

use super::AcquireBoth;
use crate::{AuthError, Authorize, Claim, Mode, RequestHead, Scheme, Step};
use http::Request;

impl<A: Scheme, B: Scheme> Scheme for (A, B) {
    type Mode = <A::Mode as Mode>::Join<B::Mode>;
    type Credentials = (A::Credentials, B::Credentials);
    type Sent = (A::Sent, B::Sent);
    type Acquire = AcquireBoth<A::Acquire, A::Credentials, B::Acquire, B::Credentials>;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(
            self.0.acquire(request, refused.map(|sent| &sent.0)),
            self.1.acquire(request, refused.map(|sent| &sent.1)),
        )
    }

    #[inline]
    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(self.0.acquire_mut(request), self.1.acquire_mut(request))
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.0.is_same(&sent.0, &next.0) && self.1.is_same(&sent.1, &next.1)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
        self.1.claims(visit);
    }
}

impl<T, A: Authorize<T>, B: Authorize<T>> Authorize<T> for (A, B) {
    #[inline]
    fn authorize(
        &self,
        (first, second): Self::Credentials,
        request: &mut Request<T>,
    ) -> Result<Self::Sent, AuthError> {
        Ok((
            self.0.authorize(first, request)?,
            self.1.authorize(second, request)?,
        ))
    }
}

impl Scheme for () {
    crate::fixed_scheme!();

    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for () {
    fn authorize(&self, (): (), _: &mut Request<B>) -> Result<(), AuthError> {
        Ok(())
    }
}
