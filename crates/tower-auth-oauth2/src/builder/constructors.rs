//! `OAuth2::client_credentials` and its like.

use super::OAuth2Builder;
#[cfg(feature = "password")]
use crate::grant::Password;
use crate::{
    ClientAuth, OAuth2, TokenResponse,
    grant::{
        ClientCredentials, Custom, DeviceAuthorization, RefreshToken, SamlBearer, TokenExchange,
    },
};
use std::{future::Future, sync::Arc};
use tower_auth_core::{AuthError, Secret};

impl OAuth2 {
    /// Client credentials (RFC 6749 section 4.4): the client acts for itself.
    ///
    /// Sends `grant_type=client_credentials`, authenticated by [`ClientAuth::basic`]; for other ways there is
    /// [`client_credentials_as`](Self::client_credentials_as).
    pub fn client_credentials(
        token_url: impl AsRef<str>,
        client_id: impl AsRef<str>,
        client_secret: impl Into<Secret>,
    ) -> OAuth2Builder<ClientCredentials> {
        let token_url = token_url.as_ref();
        let client_id = client_id.as_ref();
        let auth = secret_of(client_secret).and_then(|secret| ClientAuth::basic(client_id, secret));
        OAuth2Builder::new(ClientCredentials(()), Some(token_url), auth)
    }

    /// Client credentials with any client authentication.
    pub fn client_credentials_as(
        token_url: impl AsRef<str>,
        auth: ClientAuth,
    ) -> OAuth2Builder<ClientCredentials> {
        let token_url = token_url.as_ref();
        OAuth2Builder::new(ClientCredentials(()), Some(token_url), Ok(auth))
    }

    /// A refresh token that somebody got before (RFC 6749 section 6), for a client without a secret; others say theirs
    /// with [`client_auth`](OAuth2Builder::client_auth).
    ///
    /// Where the server replaces it at every use, keep the latest one with [`on_token`](OAuth2Builder::on_token).
    pub fn refresh_token(
        token_url: impl AsRef<str>,
        client_id: impl AsRef<str>,
        refresh_token: impl Into<Secret>,
    ) -> OAuth2Builder<RefreshToken> {
        let token_url = token_url.as_ref();
        let client_id = client_id.as_ref();
        let grant = RefreshToken(refresh_token.into());
        OAuth2Builder::new(grant, Some(token_url), ClientAuth::public(client_id))
    }

