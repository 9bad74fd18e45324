//! Providers as data: where their endpoints are, and what is particular about them.

#[cfg(feature = "password")]
use crate::grant::Password;
use crate::{
    ClientAuth, HttpClient, OAuth2, OAuth2Builder, ServerMetadata, grant::ClientCredentials,
};
use tower_auth_core::{AuthError, Secret};

/// Where a provider issues tokens, and what is particular about that.
///
/// | provider | logins in a browser | particular |
/// | --- | --- | --- |
/// | [`okta`](Self::okta) | code, implicit | an authorization server; `openid` by default |
/// | [`entra`](Self::entra), [`entra_v1`](Self::entra_v1) | code, implicit | a tenant; a scope, or a `resource` in version 1 |
/// | [`google`](Self::google) | code | a scope |
/// | [`github`](Self::github) | code | a secret |
/// | [`wakatime`](Self::wakatime) | code | scopes with commas, a secret in the body |
/// | [`auth0`](Self::auth0) | code | an audience |
/// | [`keycloak`](Self::keycloak) | code | a realm |
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
    authorization_url: String,
    token_url: String,
    /// How its metadata name the issuer.
    names: Names,
    scopes: Scopes,
    /// httpx_auth sends the client's secret through the browser, and makes its key with it.
    secret_in_key: bool,
}

/// What it wants for scopes.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Scopes {
    separator: char,
    /// Where one is mandatory for client credentials: what to name in the error.
    for_client: Option<&'static str>,
    /// The same for logins in a browser.
    for_login: Option<&'static str>,
    /// What password grants ask for when nothing is said, what logins do, and what the implicit grant does.
    password: Option<&'static str>,
    login: Option<&'static str>,
    implicit: Option<&'static str>,
}

impl Scopes {
    const NONE: Self = Self {
        separator: ' ',
        for_client: None,
        for_login: None,
        password: None,
        login: None,
        implicit: None,
    };
}

/// How metadata name their issuer.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Names {
    /// As it was asked for.
    Exactly,
    /// As Entra does, for this tenant, between this and that.
    Tenant(String, &'static str, &'static str),
    /// Nobody knows.
    Unknown,
}

impl Provider {
    fn new(issuer: String, authorization_url: String, token_url: String) -> Self {
        Self {
            issuer,
            authorization_url,
            token_url,
            names: Names::Exactly,
            scopes: Scopes::NONE,
            secret_in_key: false,
        }
    }

    /// Okta: `https://{instance}/oauth2/{authorization_server}/v1/authorize` and `…/v1/token`. The authorization server is
    /// mostly `default`.
    ///
    /// Client credentials need a scope. Logins and password grants ask for `openid` when none is given, implicit ones for
    /// `openid profile email`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when either is empty or has characters
    /// that do not belong there.
    pub fn okta(
        instance: impl AsRef<str>,
        authorization_server: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let instance = instance.as_ref();
        let authorization_server = authorization_server.as_ref();
        check("instance", instance)?;
        check("authorization_server", authorization_server)?;
        let issuer = format!("https://{instance}/oauth2/{authorization_server}");
        let (page, token) = (
            format!("{issuer}/v1/authorize"),
            format!("{issuer}/v1/token"),
        );
        Ok(Self {
            scopes: Scopes {
                for_client: Some("one of those that the authorization server defines"),
                password: Some("openid"),
                login: Some("openid"),
                implicit: Some("openid profile email"),
                ..Scopes::NONE
            },
            ..Self::new(issuer, page, token)
        })
    }

    /// Microsoft Entra ID (Azure Active Directory), version 2:
    /// `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize` and `…/token`.
    ///
    /// The tenant is its GUID, one of its domains, `common`, `organizations`, or `consumers`. Client credentials need one
    /// of the first two, and the scope `{resource}/.default`. Logins need a scope, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the tenant is empty or has characters
    /// that do not belong there.
    pub fn entra(tenant: impl AsRef<str>) -> Result<Self, AuthError> {
        let tenant = tenant.as_ref();
        check("tenant", tenant)?;
        let at = |name| format!("{ENTRA}/{tenant}/oauth2/v2.0/{name}");
        Ok(Self {
            names: Names::Tenant(
                tenant.to_owned(),
                "https://login.microsoftonline.com/",
                "/v2.0",
            ),
            scopes: Scopes {
                for_client: Some(
                    "`{resource}/.default`, e.g. `https://graph.microsoft.com/.default`",
                ),
                for_login: Some("e.g. `openid offline_access`, or `{resource}/{permission}`"),
                ..Scopes::NONE
            },
            ..Self::new(entra_issuer(tenant), at("authorize"), at("token"))
        })
    }

