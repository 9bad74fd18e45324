//! What identifies client and user (RFC 5849 section 1.1).

use crate::{
    escape,
    method::{Method, Signer},
};
use std::{fmt, sync::Arc};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// Token credentials: what lets the client act for a user. The third leg ends with them.
///
/// As a **request extension** they take the place of the layer's token for that one request, so that one client can
/// serve many users:
///
/// ```
/// use http::Request;
/// use tower_auth_oauth1::TokenCredentials;
///
/// let request = Request::get("https://api.example.com/me")
///     .extension(TokenCredentials::new("token-of-alice", "her-token-secret"))
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone)]
pub struct TokenCredentials(Arc<Inner>);

struct Inner {
    token: Zeroizing<String>,
    escaped: Zeroizing<String>,
    secret: Secret,
}

impl TokenCredentials {
    /// A token and its secret, as they were issued (not escaped).
    pub fn new(token: impl Into<String>, secret: impl Into<Secret>) -> Self {
        let token = Zeroizing::new(token.into());
        Self(Arc::new(Inner {
            escaped: Zeroizing::new(escape::escaped(&token)),
            token,
            secret: secret.into(),
        }))
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.0.token
    }

    /// The token secret.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    pub(crate) fn escaped(&self) -> &str {
        &self.0.escaped
    }
}

/// Neither is shown: some servers take a token alone.
impl fmt::Debug for TokenCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCredentials([redacted])")
    }
}

/// Client credentials: what the server knows the client by.
#[derive(Clone)]
pub(crate) struct ClientCredentials {
    pub(crate) identifier: Arc<str>,
    pub(crate) escaped: Arc<str>,
    pub(crate) secret: Secret,
}

impl ClientCredentials {
    pub(crate) fn new(identifier: &str, secret: Secret) -> Self {
        Self {
            identifier: identifier.into(),
            escaped: escape::escaped(identifier).into(),
            secret,
        }
    }

    /// A signer for the client and this token.
    pub(crate) fn signer(&self, method: &Method, token: Option<&TokenCredentials>) -> Signer {
        let token_secret = token.map_or("", |token| token.secret().expose());
        method.signer(self.secret.expose(), token_secret)
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.identifier)
    }
}
