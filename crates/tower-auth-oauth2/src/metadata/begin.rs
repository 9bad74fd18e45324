//! Grants and clients at the endpoints that a server names.

use super::ServerMetadata;
use crate::{
    ClientAuth, Introspection, OAuth2, OAuth2Builder, Revocation,
    grant::{ClientCredentials, DeviceAuthorization, RefreshToken, TokenExchange},
};
use tower_auth_core::{AuthError, Secret};

impl ServerMetadata {
    /// A builder at this server, reached as its metadata was.
    fn begin<G>(&self, mut builder: OAuth2Builder<G>) -> OAuth2Builder<G> {
        if let Some(http) = &self.reached.http {
            builder = builder.http_client(http.clone());
        }
        if self.reached.allow_localhost {
            builder = builder.allow_localhost();
        }
        builder
    }

    /// [`OAuth2::client_credentials_as`] at this server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    pub fn client_credentials(
        &self,
        auth: ClientAuth,
    ) -> Result<OAuth2Builder<ClientCredentials>, AuthError> {
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::client_credentials_as(url, auth)))
    }

    /// Its [`Revocation`], reached by the client that discovered the server, as the grants are;
    /// [`Revocation::http_client`] sets another.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint, and those of
    /// [`Revocation::new`].
    pub fn revocation(&self, auth: ClientAuth) -> Result<Revocation, AuthError> {
        let url = self.endpoint("revocation_endpoint")?;
        let reached = &self.reached;
        Revocation::reached(url, reached.allow_localhost, auth, reached.http.clone())
    }

    /// Its [`Introspection`], reached by the client that discovered the server, as the grants are;
    /// [`Introspection::http_client`] sets another.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint, and those of
    /// [`Introspection::new`].
    pub fn introspection(&self, auth: ClientAuth) -> Result<Introspection, AuthError> {
        let url = self.endpoint("introspection_endpoint")?;
        let reached = &self.reached;
        Introspection::reached(url, reached.allow_localhost, auth, reached.http.clone())
    }

    /// [`OAuth2::device_authorization`] at this server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    pub fn device_authorization(
        &self,
        client_id: impl AsRef<str>,
    ) -> Result<OAuth2Builder<DeviceAuthorization>, AuthError> {
        let client_id = client_id.as_ref();
        let device = self.endpoint("device_authorization_endpoint")?;
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::device_authorization(device, url, client_id)))
    }

    /// [`OAuth2::authorization_code`] at this server. Answers have to be of this issuer (RFC 9207), and requests are pushed
    /// where the server takes that (RFC 9126).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    #[cfg(feature = "browser")]
    #[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
    pub fn authorization_code(
        &self,
        client_id: impl AsRef<str>,
    ) -> Result<OAuth2Builder<crate::AuthorizationCode>, AuthError> {
        let client_id = client_id.as_ref();
        let page = self.endpoint("authorization_endpoint")?;
        let url = self.endpoint("token_endpoint")?;
        let methods = self.list("code_challenge_methods_supported");
        if methods.is_some_and(|methods| !methods.contains(&"S256")) {
            tracing::warn!("the server does not say that it checks proof keys by S256");
        }
        let mut builder = self.begin(OAuth2::authorization_code(page, url, client_id));
        if let Some(issuer) = self.issuer() {
            builder = builder.issuer(issuer);
        }
        builder = builder.issuer_is_named(self.names_issuer_in_answers());
        match self.secure("pushed_authorization_request_endpoint") {
            Some(url) => Ok(builder.pushed_authorization_url(url)),
            None if self.requires_pushed_requests() => self
                .endpoint("pushed_authorization_request_endpoint")
                .map(|_| builder),
            None => Ok(builder),
        }
    }

    /// [`OAuth2::refresh_token`] at this server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    pub fn refresh_token(
        &self,
        client_id: impl AsRef<str>,
        refresh_token: impl Into<Secret>,
    ) -> Result<OAuth2Builder<RefreshToken>, AuthError> {
        let client_id = client_id.as_ref();
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::refresh_token(url, client_id, refresh_token)))
    }

    /// [`OAuth2::jwt_bearer`] at this server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn jwt_bearer(
        &self,
        assertion: crate::Assertion,
    ) -> Result<OAuth2Builder<crate::JwtBearer>, AuthError> {
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::jwt_bearer(url, assertion)))
    }

    /// [`OAuth2::password`] at this server, with what it says there about not using it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    #[cfg(feature = "password")]
    #[cfg_attr(docsrs, doc(cfg(feature = "password")))]
    pub fn password(
        &self,
        username: impl AsRef<str>,
        password: impl Into<Secret>,
    ) -> Result<OAuth2Builder<crate::Password>, AuthError> {
        let username = username.as_ref();
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::password(url, username, password)))
    }

    /// [`OAuth2::token_exchange`] at this server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it names no such endpoint.
    pub fn token_exchange(
        &self,
        auth: ClientAuth,
        subject_token: impl Into<Secret>,
    ) -> Result<OAuth2Builder<TokenExchange>, AuthError> {
        let url = self.endpoint("token_endpoint")?;
        Ok(self.begin(OAuth2::token_exchange(url, auth, subject_token)))
    }
}
