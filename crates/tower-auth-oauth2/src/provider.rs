//! Providers as data: where their endpoints are, and what is particular about them.

#[cfg(feature = "password")]
use crate::grant::Password;
use crate::{
    ClientAuth, HttpClient, OAuth2, OAuth2Builder, ServerMetadata, grant::ClientCredentials,
};
use tower_auth_core::{AuthError, Secret};

/// Where a provider issues tokens, and what is particular about that.
///
/// Of providers that are not here, [`ServerMetadata`](crate::ServerMetadata) finds the endpoints.
///
/// ```
/// use tower_auth_oauth2::Provider;
/// # use tower_auth_oauth2::HttpClient;
/// # use {bytes::Bytes, http::{Request, Response}, http_body_util::Full, std::convert::Infallible};
/// # let client = HttpClient::new(tower::service_fn(async |_: Request<tower_auth_oauth2::Body>| {
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
    /// How its metadata name the issuer.
    names: Names,
}

/// How metadata name their issuer.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Names {
    /// As it was asked for.
    Exactly,
    /// As Entra does, for this tenant.
    Tenant(String),
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
            names: Names::Exactly,
        })
    }

    /// Microsoft Entra ID, version 2: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
    ///
    /// The tenant is its GUID, one of its domains, `common`, `organizations`, or `consumers`. Client credentials need one
    /// of the first two, and the scope `{resource}/.default`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the tenant is empty or has characters
    /// that do not belong there.
    pub fn entra(tenant: &str) -> Result<Self, AuthError> {
        check("tenant", tenant)?;
        Ok(Self {
            issuer: entra_issuer(tenant),
            token_url: format!("{ENTRA}/{tenant}/oauth2/v2.0/token"),
            scope_example: Some(
                "`{resource}/.default`, e.g. `https://graph.microsoft.com/.default`",
            ),
            password_scope: None,
            names: Names::Tenant(tenant.to_owned()),
        })
    }

    /// The issuer. Its metadata may name it otherwise; see [`discover`](Self::discover).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the provider says about itself, for its other endpoints.
    ///
    /// Its document must name the issuer as RFC 8414 section 3.3 says. Entra's does not, but for a tenant that is given as
    /// a GUID. What is taken instead, always of the host `login.microsoftonline.com`:
    ///
    /// | tenant | issuer in the document |
    /// | --- | --- |
    /// | `common`, `organizations` | the template `https://login.microsoftonline.com/{tenantid}/v2.0`, word for word |
    /// | `consumers`, a domain | `https://login.microsoftonline.com/<some GUID>/v2.0` |
    ///
    /// So of tokens for several tenants it is not known beforehand who issued them: compare their `iss` with the template,
    /// their `tid` in its place.
    ///
    /// # Errors
    ///
    /// As [`ServerMetadata::discover`].
    pub async fn discover(&self, client: &HttpClient) -> Result<ServerMetadata, AuthError> {
        let discovery = ServerMetadata::discovery(&self.issuer).http_client(client.clone());
        discovery.discover_as(|named| self.is_named(named)).await
    }

    /// Whether this is the issuer, as the metadata name it.
    fn is_named(&self, issuer: &str) -> bool {
        let Names::Tenant(tenant) = &self.names else {
            return issuer == self.issuer;
        };
        let named = issuer
            .strip_prefix(ENTRA)
            .and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/v2.0"));
        named.is_some_and(|named| match &**tenant {
            "common" | "organizations" => named == "{tenantid}",
            tenant if is_guid(tenant) => named.eq_ignore_ascii_case(tenant),
            _ => is_guid(named),
        })
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

const ENTRA: &str = "https://login.microsoftonline.com";

fn entra_issuer(tenant: &str) -> String {
    format!("{ENTRA}/{tenant}/v2.0")
}

/// Eight, four, four, four, and twelve hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
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
        let never = tower::service_fn(|_: http::Request<tower_auth_http::Body>| {
            std::future::pending::<
                Result<
                    http::Response<http_body_util::Full<bytes::Bytes>>,
                    std::convert::Infallible,
                >,
            >()
        });
        assert_eq!(
            okta.client_credentials("i", "s")
                .http_client(HttpClient::new(never))
                .build()
                .unwrap_err()
                .parameter(),
            Some("scope")
        );
    }

    #[test]
    fn entra_names_itself_by_a_template_or_a_guid_and_nobody_else_does() {
        const GUID: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let named = |tenant: &str, issuer: &str| Provider::entra(tenant).unwrap().is_named(issuer);
        let template = entra_issuer("{tenantid}");
        let guid = entra_issuer(GUID);
        assert!(named("common", &template) && named("organizations", &template));
        assert!(named("consumers", &guid) && named("contoso.com", &guid));
        assert!(named(GUID, &guid) && named(&GUID.to_uppercase(), &guid));
        for (tenant, issuer) in [
            ("common", &*guid),
            ("contoso.com", &*template),
            (GUID, &*template),
            (GUID, &*entra_issuer("00000000-0000-0000-0000-000000000000")),
            ("contoso.com", &*entra_issuer("contoso.com")),
            ("contoso.com", &*entra_issuer("a/b")),
            ("common", "https://attacker.example/{tenantid}/v2.0"),
            (
                "common",
                "https://login.microsoftonline.com.attacker.example/{tenantid}/v2.0",
            ),
            (
                "common",
                "https://login.microsoftonline.com/{tenantid}/v2.0/",
            ),
            ("common", ""),
        ] {
            assert!(!named(tenant, issuer), "{tenant} {issuer}");
        }
        let okta = Provider::okta("a.okta.com", "default").unwrap();
        assert!(okta.is_named("https://a.okta.com/oauth2/default"));
        assert!(!okta.is_named("https://a.okta.com/oauth2/default/"));
    }
}
