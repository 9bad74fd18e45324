//! Where the document is, and getting it.

use super::ServerMetadata;
use crate::{HttpClient, TokenError, url};
use http::{HeaderValue, Request, header::ACCEPT};
use http_body_util::Full;
use tower_auth_core::AuthError;

impl ServerMetadata {
    /// Asks the server of this issuer: at `/.well-known/oauth-authorization-server` (RFC 8414 section 3), then at
    /// `/.well-known/openid-configuration` behind the issuer's path (OpenID Connect Discovery section 4), then in front
    /// of it (RFC 8414 section 5).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the issuer is neither https nor of
    /// this machine; [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when there is no document, or one
    /// of another issuer: [`TokenError::IssuerMismatch`].
    pub async fn discover(issuer: &str, client: &HttpClient) -> Result<Self, AuthError> {
        const CONTEXT: &str = "the metadata of the authorization server could not be had";
        url::endpoint("issuer", issuer, false)?;
        let mut last = None;
        for location in well_known_urls(issuer)? {
            let uri = url::endpoint("issuer", &location, false)?;
            let mut request = Request::new(Full::default());
            *request.uri_mut() = uri;
            request
                .headers_mut()
                .insert(ACCEPT, HeaderValue::from_static("application/json"));
            let response = match client.send(request).await {
                Ok(response) => response,
                Err(error @ (TokenError::Unreachable(_) | TokenError::TimedOut(_))) => {
                    return Err(error.into_auth(CONTEXT));
                }
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            let status = response.status();
            match std::str::from_utf8(response.body()) {
                Ok(document) if status.is_success() => return Self::parse(issuer, document),
                _ => {
                    let why = "no metadata";
                    last = Some(TokenError::Malformed { status, why });
                }
            }
        }
        Err(last
            .unwrap_or(TokenError::NoEndpoint("issuer"))
            .into_auth(CONTEXT))
    }
}

/// The places where the metadata of an issuer may be, in the order in which they are tried.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the issuer has a query or fragment (RFC
/// 8414 section 2), or is no absolute URL.
pub fn well_known_urls(issuer: &str) -> Result<Vec<String>, AuthError> {
    let invalid = |why| AuthError::configuration("issuer", why);
    if issuer.contains(['?', '#']) {
        return Err(invalid("has a query or fragment"));
    }
    let (scheme, rest) = issuer
        .split_once("://")
        .ok_or_else(|| invalid("is not an absolute URL"))?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    let at = |suffix: &str, after: &str| format!("{scheme}://{authority}{suffix}{after}");
    let mut urls = vec![
        at("/.well-known/oauth-authorization-server", path),
        at(path, "/.well-known/openid-configuration"),
    ];
    if !path.is_empty() {
        urls.push(at("/.well-known/openid-configuration", path));
    }
    Ok(urls)
}
