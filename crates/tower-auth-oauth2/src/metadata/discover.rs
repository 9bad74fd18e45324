//! Where the document is, and getting it.

use super::{Reached, ServerMetadata};
use crate::{
    HttpClient, TokenError, TokenErrorKind, default_client::default_client, error::What, url,
};
use http::{HeaderValue, Request, header::ACCEPT};
use tower_auth_core::{AuthError, insert_header};
use tower_auth_http::Body;

impl ServerMetadata {
    /// Asks the server of this issuer: at `/.well-known/oauth-authorization-server` (RFC 8414 section 3), then at
    /// `/.well-known/openid-configuration` behind the issuer's path (OpenID Connect Discovery section 4), then in front
    /// of it (RFC 8414 section 5). What is no JSON counts as absent: some servers have a page for everything.
    ///
    /// The document must name this issuer, letter by letter (section 3.3). The issuer is https, or a loopback address
    /// written as a number; [`discovery`](Self::discovery) has more choice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the issuer is neither https nor of
    /// this machine; [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when there is no document, or one
    /// of another issuer: [`TokenErrorKind::IssuerMismatch`].
    pub async fn discover(issuer: &str, client: &HttpClient) -> Result<Self, AuthError> {
        let discovery = Self::discovery(issuer).http_client(client.clone());
        discovery.discover().await
    }

    /// The same, step by step.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), tower_auth_core::AuthError> {
    /// use tower_auth_oauth2::{ClientAuth, ServerMetadata};
    ///
    /// let server = ServerMetadata::discovery("http://localhost:8080/realms/dev").allow_localhost().discover().await?;
    /// let auth = server.client_credentials(ClientAuth::basic("id", "secret")?)?.build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn discovery(issuer: impl AsRef<str>) -> Discovery {
        let issuer = issuer.as_ref();
        Discovery {
            issuer: issuer.to_owned(),
            url: None,
            reached: Reached::default(),
        }
    }

    /// The document at this URL, which must name this issuer, letter by letter: for servers that publish it elsewhere
    /// than [`discover`](Self::discover) looks, or whose issuer is not the URL that they are reached at.
    ///
    /// Say the issuer as the server writes it, from its documentation and not from the document: that they agree is what
    /// keeps one server from passing for another (RFC 8414 section 6.2). The documents of Microsoft Entra ID for several
    /// tenants have a template there:
    ///
    /// ```no_run
    /// # async fn run(client: tower_auth_oauth2::HttpClient) -> Result<(), tower_auth_core::AuthError> {
    /// use tower_auth_oauth2::ServerMetadata;
    ///
    /// let host = "https://login.microsoftonline.com";
    /// let server = ServerMetadata::discover_at(
    ///     &format!("{host}/organizations/v2.0/.well-known/openid-configuration"),
    ///     &format!("{host}/{{tenantid}}/v2.0"),
    ///     &client,
    /// )
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// That one is also had by [`Provider::discover`](crate::Provider::discover).
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover); the URL is named `metadata_url`.
    pub async fn discover_at(
        url: &str,
        issuer: &str,
        client: &HttpClient,
    ) -> Result<Self, AuthError> {
        let discovery = Self::discovery(issuer).metadata_url(url);
        discovery.http_client(client.clone()).discover().await
    }
}

/// Looks for the metadata of a server: [`ServerMetadata::discovery`].
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before `discover`"]
pub struct Discovery {
    issuer: String,
    url: Option<String>,
    reached: Reached,
}

impl Discovery {
    /// The client that asks, and that the builders of the server get. By default (feature `client`) hyper-util's.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.reached.http = Some(client);
        self
    }

    /// Allows unencrypted http to the host name `localhost`, which need not be this machine, here and in the builders of
    /// the server.
    pub fn allow_localhost(mut self) -> Self {
        self.reached.allow_localhost = true;
        self
    }

    /// Where the document is, instead of the places that are made of the issuer.
    pub fn metadata_url(mut self, url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        self.url = Some(url.to_owned());
        self
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// As [`ServerMetadata::discover`]; the URL is named `metadata_url`.
    pub async fn discover(self) -> Result<ServerMetadata, AuthError> {
        let issuer = self.issuer.clone();
        self.discover_as(|named| named == issuer).await
    }

    /// The same, for an issuer that may be named otherwise.
    pub(crate) async fn discover_as(
        mut self,
        is_issuer: impl Fn(&str) -> bool,
    ) -> Result<ServerMetadata, AuthError> {
        let client = match self.reached.http.take() {
            Some(client) => client,
            None => default_client()?,
        };
        let found = self.look(&client, is_issuer).await?;
        self.reached.http = Some(client);
        Ok(ServerMetadata {
            reached: self.reached,
            ..found
        })
    }

    async fn look(
        &self,
        client: &HttpClient,
        is_issuer: impl Fn(&str) -> bool,
    ) -> Result<ServerMetadata, AuthError> {
        if let Some(url) = &self.url {
            let found = self.fetch("metadata_url", url, client, &is_issuer).await?;
            return found.map_err(|error| error.into_auth(CONTEXT));
        }
        url::endpoint("issuer", &self.issuer, self.reached.allow_localhost)?;
        let mut last = TokenError::from(What::NoEndpoint("issuer"));
        for location in well_known_urls(&self.issuer)? {
            last = match self.fetch("issuer", &location, client, &is_issuer).await? {
                Ok(found) => return Ok(found),
                Err(error) => match error.kind() {
                    // It says who it is, and is somebody else; or there is nobody to ask.
                    TokenErrorKind::IssuerMismatch
                    | TokenErrorKind::Unreachable
                    | TokenErrorKind::TimedOut => return Err(error.into_auth(CONTEXT)),
                    _ => error,
                },
            };
        }
        Err(last.into_auth(CONTEXT))
    }

    async fn fetch(
        &self,
        parameter: &'static str,
        location: &str,
        client: &HttpClient,
        is_issuer: impl Fn(&str) -> bool,
    ) -> Result<Result<ServerMetadata, TokenError>, AuthError> {
        let uri = url::endpoint(parameter, location, self.reached.allow_localhost)?;
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        let json = HeaderValue::from_static("application/json");
        insert_header(request.headers_mut(), ACCEPT, json)?;
        let answer = client.send(request).await;
        let found = answer.map_err(TokenError::from).and_then(|response| {
            let status = response.status();
            match std::str::from_utf8(response.body()) {
                Ok(document) if status.is_success() => ServerMetadata::read(document, is_issuer),
                _ => Err(What::Malformed {
                    status,
                    why: "no metadata",
                }
                .into()),
            }
        });
        Ok(found.map_err(|error| error.at(&uri)))
    }
}

const CONTEXT: &str = "the metadata of the authorization server could not be had";

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
