//! An API key in a header.

use crate::{
    AuthError, Authorize, Claim, Scheme, Secret, fixed_scheme,
    insert::{insert_header, insert_named},
    scheme,
    secret::sensitive_header,
};
use http::{HeaderName, HeaderValue, Request};
use std::fmt;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static DEFAULT: HeaderName = X_API_KEY;

/// An API key in a header: a key.
///
/// Sends `X-API-Key: <key>`, or a header of another name, replacing any of that name. The value is the key and nothing
/// else: for `Authorization: Token <key>` and the like, use [`Bearer::with_template`](crate::Bearer::with_template).
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{HeaderApiKey, SchemeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["x-api-key"].clone()))
/// });
///
/// let client = HeaderApiKey::new("s3cr3t")?.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/").body(())?).await?;
/// assert_eq!(response.into_body(), "s3cr3t");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HeaderApiKey {
    name: Option<HeaderName>, // `None`: `X-API-Key`, which as a constant need not be cloned
    value: HeaderValue,
}

impl HeaderApiKey {
    /// This key, in `X-API-Key`. It may hold any UTF-8, but no control characters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the key is empty, has control characters, or
    /// begins or ends with a blank.
    pub fn new(key: impl Into<Secret>) -> Result<Self, AuthError> {
        let key = key.into();
        let key = key.expose();
        Ok(Self {
            name: None,
            value: sensitive_header("key", key.as_bytes().to_vec())?,
        })
    }

    /// The same key in another header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when it is not a header name.
    pub fn in_header(self, name: impl TryInto<HeaderName>) -> Result<Self, AuthError> {
        Ok(Self {
            name: Some(header_name(name)?),
            ..self
        })
    }

    fn name(&self) -> &HeaderName {
        self.name.as_ref().unwrap_or(&DEFAULT)
    }
}

impl fmt::Debug for HeaderApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderApiKey")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}

/// A header name, or the error that says that it is none.
pub(crate) fn header_name(name: impl TryInto<HeaderName>) -> Result<HeaderName, AuthError> {
    name.try_into()
        .map_err(|_| AuthError::configuration("header name", "is not the name of a header"))
}

impl Scheme for HeaderApiKey {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(self.name()));
    }
}

impl<B> Authorize<B> for HeaderApiKey {
    #[inline]
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        match &self.name {
            None => insert_header(request.headers_mut(), X_API_KEY, self.value.clone()),
            Some(name) => insert_named(request.headers_mut(), name, &self.value),
        }
    }
}

scheme!(key HeaderApiKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_can_be_changed_but_must_be_one() {
        let key = HeaderApiKey::new("k")
            .unwrap()
            .in_header("X-Other")
            .unwrap();
        assert_eq!(key.name(), "x-other");
        assert_eq!(HeaderApiKey::new("k").unwrap().name(), "x-api-key");
        for bad in ["", "x y", "x:y", "é"] {
            let error = HeaderApiKey::new("k").unwrap().in_header(bad).unwrap_err();
            assert_eq!(error.parameter(), Some("header name"), "{bad:?}");
        }
    }
}
