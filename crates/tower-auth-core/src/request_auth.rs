//! Request extensions by which one request says how it is to be authenticated.

use crate::{AuthError, Authorize, Fixed, RequestHead, Scheme, Step};
use http::Request;
use std::{fmt, mem, sync::Arc};

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
        A: Scheme<Mode = Fixed> + Authorize<()> + fmt::Debug + Send + Sync + 'static,
    {
        Self(Arc::new(scheme))
    }
}

/// Puts the credentials that a request brings on it.
#[inline(never)]
pub(crate) fn authorize_given<B>(request: &mut Request<B>) -> Result<(), AuthError> {
    match request.extensions().get::<RequestAuth>().cloned() {
        Some(given) => {
            // The scheme knows nothing of `B`: it gets the head, and the body stays where it is.
            let mut head = Request::new(());
            swap_heads(request, &mut head);
            let authorized = given.0.apply(&mut head);
            swap_heads(request, &mut head);
            authorized
        }
        None => Ok(()),
    }
}

fn swap_heads<B, C>(a: &mut Request<B>, b: &mut Request<C>) {
    mem::swap(a.method_mut(), b.method_mut());
    mem::swap(a.uri_mut(), b.uri_mut());
    mem::swap(a.version_mut(), b.version_mut());
    mem::swap(a.headers_mut(), b.headers_mut());
    mem::swap(a.extensions_mut(), b.extensions_mut());
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
    A: Scheme<Mode = Fixed> + Authorize<()> + fmt::Debug,
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
    match scheme.acquire(RequestHead::from(&*request), None) {
        Step::Ready(credentials) => scheme.authorize(credentials, request).map(drop),
        // A scheme of somebody else's that breaks the contract of its mode costs one request, not the process.
        Step::Wait(_) => Err(AuthError::new(
            crate::ErrorKind::Credentials,
            "the scheme has to wait for its credentials although its mode is `Fixed`; make it `Deferred`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, HeaderApiKey, QueryApiKey};
    use http::{Method, Version};

    #[test]
    fn own_credentials_change_nothing_else_of_the_request() {
        let given = HeaderApiKey::new("key").unwrap() + QueryApiKey::new("q").unwrap();
        let mut request = Request::post("https://h/p?a=1")
            .version(Version::HTTP_2)
            .header("accept", "*/*")
            .extension("kept")
            .extension(RequestAuth::new(given))
            .body("body")
            .unwrap();
        authorize_given(&mut request).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "https://h/p?a=1&api_key=q");
        assert_eq!(request.version(), Version::HTTP_2);
        assert_eq!(request.headers()["accept"], "*/*");
        assert_eq!(request.headers()["x-api-key"], "key");
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.extensions().get(), Some(&"kept"));
        assert_eq!(*request.body(), "body");
    }

    #[test]
    fn own_credentials_that_do_not_fit_are_an_error() {
        let long = "x".repeat(65_000);
        let given = QueryApiKey::new("k".repeat(1_000)).unwrap();
        let mut request = Request::get(format!("https://h/{long}"))
            .extension(RequestAuth::new(given))
            .body(())
            .unwrap();
        let error = authorize_given(&mut request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