    /// Azure Active Directory, version 1: `https://login.microsoftonline.com/{tenant}/oauth2/authorize` and `…/token`.
    ///
    /// What a token is for is said with `resource` instead of a scope. Microsoft has [version 2](Self::entra) for what is
    /// new.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the tenant is empty or has characters
    /// that do not belong there.
    pub fn entra_v1(tenant: impl AsRef<str>) -> Result<Self, AuthError> {
        let tenant = tenant.as_ref();
        check("tenant", tenant)?;
        let issuer = format!("{ENTRA}/{tenant}");
        let at = |name| format!("{issuer}/oauth2/{name}");
        let (page, token) = (at("authorize"), at("token"));
        Ok(Self {
            names: Names::Tenant(tenant.to_owned(), "https://sts.windows.net/", "/"),
            ..Self::new(issuer, page, token)
        })
    }

    /// Google: `https://accounts.google.com/o/oauth2/v2/auth` and `https://oauth2.googleapis.com/token`.
    ///
    /// Logins need a scope. Clients for desktops have a secret as well: say it with
    /// [`client_auth`](OAuth2Builder::client_auth). For a refresh token, say
    /// `authorization_parameter("access_type", "offline")`.
    pub fn google() -> Self {
        Self {
            scopes: Scopes {
                for_login: Some("e.g. `openid email`"),
                ..Scopes::NONE
            },
            ..Self::new(
                "https://accounts.google.com".to_owned(),
                "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                "https://oauth2.googleapis.com/token".to_owned(),
            )
        }
    }

    /// GitHub: `https://github.com/login/oauth/authorize` and `…/access_token`.
    ///
    /// Clients have a secret: say it with [`client_auth`](OAuth2Builder::client_auth).
    pub fn github() -> Self {
        let at = |name| format!("https://github.com/login/oauth/{name}");
        Self {
            names: Names::Unknown,
            ..Self::new(
                "https://github.com/login/oauth".to_owned(),
                at("authorize"),
                at("access_token"),
            )
        }
    }

    /// WakaTime: `https://wakatime.com/oauth/authorize` and `…/token`.
    ///
    /// A scope is mandatory; several are joined with commas. So is a secret, which it takes in the body only:
    /// `client_auth(ClientAuth::post(id, secret)?)`.
    pub fn wakatime() -> Self {
        let at = |name| format!("https://wakatime.com/oauth/{name}");
        Self {
            names: Names::Unknown,
            scopes: Scopes {
                separator: ',',
                for_client: Some("e.g. `email`"),
                for_login: Some("e.g. `email`"),
                ..Scopes::NONE
            },
            secret_in_key: true,
            ..Self::new(
                "https://wakatime.com".to_owned(),
                at("authorize"),
                at("token"),
            )
        }
    }

    /// Auth0: `https://{domain}/authorize` and `https://{domain}/oauth/token`.
    ///
    /// For a token that an API takes, name it with [`audience`](OAuth2Builder::audience).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the domain is empty or has characters
    /// that do not belong there.
    pub fn auth0(domain: impl AsRef<str>) -> Result<Self, AuthError> {
        let domain = domain.as_ref();
        check("domain", domain)?;
        let at = |name| format!("https://{domain}/{name}");
        Ok(Self::new(at(""), at("authorize"), at("oauth/token")))
    }

    /// Keycloak: `{base_url}/realms/{realm}/protocol/openid-connect/auth` and `…/token`. Before version 17 the base URL
    /// ends with `/auth`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the URL is neither https nor of this
    /// machine, or the realm is empty or has characters that do not belong there.
    pub fn keycloak(base_url: impl AsRef<str>, realm: impl AsRef<str>) -> Result<Self, AuthError> {
        let base_url = base_url.as_ref();
        let realm = realm.as_ref();
        crate::url::endpoint("base_url", base_url, true)?;
        if base_url.contains(['?', '#']) {
            return Err(AuthError::configuration(
                "base_url",
                "has a query, or a fragment",
            ));
        }
        check("realm", realm)?;
        let issuer = format!("{}/realms/{realm}", base_url.trim_end_matches('/'));
        let at = |name| format!("{issuer}/protocol/openid-connect/{name}");
        let (page, token) = (at("auth"), at("token"));
        Ok(Self::new(issuer, page, token))
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
        let Names::Tenant(tenant, before, after) = &self.names else {
            return issuer == self.issuer;
        };
        let named = issuer
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        named.is_some_and(|named| match &**tenant {
            "common" | "organizations" => named == "{tenantid}",
            tenant if is_guid(tenant) => named.eq_ignore_ascii_case(tenant),
            _ => is_guid(named),
        })
    }

    /// The authorization endpoint.
    pub fn authorization_url(&self) -> &str {
        &self.authorization_url
    }

    /// The token endpoint.
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// [`OAuth2::client_credentials`] at this provider.
    pub fn client_credentials(
        &self,
        client_id: impl AsRef<str>,
        client_secret: impl Into<Secret>,
    ) -> OAuth2Builder<ClientCredentials> {
        let client_id = client_id.as_ref();
        let builder = OAuth2::client_credentials(&self.token_url, client_id, client_secret);
        builder
            .scope_separator(self.scopes.separator)
            .require_scope(self.scopes.for_client)
    }

    /// [`OAuth2::client_credentials_as`] at this provider.
    pub fn client_credentials_as(&self, auth: ClientAuth) -> OAuth2Builder<ClientCredentials> {
        OAuth2::client_credentials_as(&self.token_url, auth)
            .scope_separator(self.scopes.separator)
            .require_scope(self.scopes.for_client)
    }

