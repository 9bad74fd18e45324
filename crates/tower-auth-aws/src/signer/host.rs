//! The host of a request.

use http::Uri;
use tower_auth_core::{AuthError, ErrorKind};

/// Authority without user name and default port.
#[inline]
pub(crate) fn host(uri: &Uri) -> Result<&str, AuthError> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let default = match uri.scheme_str() {
        Some("http" | "ws") => ":80",
        _ => ":443",
    };
    let host = host.strip_suffix(default).unwrap_or(host);
    if host.is_empty() {
        return Err(AuthError::new(
            ErrorKind::Request,
            "the request has no host, neither in its URI nor as a header, and the signature has to cover it",
        ));
    }
    Ok(host)
}

pub(super) fn unspeakable() -> AuthError {
    AuthError::new(ErrorKind::Request, "the request's host cannot be a header")
}
