//! Where credentials may go: judged before anything else, without allocating.

use crate::{AuthError, ErrorKind, NoAuth, Origin, RequestAuth, origin};
use http::{Extensions, HeaderMap, Request, Uri, header::HOST};
use std::sync::Arc;

/// Which requests get credentials.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    origins: Option<Arc<[Origin]>>, // `None`: every origin
    plaintext: bool,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// It passes without credentials.
    Pass,
    /// It gets the layer's credentials.
    Authorize,
    /// It brings credentials of its own: a [`RequestAuth`].
    Given,
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

    pub(crate) fn allows_plaintext(&self) -> bool {
        self.plaintext
    }

    #[inline(always)]
    pub(crate) fn decide<B>(&self, request: &Request<B>) -> Result<Decision, AuthError> {
        let (uri, headers, extensions) = (request.uri(), request.headers(), request.extensions());
        if self.is_usual(uri, headers, extensions) {
            return Ok(Decision::Authorize);
        }
        if self.is_elsewhere(uri, extensions) {
            return Ok(passes());
        }
        self.judge(uri, headers, extensions)
    }

    /// Whether this is a request as nearly all are: https to one of the origins, and nothing special about it.
    ///
    /// Not a rule of its own: [`judge`](Self::judge) says the same. It is small enough to be inlined into every
    /// service, which is what keeps a layer as fast as an insertion by hand.
    #[inline(always)]
    fn is_usual(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let Some(authority) = uri.authority() else {
            return false;
        };
        uri.scheme_str() == Some("https")
            && (extensions.is_empty() || wish(extensions) == Decision::Authorize)
            && match &self.origins {
                Some(origins) => origins.iter().any(|origin| origin.is_written(authority)),
                None => true,
            }
            && !headers.contains_key(HOST)
    }

    /// Whether this is a request to another origin, as can be seen at a glance.
    ///
    /// No rule of its own either.
    #[inline(always)]
    fn is_elsewhere(&self, uri: &Uri, extensions: &Extensions) -> bool {
        let (Some(origins), Some(authority)) = (&self.origins, uri.authority()) else {
            return false;
        };
        uri.scheme().is_some()
            && extensions.is_empty()
            && origins.iter().all(|origin| origin.is_not(authority))
    }

    /// The rules.
    #[inline(never)]
    fn judge(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Decision, AuthError> {
        let decision = wish(extensions);
        if decision == Decision::Pass {
            return Ok(decision);
        }
        if uri.authority().is_none() || uri.scheme().is_none() {
            return Err(AuthError::new(
                ErrorKind::NoOrigin,
                "the request URI has no scheme and host, so nobody can say who would get the credentials; \
                 make it absolute above the authentication layer",
            ));
        }
        if let Some(origins) = &self.origins {
            if !origins.iter().any(|origin| origin.covers(uri)) {
                return Ok(passes());
            }
        }
        if !self.plaintext && !origin::is_private(uri) {
            return Err(AuthError::new(
                ErrorKind::Insecure,
                "refusing to send credentials in the clear to another machine; use https, \
                 or allow it with `danger_allow_plaintext`",
            ));
        }
        if !headers
            .get_all(HOST)
            .iter()
            .all(|host| origin::agrees(uri, host.as_bytes()))
        {
            return Err(AuthError::new(
                ErrorKind::Request,
                "the `Host` header and the URI name different servers, so nobody can say who would get the credentials; \
                 take the header off, and clients set it from the URI",
            ));
        }
        Ok(decision)
    }
}

#[inline]
fn passes() -> Decision {
    tracing::debug!("request to another origin passes without credentials");
    Decision::Pass
}