    /// [`OAuth2::authorization_code`] at this provider.
    #[cfg(feature = "browser")]
    #[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
    pub fn authorization_code(
        &self,
        client_id: impl AsRef<str>,
    ) -> OAuth2Builder<crate::AuthorizationCode> {
        let client_id = client_id.as_ref();
        let builder =
            OAuth2::authorization_code(&self.authorization_url, &self.token_url, client_id)
                .scope_separator(self.scopes.separator)
                .require_scope(self.scopes.for_login)
                .default_scope(self.scopes.login)
                .secret_in_key(self.secret_in_key);
        match self.names {
            Names::Exactly => builder.issuer(&self.issuer),
            Names::Tenant(..) | Names::Unknown => builder,
        }
    }

    /// [`OAuth2::implicit`] at this provider, with what it says there about not using it.
    #[cfg(feature = "implicit")]
    #[cfg_attr(docsrs, doc(cfg(feature = "implicit")))]
    pub fn implicit(&self, client_id: impl AsRef<str>) -> OAuth2Builder<crate::Implicit> {
        let client_id = client_id.as_ref();
        let builder = OAuth2::implicit(&self.authorization_url, client_id)
            .scope_separator(self.scopes.separator)
            .require_scope(self.scopes.for_login)
            .default_scope(self.scopes.implicit);
        match self.names {
            Names::Exactly => builder.issuer(&self.issuer),
            Names::Tenant(..) | Names::Unknown => builder,
        }
    }

    /// [`OAuth2::password`] at this provider, with what it says there about not using it.
    #[cfg(feature = "password")]
    #[cfg_attr(docsrs, doc(cfg(feature = "password")))]
    pub fn password(
        &self,
        username: impl AsRef<str>,
        password: impl Into<Secret>,
        auth: ClientAuth,
    ) -> OAuth2Builder<Password> {
        let username = username.as_ref();
        OAuth2::password(&self.token_url, username, password)
            .client_auth(auth)
            .default_scope(self.scopes.password)
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
    fn all_others_are_where_they_say_too() {
        let v1 = Provider::entra_v1("contoso.com").unwrap();
        let keycloak = Provider::keycloak("https://sso.example/auth/", "main").unwrap();
        let auth0 = Provider::auth0("example.eu.auth0.com").unwrap();
        for (provider, issuer, page, token) in [
            (
                Provider::okta("a.okta.com", "x1").unwrap(),
                "https://a.okta.com/oauth2/x1",
                "https://a.okta.com/oauth2/x1/v1/authorize",
                "https://a.okta.com/oauth2/x1/v1/token",
            ),
            (
                v1,
                "https://login.microsoftonline.com/contoso.com",
                "https://login.microsoftonline.com/contoso.com/oauth2/authorize",
                "https://login.microsoftonline.com/contoso.com/oauth2/token",
            ),
            (
                Provider::google(),
                "https://accounts.google.com",
                "https://accounts.google.com/o/oauth2/v2/auth",
                "https://oauth2.googleapis.com/token",
            ),
            (
                Provider::github(),
                "https://github.com/login/oauth",
                "https://github.com/login/oauth/authorize",
                "https://github.com/login/oauth/access_token",
            ),
            (
                Provider::wakatime(),
                "https://wakatime.com",
                "https://wakatime.com/oauth/authorize",
                "https://wakatime.com/oauth/token",
            ),
            (
                auth0,
                "https://example.eu.auth0.com/",
                "https://example.eu.auth0.com/authorize",
                "https://example.eu.auth0.com/oauth/token",
            ),
            (
                keycloak,
                "https://sso.example/auth/realms/main",
                "https://sso.example/auth/realms/main/protocol/openid-connect/auth",
                "https://sso.example/auth/realms/main/protocol/openid-connect/token",
            ),
        ] {
            assert_eq!(provider.issuer(), issuer);
            assert_eq!(provider.authorization_url(), page);
            assert_eq!(provider.token_url(), token);
        }
        for (base, realm) in [
            ("http://sso.example", "a"),
            ("https://sso.example?x", "a"),
            ("https://sso.example", "a/b"),
        ] {
            assert!(Provider::keycloak(base, realm).is_err(), "{base} {realm}");
        }
    }

    #[test]
    fn version_1_of_entra_names_itself_by_its_old_host() {
        let named =
            |tenant: &str, issuer: &str| Provider::entra_v1(tenant).unwrap().is_named(issuer);
        let guid = "9188040d-6c67-4c5b-b112-36a304b66dad";
        assert!(named(
            "contoso.com",
            &format!("https://sts.windows.net/{guid}/")
        ));
        assert!(named("common", "https://sts.windows.net/{tenantid}/"));
        assert!(!named(
            "contoso.com",
            &format!("https://login.microsoftonline.com/{guid}/v2.0")
        ));
        assert!(!named(
            "contoso.com",
            &format!("https://sts.windows.net.evil.example/{guid}/")
        ));
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
