//! Where credentials may go: judged before anything else, without allocating.

use crate::{AuthError, ErrorKind, NoAuth, Origin, RequestAuth, RequestHead, origin};
use std::sync::Arc;

/// Which requests get credentials.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    origins: Option<Arc<[Origin]>>, // `None`: every origin
    plaintext: bool,
}

/// What is to be done with a request.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It passes without credentials.
    Pass,
    /// It gets the layer's credentials.
    Authorize,
    /// It brings credentials of its own.
    Given(RequestAuth),
}

impl Scope {
    pub(crate) fn with_origins(self, origins: Arc<[Origin]>) -> Self {
        Self {
            origins: Some(origins),
            ..self
        }
    }

    pub(crate) fn with_plaintext(self) -> Self {
        Self {
            plaintext: true,
            ..self
        }
    }

    pub(crate) fn decide(&self, request: RequestHead<'_>) -> Result<Decision, AuthError> {
        let mut given = None;
        if !request.extensions.is_empty() {
            if request.extensions.get::<NoAuth>().is_some() {
                return Ok(Decision::Pass);
            }
            given = request.extensions.get::<RequestAuth>();
        }
        let uri = request.uri;
        if uri.authority().is_none() || uri.scheme().is_none() {
            return Err(AuthError::new(
                ErrorKind::NoOrigin,
                "the request URI has no scheme and host, so nobody can say who would get the credentials; \
                 make it absolute above the authentication layer",
            ));
        }
        if let Some(origins) = &self.origins {
            if !origins.iter().any(|origin| origin.covers(uri)) {
                tracing::debug!("request to another origin passes without credentials");
                return Ok(Decision::Pass);
            }
        }
        if !self.plaintext && !origin::is_private(uri) {
            return Err(AuthError::new(
                ErrorKind::Insecure,
                "refusing to send credentials in the clear to another machine; use https, \
                 or allow it with `danger_allow_plaintext`",
            ));
        }
        Ok(given.map_or(Decision::Authorize, |given| Decision::Given(given.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn decide(scope: &Scope, uri: &str) -> Result<bool, ErrorKind> {
        let request = Request::get(uri).body(()).unwrap();
        match scope.decide(RequestHead::from(&request)) {
            Ok(Decision::Pass) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn the_origin_is_judged_before_the_encryption() {
        let scope = Scope::default()
            .with_origins(origin::collect(["https://a.example", "http://b.example"]).unwrap());
        assert_eq!(decide(&scope, "https://a.example/"), Ok(true));
        assert_eq!(decide(&scope, "http://a.example/"), Ok(false));
        assert_eq!(
            decide(&scope, "http://b.example/"),
            Err(ErrorKind::Insecure)
        );
        assert_eq!(
            decide(&scope.with_plaintext(), "http://b.example/"),
            Ok(true)
        );
    }

    #[test]
    fn a_uri_without_origin_is_an_error_and_not_a_guess() {
        for uri in ["/pkg.Service/Method", "*", "example.com:443"] {
            assert_eq!(
                decide(&Scope::default(), uri),
                Err(ErrorKind::NoOrigin),
                "{uri}"
            );
        }
    }
}
