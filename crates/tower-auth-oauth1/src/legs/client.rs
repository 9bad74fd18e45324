//! What the legs are walked with.

use tower_auth_core::AuthError;
use tower_auth_http::HttpClient;

#[cfg(feature = "client")]
pub(super) fn default_client() -> Option<HttpClient> {
    Some(HttpClient::default())
}

#[cfg(not(feature = "client"))]
pub(super) fn default_client() -> Option<HttpClient> {
    None
}

pub(super) fn missing() -> AuthError {
    AuthError::configuration(
        "http_client",
        "is missing; pass one, or turn on the feature `rustls`",
    )
}
