//! A scheme that may have to fetch its credentials, while they are at hand.

use super::floors::{self, ORIGIN};
use crate::{Body, BoxError, Calls, Case, Group, InsertLayer, get};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use std::{
    future::Pending,
    sync::{Arc, PoisonError, RwLock},
};
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, RequestHead, Scheme, SchemeExt, Step, replay::Cloned,
    scheme,
};

pub(super) const GROUP: Group = Group::new("deferred", cases);

/// A token that somebody else keeps fresh: what a user's own scheme looks like.
#[derive(Clone, Debug)]
struct Shared(Arc<RwLock<HeaderValue>>);

impl Shared {
    fn new() -> Result<Self, BoxError> {
        let token = floors::value(&floors::bearer())?;
        Ok(Self(Arc::new(RwLock::new(token))))
    }

    fn token(&self) -> HeaderValue {
        let token = self.0.read().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }
}

impl Scheme for Shared {
    type Mode = Deferred;
    type Credentials = HeaderValue;
    type Sent = ();
    type Acquire = Pending<Result<HeaderValue, AuthError>>;

    fn acquire(&self, _: RequestHead<'_>, _: Option<&()>) -> Step<HeaderValue, Self::Acquire> {
        Step::Ready(self.token())
    }

    fn is_same(&self, (): &(), _: &HeaderValue) -> bool {
        false
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Shared {
    fn authorize(&self, token: HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
        request.headers_mut().insert(AUTHORIZATION, token);
        Ok(())
    }
}

scheme!(finisher Shared);

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![
        Case::new(
            "a `Deferred` scheme, token at hand / hand-written, same lock",
            Calls::new(Shared::new()?, get),
            Calls::new(by_hand(Shared::new()?), get),
        ),
        Case::new(
            "the same, `only_to(origin)` / hand-written, same lock, unscoped",
            Calls::new(Shared::new()?.only_to(ORIGIN)?, get),
            Calls::new(by_hand(Shared::new()?), get),
        ),
        Case::new(
            "the same, `replay(Cloned)` / hand-written, same lock, request cloned",
            Calls::new(Shared::new()?.replay(Cloned), get),
            Calls::new(by_hand_with_copy(Shared::new()?), get),
        ),
    ])
}

fn by_hand<B>(shared: Shared) -> InsertLayer<impl Fn(&mut Request<B>) + Clone> {
    InsertLayer(move |request: &mut Request<B>| {
        request.headers_mut().insert(AUTHORIZATION, shared.token());
    })
}

/// Keeps a copy for a second try, and drops it: the response was good.
fn by_hand_with_copy(shared: Shared) -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    InsertLayer(move |request: &mut Request<Body>| {
        let copy = std::hint::black_box(request.clone());
        request.headers_mut().insert(AUTHORIZATION, shared.token());
        drop(copy);
    })
}
