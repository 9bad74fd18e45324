//! An API key in the query.

use crate::{AuthError, Authorize, Claim, Scheme, Secret, fixed_scheme, query, scheme};
use http::Request;
use std::{fmt, sync::Arc};

/// An API key in a query parameter: a key.
///
/// Sends `?api_key=<key>`, or a parameter of another name, percent-encoded (all but the unreserved characters of RFC
/// 3986 section 2.3; a blank is `%20`). A parameter of the same name is replaced where it stands; every other byte of
/// the query stays as it was.
///
/// Queries end up in logs of servers and proxies: prefer [`HeaderApiKey`](crate::HeaderApiKey) where the server takes
/// it. The key is in the request's URI once the scheme has run; this crate never prints that.
///
/// Each request costs one allocation, for its new URI.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{QueryApiKey, SchemeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.uri().to_string()))
/// });
///
/// let client = QueryApiKey::new("s3cr3t & more")?.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/x?a=1").body(())?).await?;
/// assert_eq!(response.into_body(), "https://api.example.com/x?a=1&api_key=s3cr3t%20%26%20more");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct QueryApiKey(Arc<Parameter>);

struct Parameter {
    name: String,
    key: Secret,
    pair: Secret, // encoded
}

impl QueryApiKey {
    /// This key, in `api_key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the key is empty or has control characters.
    pub fn new(key: impl Into<Secret>) -> Result<Self, AuthError> {
        let key = key.into();
        let key = key.expose();
        check("key", key)?;
        Ok(Self::named("api_key", key))
    }

    /// The same key in a parameter of another name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the name is empty or has control characters.
    pub fn in_parameter(self, name: impl AsRef<str>) -> Result<Self, AuthError> {
        let name = name.as_ref();
        check("parameter name", name)?;
        Ok(Self::named(name, self.0.key.expose()))
    }

    fn named(name: &str, key: &str) -> Self {
        Self(Arc::new(Parameter {
            name: name.to_owned(),
            key: Secret::from(key),
            pair: query::pair(name, key),
        }))
    }
}

/// What names and values of query parameters have to satisfy.
pub(crate) fn check(parameter: &'static str, value: &str) -> Result<(), AuthError> {
    if value.is_empty() {
        Err(AuthError::configuration(parameter, "is empty"))
    } else if value.bytes().any(|byte| byte.is_ascii_control()) {
        Err(AuthError::configuration(
            parameter,
            "has a control character; was it read from a file with its line end?",
        ))
    } else {
        Ok(())
    }
}

impl Scheme for QueryApiKey {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Query(&self.0.name));
    }
}

impl<B> Authorize<B> for QueryApiKey {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        query::set(request.uri_mut(), &self.0.name, self.0.pair.expose())
    }
}

scheme!(key QueryApiKey);

impl fmt::Debug for QueryApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryApiKey")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_can_be_changed_but_not_to_nothing() {
        let key = QueryApiKey::new("k")
            .unwrap()
            .in_parameter("token")
            .unwrap();
        assert_eq!(key.0.pair.expose(), "token=k");
        for bad in ["", "a\nb"] {
            let error = QueryApiKey::new("k")
                .unwrap()
                .in_parameter(bad)
                .unwrap_err();
            assert_eq!(error.parameter(), Some("parameter name"));
            let error = QueryApiKey::new(bad).unwrap_err();
            assert_eq!(error.parameter(), Some("key"));
        }
    }
}
