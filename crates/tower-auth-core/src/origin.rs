//! Origins: scheme, host and port (RFC 6454).

use crate::{
    AuthError,
    endpoint::{Localhost, is_this_machine},
};
use http::{Uri, uri::Authority};
use std::{fmt, str::FromStr, sync::Arc};

/// Scheme, host and port of an HTTP server (RFC 6454 section 4).
///
/// A trailing dot makes another origin, as browsers have it: `https://api.example.com.` is not
/// `https://api.example.com`. Hosts are no patterns.
///
/// `ws` and `wss` count as `http` and `https`: a WebSocket handshake is an HTTP request to the same server.
///
/// ```
/// use tower_auth_core::Origin;
///
/// let origin: Origin = "https://API.example.com:443".parse()?;
/// assert_eq!(origin.to_string(), "https://api.example.com");
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    secure: bool,
    host: Box<str>, // lower case
    port: u16,
    authority: Box<str>, // as most clients write it: lower case, without a default port
}

impl Origin {
    /// The origin of an absolute URI, whatever its path and query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the URI is not absolute, or neither http nor
    /// https.
    pub fn of(uri: &Uri) -> Result<Self, AuthError> {
        let invalid = |why| AuthError::configuration("origin", why);
        let secure = is_secure(uri).ok_or_else(|| {
            invalid("neither http nor https; write it like https://api.example.com")
        })?;
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty())
            .ok_or_else(|| invalid("has no host; write it like https://api.example.com"))?;
        if authority.host().contains('*') {
            return Err(invalid(
                "has a `*` in its host, which would match nothing; name every host",
            ));
        }
        let host = authority.host().to_ascii_lowercase();
        let port = host_and_port(authority)
            .get(host.len()..)
            .and_then(|rest| port(rest, secure))
            .ok_or_else(|| invalid("has a port that is not a number up to 65535"))?;
        let authority = if port == default_port(secure) {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        Ok(Self {
            secure,
            host: host.into(),
            port,
            authority: authority.into(),
        })
    }

    /// Whether the URI belongs to this origin. Does not allocate.
    pub fn covers(&self, uri: &Uri) -> bool {
        let Some(authority) = uri.authority() else {
            return false;
        };
        // Nearly always written the same way; only when not, it is taken apart.
        is_secure(uri) == Some(self.secure)
            && (authority.as_str() == &*self.authority || self.covers_otherwise(authority))
    }

    /// Whether it goes over http to another machine, where everybody on the way can read it.
    pub(crate) fn is_exposed(&self) -> bool {
        let authority = self.authority.parse::<Authority>();
        !self.secure
            && !authority.is_ok_and(|authority| is_this_machine(&authority, Localhost::Counts))
    }

    /// Whether this authority cannot be another way to write this origin's: quick, and `false` where it would take time
    /// to tell.
    #[inline]
    pub(crate) fn is_not(&self, authority: &Authority) -> bool {
        let (text, host) = (authority.as_str().as_bytes(), self.host.as_bytes());
        let begins = text
            .iter()
            .zip(host)
            .take(8)
            .all(|(one, other)| one.eq_ignore_ascii_case(other));
        (text.len() < host.len() || !begins) && !text.contains(&b'@')
    }

    /// Whether this is the authority of this origin, over https, written as the origin writes it.
    #[inline]
    pub(crate) fn is_written(&self, authority: &Authority) -> bool {
        self.secure && authority.as_str() == &*self.authority
    }

    /// Whether this authority is another way to write the same host and port.
    fn covers_otherwise(&self, authority: &Authority) -> bool {
        host_and_port(authority)
            .split_at_checked(self.host.len())
            .is_some_and(|(host, rest)| {
                host.eq_ignore_ascii_case(&self.host) && port(rest, self.secure) == Some(self.port)
            })
    }
}

/// The authority without user name and password.
pub(crate) fn host_and_port(authority: &Authority) -> &str {
    let text = authority.as_str();
    text.rfind('@').map_or(text, |at| &text[at + 1..])
}

/// The port in what follows a host. `None` when that is something else: `http` lets `h:443.evil.com` pass as a host `h`
/// with a port that cannot be read, and nobody may take that for the default port.
pub(crate) fn port(rest: &str, secure: bool) -> Option<u16> {
    match rest.strip_prefix(':') {
        Some(digits) if digits.bytes().any(|byte| !byte.is_ascii_digit()) => None,
        Some("") => Some(default_port(secure)), // RFC 3986 section 3.2.3
        Some(digits) => digits.parse().ok(),
        None => rest.is_empty().then(|| default_port(secure)),
    }
}

