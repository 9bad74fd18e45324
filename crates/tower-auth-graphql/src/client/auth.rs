//! How a client uses a scheme: the caller's headers win, and what can be renewed is replayed.

use crate::{Body, service::Pinned};
use http::{Extensions, Request, Uri};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_auth_core::{
    AuthError, AuthLayer, Authorize, Claim, Deferred, Fixed, Observe, Origin, RequestHead,
    ResponseHead, Scheme, Step, Verdict, replay::Replay,
};

/// Which layer a client makes of a scheme: one that replays when credentials can be renewed.
pub trait AuthMode: Sized {
    /// The layer.
    type Layer<A: Scheme<Mode = Self>>;

    /// A scheme as the layer of a client of this endpoint.
    ///
    /// # Errors
    ///
    /// When it has no origin, or one where credentials may not go.
    fn layer<A: Scheme<Mode = Self>>(
        scheme: A,
        endpoint: &Uri,
        plaintext: bool,
    ) -> Result<Self::Layer<CallerFirst<A>>, AuthError>;
}

fn scoped<A: Scheme>(
    scheme: A,
    endpoint: &Uri,
    plaintext: bool,
) -> Result<AuthLayer<CallerFirst<A>>, AuthError> {
    let layer = AuthLayer::new(CallerFirst(scheme));
    let layer = if plaintext {
        layer.danger_allow_plaintext()
    } else {
        layer
    };
    // As a text, so that an endpoint that no credentials may go to is refused here, and not with every request.
    layer.only_to(&*Origin::of(endpoint)?.to_string())
}

impl AuthMode for Fixed {
    type Layer<A: Scheme<Mode = Self>> = AuthLayer<A>;

    fn layer<A: Scheme<Mode = Self>>(
        scheme: A,
        endpoint: &Uri,
        plaintext: bool,
    ) -> Result<AuthLayer<CallerFirst<A>>, AuthError> {
        scoped(scheme, endpoint, plaintext)
    }
}

impl AuthMode for Deferred {
    type Layer<A: Scheme<Mode = Self>> = AuthLayer<A, Replay<fn(&Body) -> Option<Body>>>;

    fn layer<A: Scheme<Mode = Self>>(
        scheme: A,
        endpoint: &Uri,
        plaintext: bool,
    ) -> Result<Self::Layer<CallerFirst<A>>, AuthError> {
        Ok(scoped(scheme, endpoint, plaintext)?.replay(Body::try_clone as fn(&Body) -> _))
    }
}

/// A scheme that stands back when the caller gave one of its headers on the request or the call.
///
/// The bottom service puts the caller's headers back in place. What is left to do here: when the caller gave *all* that
/// the scheme writes, it need not fetch anything; and when the caller gave some of it, a refusal says nothing of the
/// scheme's own credentials.
#[derive(Clone, Debug)]
pub struct CallerFirst<A>(A);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Given {
    Nothing,
    Some,
    All,
}

fn given(scheme: &impl Scheme, extensions: &Extensions) -> Given {
    let Some(pinned) = extensions.get::<Pinned>() else {
        return Given::Nothing;
    };
    let (mut all, mut some) = (true, false);
    scheme.claims(&mut |claim| match claim {
        Claim::Header(name) if pinned.headers.contains_key(name) => some = true,
        _ => all = false,
    });
    match (some, all) {
        (false, _) => Given::Nothing,
        (true, false) => Given::Some,
        (true, true) => Given::All,
    }
}

impl<A: Scheme> Scheme for CallerFirst<A> {
    type Mode = A::Mode;
    /// The scheme's own, and whether they are all that was sent; `None` when the caller gave everything.
    type Credentials = Option<(A::Credentials, bool)>;
    type Sent = Option<SentRest<A::Sent>>;
    type Acquire = AcquireRest<A::Acquire>;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        match given(&self.0, request.extensions) {
            Given::All => Step::Ready(None),
            given => {
                let refused = refused.and_then(Option::as_ref).map(|rest| &rest.sent);
                rest(self.0.acquire(request, refused), given == Given::Nothing)
            }
        }
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        match given(&self.0, request.extensions) {
            Given::All => Step::Ready(None),
            given => rest(self.0.acquire_mut(request), given == Given::Nothing),
        }
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        match (sent, next) {
            (Some(sent), Some((next, _))) => self.0.is_same(&sent.sent, next),
            _ => true,
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
    }
}

impl<B, A: Authorize<B>> Authorize<B> for CallerFirst<A> {
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        let Some((credentials, whole)) = credentials else {
            return Ok(None);
        };
        let sent = self.0.authorize(credentials, request)?;
        Ok(Some(SentRest { sent, whole }))
    }
}

/// What the scheme keeps, and whether its credentials were all that was sent.
#[derive(Clone, Debug)]
pub struct SentRest<T> {
    sent: T,
    whole: bool,
}

impl<T: Observe> Observe for SentRest<T> {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        if self.whole {
            self.sent.observe(response)
        } else {
            Verdict::Accepted
        }
    }
}

fn rest<T, F>(step: Step<T, F>, whole: bool) -> Step<Option<(T, bool)>, AcquireRest<F>> {
    match step {
        Step::Ready(credentials) => Step::Ready(Some((credentials, whole))),
        Step::Wait(acquire) => Step::Wait(AcquireRest { acquire, whole }),
    }
}

pin_project! {
    /// Gets hold of the credentials that the caller did not give.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireRest<F> {
        #[pin]
        acquire: F,
        whole: bool,
    }
}

impl<F, T> Future for AcquireRest<F>
where
    F: Future<Output = Result<T, AuthError>>,
{
    type Output = Result<Option<(T, bool)>, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let credentials = ready!(this.acquire.poll(cx))?;
        Poll::Ready(Ok(Some((credentials, *this.whole))))
    }
}
