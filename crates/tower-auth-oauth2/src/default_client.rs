//! The client that is there without being passed, or what is said where there is none.

use tower_auth_core::AuthError;
use tower_auth_http::HttpClient;

#[cfg(feature = "client")]
#[allow(clippy::unnecessary_wraps)] // as without the feature
pub(crate) fn default_client() -> Result<HttpClient, AuthError> {
    Ok(HttpClient::default())
}

#[cfg(not(feature = "client"))]
pub(crate) fn default_client() -> Result<HttpClient, AuthError> {
    Err(no_client())
}

pub(crate) fn no_client() -> AuthError {
    AuthError::configuration(
        "http_client",
        "is missing; pass one, or turn on the feature `rustls`",
    )
}
