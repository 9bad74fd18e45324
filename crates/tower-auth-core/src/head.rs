//! What a scheme sees of a request before it goes out, and of the response that comes back: everything but the body.

use crate::origin;
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri};

/// A request without its body.
///
/// [`Scheme::acquire`](crate::Scheme::acquire) gets it, for credentials that depend on where the request goes: one
/// session for each bucket, one login for each host.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The absolute URI.
    pub uri: &'a Uri,
    /// The headers that the caller set.
    pub headers: &'a HeaderMap,
    /// The extensions that the caller set.
    pub extensions: &'a Extensions,
}

impl RequestHead<'_> {
    /// Whether nobody on the way can read the request: it goes over TLS, or does not leave this machine.
    ///
    /// For schemes that must not send a secret in the clear even where
    /// [`danger_allow_plaintext`](crate::SchemeExt::danger_allow_plaintext) was called.
    pub fn is_private(&self) -> bool {
        origin::is_private(self.uri)
    }
}

impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

/// A response without its body: what [`Observe`](crate::Observe) judges and learns from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The extensions, [`NotAuthenticated`] among them when the service below put it there.
    pub extensions: &'a Extensions,
}

impl ResponseHead<'_> {
    /// Whether the server did not accept the credentials: status 401, or a service below that knows better and put
    /// [`NotAuthenticated`] on the response.
    #[inline]
    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            || self.extensions.get::<NotAuthenticated>().is_some()
    }

    /// Whether it is safe to send the request again: a status of 401 says that the request was not carried out, and a
    /// [`NotAuthenticated`] says so itself.
    pub(crate) fn may_replay(&self) -> bool {
        self.extensions
            .get::<NotAuthenticated>()
            .is_none_or(|mark| mark.replay)
    }
}

impl<'a, B> From<&'a Response<B>> for ResponseHead<'a> {
    fn from(response: &'a Response<B>) -> Self {
        Self {
            status: response.status(),
            headers: response.headers(),
            extensions: response.extensions(),
        }
    }
}

/// A response extension that says: these credentials were not accepted, whatever the status.
///
/// Some protocols answer `200 OK` and say in the body that the caller has to log in; GraphQL is one. Only the service
/// that reads the body can know. It puts this mark on the response, and the scheme above it renews its credentials as
/// it does after a 401.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAuthenticated {
    replay: bool,
}

impl NotAuthenticated {
    /// The request was not carried out, so it may be sent again.
    pub const fn not_executed() -> Self {
        Self { replay: true }
    }

    /// The request may have been carried out, at least in part: credentials are renewed, but it is not sent again.
    pub const fn maybe_executed() -> Self {
        Self { replay: false }
    }
}
