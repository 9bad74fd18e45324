//! Providers as data: where their endpoints are, and what is particular about them.

#[cfg(feature = "password")]
use crate::grant::Password;
use crate::{ClientAuth, OAuth2, OAuth2Builder, grant::ClientCredentials};
use tower_auth_core::{AuthError, Secret};

/// Where a provider issues tokens, and what is particular about that.
///
/// Of providers that are not here, [`ServerMetadata`](crate::ServerMetadata) finds the endpoints.
///
/// ```
/// use tower_auth_oauth2::Provider;
/// # use tower_auth_oauth2::HttpClient;
/// # use {bytes::Bytes, http::{Request, Response}, http_body_util::Full, std::convert::Infallible};
/// # let client = HttpClient::new(tower::service_fn(async |_: Request<Full<Bytes>>| {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// # }));
///
/// // https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token, scope https://graph.microsoft.com/.default
/// let graph = Provider::entra("contoso.com")?
///     .client_credentials("id", "secret")
///     .scope("https://graph.microsoft.com/.default")
/// #   .http_client(client.clone())
///     .build()?;
///
/// // https://example.okta.com/oauth2/default/v1/token
/// let okta = Provider::okta("example.okta.com", "default")?
///     .client_credentials("id", "secret")
///     .scope("orders")
/// #   .http_client(client)
///     .build()?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provider {
    issuer: String,
    token_url: String,
    /// Where a scope is mandatory for client credentials: the one to name in the error.
    scope_example: Option<&'static str>,
    /// What password grants ask for when nothing is said.
    password_scope: Option<&'static str>,
}

impl Provider {
    /// Okta: `https://{instance}/oauth2/{authorization_server}/v1/token`. The authorization server is mostly `default`.
    ///
    /// Client credentials need a scope. Password grants ask for `openid` when none is given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when either is empty or has characters
    /// that do not belong there.
    pub fn okta(instance: &str, authorization_server: &str) -> Result<Self, AuthError> {
        check("instance", instance)?;
        check("authorization_server", authorization_server)?;
        let issuer = format!("https://{instance}/oauth2/{authorization_server}");
        Ok(Self {
            token_url: format!("{issuer}/v1/token"),
            issuer,
            scope_example: Some("one of those that the authorization server defines"),
            password_scope: Some("openid"),
        })
    }

    /// Microsoft Entra ID, version 2: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
    ///
    /// Client credentials need the scope `{resource}/.default`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the tenant is empty or has characters
    /// that do not belong there.
    pub fn entra(tenant: &str) -> Result<Self, AuthError> {
        check("tenant", tenant)?;
        let host = "https://login.microsoftonline.com";
        Ok(Self {
            issuer: format!("{host}/{tenant}/v2.0"),
            token_url: format!("{host}/{tenant}/oauth2/v2.0/token"),
            scope_example: Some(
                "`{resource}/.default`, e.g. `https://graph.microsoft.com/.default`",
            ),
            password_scope: None,
        })
    }

    /// The issuer, for [`ServerMetadata::discover`](crate::ServerMetadata::discover).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The token endpoint.
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// [`OAuth2::client_credentials`] at this provider.
    pub fn client_credentials(
        &self,
        client_id: &str,
        client_secret: impl Into<Secret>,
    ) -> OAuth2Builder<ClientCredentials> {
        let builder = OAuth2::client_credentials(&self.token_url, client_id, client_secret);
        builder.require_scope(self.scope_example)
    }

    /// [`OAuth2::client_credentials_as`] at this provider.
    pub fn client_credentials_as(&self, auth: ClientAuth) -> OAuth2Builder<ClientCredentials> {
        OAuth2::client_credentials_as(&self.token_url, auth).require_scope(self.scope_example)
    }

    /// [`OAuth2::password`] at this provider, with what it says there about not using it.
    #[cfg(feature = "password")]
    #[cfg_attr(docsrs, doc(cfg(feature = "password")))]
    pub fn password(
        &self,
        username: &str,
        password: impl Into<Secret>,
        auth: ClientAuth,
    ) -> OAuth2Builder<Password> {
        OAuth2::password(&self.token_url, username, password)
            .client_auth(auth)
            .default_scope(self.password_scope)
    }
}

/// A part of a host or path that cannot become another part.
fn check(parameter: &'static str, value: &str) -> Result<(), AuthError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if value.is_empty() {
        return Err(AuthError::configuration(parameter, "is empty"));
    }
    if !value.chars().all(fits) || value.contains("..") {
        return Err(AuthError::configuration(
            parameter,
            "has a character that does not belong there; give the bare name, without https:// or a path",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_where_the_providers_say() {
        let okta = Provider::okta("testserver.okta-emea.com", "default").unwrap();
        assert_eq!(
            okta.token_url(),
            "https://testserver.okta-emea.com/oauth2/default/v1/token"
        );
        let entra = Provider::entra("contoso.com").unwrap();
        assert_eq!(
            entra.token_url(),
            "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
        );
        assert_eq!(
            entra.issuer(),
            "https://login.microsoftonline.com/contoso.com/v2.0"
        );
    }

    #[test]
    fn a_name_cannot_become_another_host_or_path() {
        for bad in ["", "a/b", "a?b", "a@b", "https://a", "a b", "..", "é"] {
            assert_eq!(
                Provider::entra(bad).unwrap_err().parameter(),
                Some("tenant"),
                "{bad}"
            );
            assert_eq!(
                Provider::okta(bad, "default").unwrap_err().parameter(),
                Some("instance")
            );
        }
    }

    #[test]
    fn client_credentials_without_the_mandatory_scope_are_refused() {
        let okta = Provider::okta("a.okta.com", "default").unwrap();
        assert_eq!(
            okta.client_credentials("i", "s")
                .build()
                .unwrap_err()
                .parameter(),
            Some("scope")
        );
    }
}