    /// An assertion that is signed for every token request (RFC 7523 section 2.1). The client says nothing else of
    /// itself, unless [`client_auth`](OAuth2Builder::client_auth) says it.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn jwt_bearer(
        token_url: impl AsRef<str>,
        assertion: crate::Assertion,
    ) -> OAuth2Builder<crate::grant::JwtBearer> {
        let token_url = token_url.as_ref();
        let grant = crate::grant::JwtBearer::new(assertion);
        OAuth2Builder::new(grant, Some(token_url), Ok(ClientAuth::anonymous()))
    }

    /// An assertion that was signed elsewhere (RFC 7523 section 2.1).
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn jwt_bearer_given(
        token_url: impl AsRef<str>,
        assertion: impl Into<Secret>,
    ) -> OAuth2Builder<crate::grant::JwtBearer> {
        let token_url = token_url.as_ref();
        let grant = crate::grant::JwtBearer::given(assertion.into());
        OAuth2Builder::new(grant, Some(token_url), Ok(ClientAuth::anonymous()))
    }

    /// A SAML 2.0 assertion, as XML (RFC 7522 section 2.1). It is sent in base64url.
    pub fn saml_bearer(
        token_url: impl AsRef<str>,
        assertion: impl Into<Secret>,
    ) -> OAuth2Builder<SamlBearer> {
        let token_url = token_url.as_ref();
        let grant = SamlBearer::new(&assertion.into());
        OAuth2Builder::new(grant, Some(token_url), Ok(ClientAuth::anonymous()))
    }

    /// Token exchange (RFC 8693): another token for the subject of this one.
    pub fn token_exchange(
        token_url: impl AsRef<str>,
        auth: ClientAuth,
        subject_token: impl Into<Secret>,
    ) -> OAuth2Builder<TokenExchange> {
        let token_url = token_url.as_ref();
        let grant = TokenExchange::new(subject_token.into());
        OAuth2Builder::new(grant, Some(token_url), Ok(auth))
    }

    /// Device authorization (RFC 8628): a person enters a code elsewhere. For a client without a secret; others say
    /// theirs with [`client_auth`](OAuth2Builder::client_auth).
    ///
    /// [`on_user_code`](OAuth2Builder::on_user_code) has to show the code. When the person refuses or does not come,
    /// requests get that error until [`clear`](OAuth2::clear) is called, instead of one new code each. It needs a tokio
    /// runtime with timers.
    ///
    /// With a [`store`](OAuth2Builder::store), the login holds no lock: other processes may show codes of their own, and
    /// all of them get the token of whichever login is done first, within seconds.
    ///
    /// ```no_run
    /// # use tower_auth_oauth2::OAuth2;
    /// let auth = OAuth2::device_authorization("https://as.example.com/device", "https://as.example.com/token", "tv-app")
    ///     .scope("offline_access")
    ///     .on_user_code(|code| println!("Enter {} at {}", code.user_code(), code.verification_uri()))
    ///     .build()?;
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    pub fn device_authorization(
        device_authorization_url: impl AsRef<str>,
        token_url: impl AsRef<str>,
        client_id: impl AsRef<str>,
    ) -> OAuth2Builder<DeviceAuthorization> {
        let device_authorization_url = device_authorization_url.as_ref();
        let token_url = token_url.as_ref();
        let client_id = client_id.as_ref();
        let grant = DeviceAuthorization::new(device_authorization_url);
        OAuth2Builder::new(grant, Some(token_url), ClientAuth::public(client_id))
    }

    /// Authorization code (RFC 6749 section 4.1): a person logs in, in their browser, and the browser comes back to this
    /// machine. For a client without a secret; others say theirs with [`client_auth`](OAuth2Builder::client_auth).
    ///
    /// The page that is opened has `client_id`, `scope`, `response_type=code`, `redirect_uri`, a `state` that is made for
    /// this login, and a proof key by S256 (RFC 7636), also made for it; and a `nonce` when the scope has `openid`. No
    /// secret goes there. [`browser`](OAuth2Builder::browser) says how it is opened and where the browser comes back to:
    /// `http://localhost:5000/` by default, which has to be registered at the server.
    ///
    /// However many requests need a token, one page is opened. A refresh token is used first, and a person asked only when
    /// the server refuses it. When the person refuses or does not come, all requests get that error until
    /// [`clear`](OAuth2::clear) is called. It needs a tokio runtime with timers. With a [`store`](OAuth2Builder::store),
    /// no lock is held while a person logs in.
    ///
    /// ```no_run
    /// use tower_auth_oauth2::{OAuth2, browser::Browser};
    ///
    /// let auth = OAuth2::authorization_code("https://as.example.com/authorize", "https://as.example.com/token", "my-cli")
    ///     .scope("offline_access")
    ///     .authorization_parameter("prompt", "consent")
    ///     .browser(Browser::builder().domain("127.0.0.1").any_port().build()?)
    ///     .build()?;
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    #[cfg(feature = "browser")]
    #[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
    pub fn authorization_code(
        authorization_url: impl AsRef<str>,
        token_url: impl AsRef<str>,
        client_id: impl AsRef<str>,
    ) -> OAuth2Builder<crate::AuthorizationCode> {
        let authorization_url = authorization_url.as_ref();
        let token_url = token_url.as_ref();
        let client_id = client_id.as_ref();
        let grant = crate::AuthorizationCode::new(authorization_url, client_id);
        OAuth2Builder::new(grant, Some(token_url), ClientAuth::public(client_id))
    }

    /// Implicit (RFC 6749 section 4.2): as [`authorization_code`](Self::authorization_code), but the browser brings the
    /// token itself.
    ///
    /// **Do not use it where there is another way.** RFC 9700 section 2.1.2 advises against it: tokens can leak from
    /// browsers and their histories, and nothing binds them to this client. It is here for servers that offer nothing
    /// else. Nothing of a token is verified.
    ///
    /// The answer is taken from the fragment of the address, or from a form
    /// (`authorization_parameter("response_mode", "form_post")`). For an ID token say
    /// `authorization_parameter("response_type", "id_token")` and `token_field_name("id_token")`.
    #[cfg(feature = "implicit")]
    #[cfg_attr(docsrs, doc(cfg(feature = "implicit")))]
    pub fn implicit(
        authorization_url: impl AsRef<str>,
        client_id: impl AsRef<str>,
    ) -> OAuth2Builder<crate::Implicit> {
        let authorization_url = authorization_url.as_ref();
        let client_id = client_id.as_ref();
        let grant = crate::Implicit::new(authorization_url, client_id);
        // Nothing is sent there but by the browser.
        OAuth2Builder::new(grant, Some(authorization_url), Ok(ClientAuth::anonymous()))
    }

    /// Resource owner password credentials (RFC 6749 section 4.3).
    ///
    /// **Do not use it where there is another way.** RFC 9700 section 2.4 says that it MUST NOT be used: the client sees
    /// the user's password, users learn to type it anywhere, and no second factor is possible. It is here for servers
    /// that offer nothing else.
    ///
    /// Sends `grant_type=password`, `username` and `password`; the client says nothing of itself, unless
    /// [`client_auth`](OAuth2Builder::client_auth) says it.
    #[cfg(feature = "password")]
    #[cfg_attr(docsrs, doc(cfg(feature = "password")))]
    pub fn password(
        token_url: impl AsRef<str>,
        username: impl AsRef<str>,
        password: impl Into<Secret>,
    ) -> OAuth2Builder<Password> {
        let token_url = token_url.as_ref();
        let username = username.as_ref();
        let grant = Password::new(username, password.into());
        OAuth2Builder::new(grant, Some(token_url), Ok(ClientAuth::anonymous()))
    }

    /// A way of your own: called whenever a token is needed, once for all requests that wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_auth_oauth2::{OAuth2, TokenResponse};
    ///
    /// let auth = OAuth2::from_fn(async || {
    ///     let token = "mF_9.B5f-4.1JqM"; // asked of somebody
    ///     Ok(TokenResponse::new(token).with_lifetime(Duration::from_secs(3600)))
    /// })
    /// .build()?;
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    pub fn from_fn<F, T>(fetch: F) -> OAuth2Builder<Custom<F>>
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<TokenResponse, AuthError>> + Send + 'static,
    {
        OAuth2Builder::new(Custom(Arc::new(fetch)), None, Ok(ClientAuth::anonymous()))
    }
}

/// A client that is said to have a secret has one.
fn secret_of(secret: impl Into<Secret>) -> Result<Secret, AuthError> {
    let secret = secret.into();
    if secret.is_empty() {
        Err(AuthError::configuration(
            "client_secret",
            "is empty; for a client that has none there is `client_credentials_as` with `ClientAuth::public`, or with \
             another way to authenticate",
        ))
    } else {
        Ok(secret)
    }
}