/// What the extensions of a request ask for.
fn wish(extensions: &Extensions) -> Decision {
    if extensions.is_empty() {
        Decision::Authorize
    } else if extensions.get::<NoAuth>().is_some() {
        Decision::Pass
    } else if extensions.get::<RequestAuth>().is_some() {
        Decision::Given
    } else {
        Decision::Authorize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(scope: &Scope, uri: &str) -> Result<bool, ErrorKind> {
        let request = Request::get(uri).body(()).unwrap();
        match scope.decide(&request) {
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
    fn the_shortcut_for_usual_requests_never_says_what_the_rules_do_not() {
        let https = origin::collect(["https://a.example", "https://b.example:8443"]).unwrap();
        let http = origin::collect("http://a.example").unwrap();
        let scopes = [
            Scope::default(),
            Scope::default().with_plaintext(),
            Scope::default().with_origins(https),
            Scope::default().with_origins(http).with_plaintext(),
        ];
        let mut wishes = vec![Extensions::new(); 4];
        wishes[1].insert("something else");
        wishes[2].insert(NoAuth);
        wishes[3].insert(RequestAuth::new(
            crate::Basic::new("user", "password").unwrap(),
        ));
        let (mut usual, mut elsewhere) = (0, 0);
        for uri in [
            "https://a.example/",
            "HTTPS://A.example/",
            "https://a.example:443",
            "https://user@a.example/",
            "https://b.example:8443/",
            "https://b.example/",
            "https://c.example/",
            "http://a.example/",
            "http://localhost/",
            "wss://a.example/",
            "ftp://a.example/",
            "a.example:443",
            "/path",
            "*",
        ] {
            let uri: Uri = uri.parse().unwrap();
            for scope in &scopes {
                for extensions in &wishes {
                    if scope.is_elsewhere(&uri, extensions) {
                        let ruling = scope.judge(&uri, &HeaderMap::new(), extensions);
                        assert_eq!(ruling.unwrap(), Decision::Pass, "{uri} {scope:?}");
                        elsewhere += 1;
                    }
                    if scope.is_usual(&uri, &HeaderMap::new(), extensions) {
                        let ruling = scope.judge(&uri, &HeaderMap::new(), extensions).unwrap();
                        assert_eq!(
                            ruling,
                            Decision::Authorize,
                            "{uri} {scope:?} {extensions:?}"
                        );
                        usual += 1;
                    }
                }
            }
        }
        assert!(elsewhere > 0);
        assert_eq!(usual, 2 * (7 * 2 + 2)); // with neither `NoAuth` nor `RequestAuth`
    }

    #[test]
    fn a_host_header_that_disagrees_with_the_uri_is_an_error_where_credentials_would_go() {
        let scope = Scope::default().with_origins(
            origin::collect(["https://a.example", "https://a.example:8443"]).unwrap(),
        );
        let decide = |uri: &str, hosts: &[&[u8]]| {
            let mut request = Request::get(uri).body(()).unwrap();
            for host in hosts {
                let value = http::HeaderValue::from_bytes(host).unwrap();
                request.headers_mut().append(HOST, value);
            }
            scope.decide(&request).map_err(|error| error.kind())
        };
        for host in ["a.example", "A.Example", "a.example:", "a.example:443"] {
            let ruling = decide("https://a.example/", &[host.as_bytes()]);
            assert_eq!(ruling, Ok(Decision::Authorize), "{host}");
        }
        assert_eq!(
            decide("https://u@a.example:8443/", &[b"a.example:8443"]),
            Ok(Decision::Authorize)
        );
        for host in [
            "",
            "evil.example",
            "a.example.",
            "a.example:80",
            "a.example:8443",
            "a.example.evil",
            "u@a.example",
            "a.example:443.evil",
            "a.example, evil",
            "a.example ",
            "ä",
        ] {
            let ruling = decide("https://a.example/", &[host.as_bytes()]);
            assert_eq!(ruling, Err(ErrorKind::Request), "{host}");
            let ruling = decide("https://a.example/", &[b"a.example", host.as_bytes()]);
            assert_eq!(ruling, Err(ErrorKind::Request), "{host}");
        }
        // Where none go, it is nobody's business.
        assert_eq!(
            decide("https://b.example/", &[b"a.example"]),
            Ok(Decision::Pass)
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