/// Whether the URI's scheme is encrypted; `None` when it is no HTTP scheme.
fn is_secure(uri: &Uri) -> Option<bool> {
    match uri.scheme_str()? {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Whether what is sent to this URI cannot be read on the way: it is encrypted, or does not leave this machine.
pub(crate) fn is_private(uri: &Uri) -> bool {
    match is_secure(uri) {
        Some(true) => true,
        Some(false) => {
            let authority = uri.authority();
            authority.is_some_and(|authority| is_this_machine(authority, Localhost::Counts))
        }
        None => false,
    }
}

/// Whether a `Host` header (RFC 9110 section 7.2) names what the URI does: case, a default port and an empty port make no
/// difference.
pub(crate) fn agrees(uri: &Uri, host: &[u8]) -> bool {
    let Some(authority) = uri.authority() else {
        return false;
    };
    let secure = is_secure(uri).unwrap_or(false);
    let named = authority.host();
    let own = host_and_port(authority)
        .get(named.len()..)
        .and_then(|rest| port(rest, secure));
    let told = std::str::from_utf8(host)
        .ok()
        .and_then(|text| text.split_at_checked(named.len()));
    told.is_some_and(|(host, rest)| {
        host.eq_ignore_ascii_case(named) && own.is_some() && port(rest, secure) == own
    })
}

/// `https://api.example.com`, with nothing after the port but an optional `/`.
impl FromStr for Origin {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        let invalid = |why| AuthError::configuration("origin", why);
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("not a URI; write it like https://api.example.com"))?;
        let origin = Self::of(&uri)?;
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(invalid(
                "has a user name; an origin is scheme, host and port",
            ));
        }
        let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
        if rest != "/" && !rest.is_empty() {
            return Err(invalid(
                "has a path or query, which would not limit anything; an origin is scheme, host and port",
            ));
        }
        Ok(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// One or more origins: what [`only_to`](crate::SchemeExt::only_to) takes.
///
/// Texts are parsed strictly (no path); from a [`Uri`] the origin is taken and the rest ignored.
pub trait IntoOrigins {
    /// The origins.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when one is not an origin.
    fn into_origins(self) -> Result<Vec<Origin>, AuthError>;

    /// Whether they were written as text, by a person: then what could never work is refused at once.
    #[doc(hidden)]
    fn is_text(&self) -> bool {
        false
    }
}

impl IntoOrigins for Origin {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        Ok(vec![self])
    }
}

impl IntoOrigins for &Origin {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        Ok(vec![self.clone()])
    }
}

impl IntoOrigins for &str {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        Ok(vec![self.parse()?])
    }

    fn is_text(&self) -> bool {
        true
    }
}

impl IntoOrigins for &String {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        self.as_str().into_origins()
    }

    fn is_text(&self) -> bool {
        true
    }
}

impl IntoOrigins for String {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        self.as_str().into_origins()
    }

    fn is_text(&self) -> bool {
        true
    }
}

impl IntoOrigins for &Uri {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        Ok(vec![Origin::of(self)?])
    }
}

impl IntoOrigins for Uri {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        (&self).into_origins()
    }
}

impl<T: IntoOrigins> IntoOrigins for Vec<T> {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        let mut origins = Vec::with_capacity(self.len());
        for one in self {
            origins.extend(one.into_origins()?);
        }
        Ok(origins)
    }

    fn is_text(&self) -> bool {
        self.iter().any(T::is_text)
    }
}

impl<T: IntoOrigins, const N: usize> IntoOrigins for [T; N] {
    fn into_origins(self) -> Result<Vec<Origin>, AuthError> {
        Vec::from(self).into_origins()
    }

    fn is_text(&self) -> bool {
        self.iter().any(T::is_text)
    }
}

/// Origins as a scope keeps them.
pub(crate) fn collect(origins: impl IntoOrigins) -> Result<Arc<[Origin]>, AuthError> {
    let origins = origins.into_origins()?;
    if origins.is_empty() {
        return Err(AuthError::configuration(
            "origin",
            "there is none, so no request would ever be authenticated",
        ));
    }
    Ok(origins.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_covers_its_own_uris_and_no_look_alikes() {
        let origin: Origin = "https://api.example.com".parse().unwrap();
        for (uri, covered) in [
            ("https://api.example.com/x?y", true),
            ("https://API.example.com:443/x", true),
            ("wss://api.example.com/graphql", true),
            ("https://user@api.example.com/", true),
            ("https://api.example.com:8443/x", false),
            ("http://api.example.com/x", false),
            ("http://api.example.com:443/x", false),
            ("https://api.example.com@evil.com/", false),
            ("https://api.example.com.evil.com/", false),
            ("https://api.example.com:/", true),
            ("https://api.example.com:0443/", true),
            ("https://api.example.com:443.evil.com/", false),
            ("https://api.example.com:evil.com/", false),
            ("https://api.example.com:+443/", false),
            ("https://api.example.com:65979/", false), // 443 modulo 2^16
            ("https://api.example.com:443@evil.com/", false),
            ("https://evil.com@API.example.com:443/", true),
            ("https://evil.com/api.example.com", false),
            ("https://api.example.com./", false),
            ("ftp://api.example.com/", false),
            ("/x", false),
            ("*", false),
        ] {
            assert_eq!(origin.covers(&uri.parse().unwrap()), covered, "{uri}");
        }
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for bad in [
            "",
            "api.example.com",
            "/path",
            "https://",
            "ftp://example.com",
            "https://example.com/v1",
            "https://example.com/?q=1",
            "https://user:password@example.com",
            "https://exa mple.com",
            "https://example.com:65979",
            "https://example.com:port",
            "https://*.example.com",
            "https://*",
        ] {
            let error = bad.parse::<Origin>().unwrap_err();
            assert_eq!(error.parameter(), Some("origin"), "{bad}");
            assert!(!error.to_string().contains("password"));
        }
        assert!(collect(Vec::<Origin>::new()).is_err());
    }

    #[test]
    fn loopback_is_a_matter_of_the_address_and_not_of_its_spelling() {
        for (uri, private) in [
            ("http://localhost:8080/", true),
            ("http://LOCALHOST/", true),
            ("http://127.0.0.2/", true),
            ("http://[::1]:3000/", true),
            ("https://example.com/", true),
            ("http://example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://[::2]/", false),
            ("http://10.0.0.1/", false),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://127.0.0.1:80.evil.example/", false),
            ("ftp://127.0.0.1/", false),
            ("/", false),
        ] {
            assert_eq!(is_private(&uri.parse().unwrap()), private, "{uri}");
        }
    }
}
