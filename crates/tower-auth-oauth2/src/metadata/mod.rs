//! What an authorization server says about itself (RFC 8414, OpenID Connect Discovery).

mod begin;
mod discover;

pub use self::discover::{Discovery, well_known_urls};

use crate::{HttpClient, TokenError, error::What};
use http::StatusCode;
use serde_json::{Map, Value};
use tower_auth_core::AuthError;

/// What an authorization server says about itself (RFC 8414 section 2).
///
/// From its issuer by [`discover`](Self::discover), or from a document that is at hand by [`parse`](Self::parse). It
/// begins the builders of grants at the endpoints that it names, with the HTTP client that discovered it.
///
/// The endpoints may be at other origins than the issuer, as those of Google are: whoever controls the document decides
/// where secrets are sent, which is why it is got over https and has to name its issuer.
///
/// ```no_run
/// # async fn run(client: tower_auth_oauth2::HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// use tower_auth_oauth2::{ClientAuth, ServerMetadata};
///
/// // `client` is an `HttpClient`, such as `HttpClient::default()`.
/// let server = ServerMetadata::discover("https://as.example.com", &client).await?;
/// let auth = server.client_credentials(ClientAuth::basic("s6BhdRkqt3", "gX1fBat3bV")?)?.scope("orders:read").build()?;
/// # Ok(())
/// # }
/// ```
///
/// The endpoints of an https issuer are https: what it names otherwise is as if it were not there.
#[derive(Clone, Debug)]
pub struct ServerMetadata {
    fields: Map<String, Value>,
    /// How it was found, which is how it is asked.
    reached: Reached,
}

/// How a server is reached.
#[derive(Clone, Debug, Default)]
struct Reached {
    http: Option<HttpClient>,
    allow_localhost: bool,
}

/// The documents.
impl PartialEq for ServerMetadata {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl ServerMetadata {
    /// Reads a document, which must name this issuer, letter by letter (RFC 8414 section 3.3).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when it is no such document.
    pub fn parse(issuer: impl AsRef<str>, document: impl AsRef<str>) -> Result<Self, AuthError> {
        let issuer = issuer.as_ref();
        let document = document.as_ref();
        Self::read(document, |named| named == issuer)
            .map_err(|error| error.into_auth("unusable server metadata"))
    }

    /// Reads a document whose issuer passes this test.
    fn read(document: &str, is_issuer: impl Fn(&str) -> bool) -> Result<Self, TokenError> {
        let Ok(Value::Object(fields)) = serde_json::from_str(document) else {
            return Err(What::Malformed {
                status: StatusCode::OK,
                why: "no JSON object",
            }
            .into());
        };
        let this = Self {
            fields,
            reached: Reached::default(),
        };
        if this.issuer().is_some_and(is_issuer) {
            Ok(this)
        } else {
            Err(What::IssuerMismatch {
                named: this.issuer().map(str::to_owned),
            }
            .into())
        }
    }

    /// The same server for a client that shows a certificate: at the endpoints that are named for such clients
    /// (`mtls_endpoint_aliases`, RFC 8705 section 5), where there are any.
    #[must_use]
    pub fn for_mutual_tls(mut self) -> Self {
        if let Some(Value::Object(aliases)) = self.fields.remove("mtls_endpoint_aliases") {
            let endpoints = aliases
                .into_iter()
                .filter(|(name, _)| name.ends_with("_endpoint"));
            self.fields.extend(endpoints);
        }
        self
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    fn list(&self, name: &str) -> Option<Vec<&str>> {
        let list = self.fields.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }

    fn flag(&self, name: &str) -> bool {
        self.fields
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// Who issues the tokens.
    pub fn issuer(&self) -> Option<&str> {
        self.text("issuer")
    }

    /// Where tokens are issued.
    pub fn token_endpoint(&self) -> Option<&str> {
        self.secure("token_endpoint")
    }

    /// Where users log in.
    pub fn authorization_endpoint(&self) -> Option<&str> {
        self.secure("authorization_endpoint")
    }

    /// Where device codes are issued (RFC 8628 section 4).
    pub fn device_authorization_endpoint(&self) -> Option<&str> {
        self.secure("device_authorization_endpoint")
    }

    /// Where tokens are revoked.
    pub fn revocation_endpoint(&self) -> Option<&str> {
        self.secure("revocation_endpoint")
    }

    /// Where tokens are introspected.
    pub fn introspection_endpoint(&self) -> Option<&str> {
        self.secure("introspection_endpoint")
    }

    /// How clients may authenticate at the token endpoint; `client_secret_basic` when the server does not say.
    pub fn token_endpoint_auth_methods(&self) -> Vec<&str> {
        self.list("token_endpoint_auth_methods_supported")
            .unwrap_or_else(|| vec!["client_secret_basic"])
    }

    /// How clients may authenticate to revoke; `client_secret_basic` when the server does not say.
    pub fn revocation_endpoint_auth_methods(&self) -> Vec<&str> {
        self.list("revocation_endpoint_auth_methods_supported")
            .unwrap_or_else(|| vec!["client_secret_basic"])
    }

    /// The grants; `authorization_code` and `implicit` when the server does not say. Servers forget some that they have.
    pub fn grant_types(&self) -> Vec<&str> {
        self.list("grant_types_supported")
            .unwrap_or_else(|| vec!["authorization_code", "implicit"])
    }

    /// How answers of the authorization endpoint come back; `query` and `fragment` when the server does not say.
    pub fn response_modes(&self) -> Vec<&str> {
        self.list("response_modes_supported")
            .unwrap_or_else(|| vec!["query", "fragment"])
    }

    /// Whether answers of the authorization endpoint name the issuer (RFC 9207).
    pub fn names_issuer_in_answers(&self) -> bool {
        self.flag("authorization_response_iss_parameter_supported")
    }

    /// Whether authorization requests have to be pushed (RFC 9126).
    pub fn requires_pushed_requests(&self) -> bool {
        self.flag("require_pushed_authorization_requests")
    }

    /// All of it.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The URL of an endpoint, unless it is less secure than the issuer.
    fn secure(&self, name: &str) -> Option<&str> {
        let is_https = |url: &str| {
            url.get(..8)
                .is_some_and(|s| s.eq_ignore_ascii_case("https://"))
        };
        let must_be = self.issuer().is_none_or(is_https);
        self.text(name).filter(|url| !must_be || is_https(url))
    }

    fn endpoint(&self, name: &'static str) -> Result<&str, AuthError> {
        self.secure(name).ok_or_else(|| {
            let what = match self.text(name) {
                Some(_) => What::InsecureEndpoint(name),
                None => What::NoEndpoint(name),
            };
            let error = TokenError::from(what);
            let issuer = self.issuer().and_then(|issuer| issuer.parse().ok());
            let error = match &issuer {
                Some(issuer) => error.at(issuer),
                None => error,
            };
            error.into_auth("unusable server metadata")
        })
    }
}

#[cfg(test)]
mod tests;
