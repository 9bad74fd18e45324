//! Schemes as users write them, in a crate of their own.

use http::{HeaderName, HeaderValue, Request};
use std::{fmt, sync::Arc};
use tower_auth_core::{
    AuthError, Authorize, Claim, ErrorKind, Fixed, RequestHead, Scheme, Step, fixed_scheme, scheme,
};

pub(super) static X_ORDER: HeaderName = HeaderName::from_static("x-order");

/// A user's own scheme: appends its letter to `x-order`, and claims nothing, since several do.
#[derive(Clone, Debug)]
pub(super) struct Letter(pub(super) char);

impl Scheme for Letter {
    fixed_scheme!();

    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for Letter {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        let mut order = request
            .headers()
            .get(&X_ORDER)
            .map_or_else(Vec::new, |order| order.as_bytes().to_vec());
        order.extend_from_slice(self.0.encode_utf8(&mut [0; 4]).as_bytes());
        let order = HeaderValue::from_bytes(&order)
            .map_err(|_| AuthError::new(ErrorKind::Request, "no letter for a header"))?;
        request.headers_mut().insert(X_ORDER.clone(), order);
        Ok(())
    }
}

scheme!(key Letter);

/// A scheme or sum of keys whose type is forgotten, so that sums can nest as a file says.
#[derive(Clone)]
pub(super) struct Node(Arc<dyn Put>);

pub(super) trait Put: fmt::Debug {
    fn put(&self, request: &mut Request<()>) -> Result<(), AuthError>;
    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>));
}

impl<A: Scheme<Mode = Fixed> + Authorize<()> + fmt::Debug> Put for A {
    fn put(&self, request: &mut Request<()>) -> Result<(), AuthError> {
        match self.acquire(RequestHead::from(&*request), None) {
            Step::Ready(credentials) => self.authorize(credentials, request).map(drop),
            Step::Wait(_) => Err(AuthError::new(
                ErrorKind::Credentials,
                "a fixed scheme waits",
            )),
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        Scheme::claims(self, visit);
    }
}

impl Node {
    pub(super) fn new(scheme: impl Put + 'static) -> Self {
        Self(Arc::new(scheme))
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scheme for Node {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
    }
}

impl Authorize<()> for Node {
    fn authorize(&self, (): (), request: &mut Request<()>) -> Result<(), AuthError> {
        self.0.put(request)
    }
}

scheme!(key Node);
