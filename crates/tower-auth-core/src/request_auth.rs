//! Request extensions by which one request says how it is to be authenticated.

use crate::{AuthError, Authorize, Instant, RequestHead, Scheme, Step};
use http::Request;
use std::{fmt, sync::Arc};

/// A request extension that keeps every credential off this request.
///
/// A convenience, not a wall: tower-http's `FollowRedirect` drops extensions when a redirect leads to another origin.
/// Limit a layer with [`only_to`](crate::SchemeExt::only_to).
///
/// ```
/// use http::Request;
/// use tower_auth_core::NoAuth;
///
/// let request = Request::get("https://api.example.com/health").extension(NoAuth).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoAuth;

/// A request extension with the credentials of this one request, used *instead of everything* that the layers below
/// would have added.
///
/// One client can so serve many users. The scope of the layer still holds: out of scope nothing is sent, and nothing
/// goes out in the clear. Any sum of schemes whose credentials are fixed will do.
///
/// ```
/// use http::Request;
/// use tower_auth_core::{Bearer, HeaderApiKey, RequestAuth};
///
/// let user = RequestAuth::new(Bearer::new("token-of-alice")? + HeaderApiKey::new("app-key")?);
/// let request = Request::get("https://api.example.com/me").extension(user).body(())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RequestAuth(Arc<dyn Apply + Send + Sync>);

impl RequestAuth {
    /// These credentials.
    pub fn new<A>(scheme: A) -> Self
    where
        A: Scheme<Mode = Instant> + Authorize<()> + fmt::Debug + Send + Sync + 'static,
    {
        Self(Arc::new(scheme))
    }

    pub(crate) fn apply<B>(&self, request: Request<B>) -> Result<Request<B>, AuthError> {
        let (parts, body) = request.into_parts();
        let mut request = Request::from_parts(parts, ());
        self.0.apply(&mut request)?;
        Ok(request.map(|()| body))
    }
}

impl fmt::Debug for RequestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestAuth").field(&self.0).finish()
    }
}

trait Apply: fmt::Debug {
    fn apply(&self, request: &mut Request<()>) -> Result<(), AuthError>;
}

impl<A> Apply for A
where
    A: Scheme<Mode = Instant> + Authorize<()> + fmt::Debug,
{
    fn apply(&self, request: &mut Request<()>) -> Result<(), AuthError> {
        authorize_now(self, request)
    }
}

/// Both halves of a scheme whose credentials are at hand.
pub(crate) fn authorize_now<A: Authorize<B>, B>(
    scheme: &A,
    request: &mut Request<B>,
) -> Result<(), AuthError> {
    match scheme.acquire(RequestHead::from(&*request)) {
        Step::Ready(credentials) => scheme.authorize(&credentials, request),
        // A scheme of somebody else's that breaks the contract of its mode costs one request, not the process.
        Step::Wait(_) => Err(AuthError::new(
            crate::ErrorKind::Credentials,
            "the scheme has to wait for its credentials although its mode is `Instant`; make it `Deferred`",
        )),
    }
}
