//! Revocation: telling the server that a token is not needed any more (RFC 7009).

use crate::{ClientAuth, HttpClient, endpoint::Endpoint, error::TokenError, form::Form};
use tower_auth_core::{AuthError, Secret};

/// Revokes tokens (RFC 7009). Cheap to clone.
///
/// ```no_run
/// # async fn run() -> Result<(), tower_auth_core::AuthError> {
/// use tower_auth_oauth2::{ClientAuth, Revocation, TokenHint};
///
/// let revocation = Revocation::new("https://as.example.com/revoke", ClientAuth::basic("id", "secret")?)?;
/// revocation.revoke("45ghiukldjahdnhzdauz", Some(TokenHint::RefreshToken)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Revocation(Endpoint);

/// What kind of token it is, so that the server finds it sooner (RFC 7009 section 2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

impl TokenHint {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl Revocation {
    /// At this endpoint, reached by the default client (feature `client`, or `rustls` for https), unless there is
    /// [another](Self::http_client).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the URL is neither https nor of this
    /// machine.
    pub fn new(url: impl AsRef<str>, auth: ClientAuth) -> Result<Self, AuthError> {
        Self::reached(url.as_ref(), false, auth, None)
    }

    /// At a server whose metadata is known.
    pub(crate) fn reached(
        url: &str,
        allow_localhost: bool,
        auth: ClientAuth,
        http: Option<HttpClient>,
    ) -> Result<Self, AuthError> {
        Endpoint::alone("revocation_url", url, allow_localhost, auth, http).map(Self)
    }

    /// Reaches the server by this client.
    #[must_use]
    pub fn http_client(self, client: HttpClient) -> Self {
        Self(self.0.http_client(client))
    }

    /// Revokes a token; one that the server does not know is no error. Revoking a refresh token ends its session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) with a [`TokenError`]. After one that is
    /// [transient](TokenError::is_transient), the token still exists.
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when there is no client.
    pub async fn revoke(
        &self,
        token: impl Into<Secret>,
        hint: Option<TokenHint>,
    ) -> Result<(), AuthError> {
        let mut form = Form::default().with("token", token);
        if let Some(hint) = hint {
            form.push("token_type_hint", hint.name());
        }
        let revoked = self.0.call(form).await;
        revoked
            .map(drop)
            .map_err(|error: TokenError| error.into_auth("the token could not be revoked"))
    }
}
