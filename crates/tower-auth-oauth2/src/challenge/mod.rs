//! Challenges: what a server says when it refuses a token (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470).

mod parse;

use http::{HeaderMap, Response, header::WWW_AUTHENTICATE};
use std::{error::Error as StdError, fmt, time::Duration};

/// One challenge of a `WWW-Authenticate` header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    scheme: String,
    token68: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The challenges of one header value, in order. What is not understood is left out; at most 32.
    pub fn parse(value: &str) -> Vec<Self> {
        parse::challenges(value.as_bytes()).collect()
    }

    /// The challenges of all `WWW-Authenticate` headers, in order.
    pub fn all(headers: &HeaderMap) -> Vec<Self> {
        headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .take(16)
            .flat_map(|value| parse::challenges(value.as_bytes()).collect::<Vec<_>>())
            .collect()
    }

    /// The scheme, as the server wrote it: `Bearer`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether this is its scheme, in whatever case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// What schemes such as `Negotiate` have in the place of parameters.
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }

    /// The value of a parameter, by its name in lower case. An empty value counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    /// All parameters, their names in lower case.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }
}

/// Why a server refused a bearer token (RFC 6750 section 3.1, RFC 9470 section 3).
///
/// Only the first can be helped by a fresh token. After the others, the scheme neither fetches one nor
/// [replays](tower_auth_core::SchemeExt::replay), and the response is handed up as it is, since its body may say more.
/// [`check`](Self::check) makes an error of it that says what is missing:
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{SchemeExt, replay::Cloned};
/// use tower_auth_oauth2::{BearerError, OAuth2, TokenResponse};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |_: Request<Full<Bytes>>| {
///     let challenge = r#"Bearer error="insufficient_scope", scope="orders:write""#;
///     let response = Response::builder().status(403).header("www-authenticate", challenge);
///     Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).unwrap())
/// });
/// let auth = OAuth2::from_fn(async || Ok(TokenResponse::new("mF_9.B5f-4.1JqM"))).build()?;
/// let client = auth.only_to("https://api.example.com")?.replay(Cloned).layer(http);
///
/// let request = Request::post("https://api.example.com/orders").body(Full::default())?;
/// match BearerError::check(client.oneshot(request).await?) {
///     Ok(response) => panic!("{response:?}"),
///     Err(BearerError::InsufficientScope { scope }) => assert_eq!(scope.as_deref(), Some("orders:write")),
///     Err(other) => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BearerError {
    /// `invalid_token`: expired, revoked, malformed. A fresh one may do.
    InvalidToken,
    /// `insufficient_scope`: the token is good, but not for this.
    InsufficientScope {
        /// What it would have to be good for.
        scope: Option<String>,
    },
    /// `insufficient_user_authentication`: the user has to log in again, or in a stronger way (step-up, RFC 9470).
    InsufficientUserAuthentication {
        /// How: authentication context classes, in order of preference, separated by blanks.
        acr_values: Option<String>,
        /// How long ago the user may have logged in.
        max_age: Option<Duration>,
        /// The scope, when one is named.
        scope: Option<String>,
    },
    /// `invalid_request`: the request is malformed.
    InvalidRequest,
    /// Any other code, such as `use_dpop_nonce`.
    Other(String),
}

impl BearerError {
    /// What the challenges of a response say, whatever its status. `None` when they name no error.
    pub fn of<B>(response: &Response<B>) -> Option<Self> {
        Self::from_headers(response.headers())
    }

    /// The same, from the headers.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let challenges = Challenge::all(headers);
        let of_token = challenges.iter().filter(|c| c.is("Bearer") || c.is("DPoP"));
        let mut errors =
            of_token.filter_map(|challenge| Some((challenge, challenge.get("error")?)));
        let (challenge, error) = errors.next()?;
        let text = |name| challenge.get(name).map(str::to_owned);
        Some(match error {
            "invalid_token" => Self::InvalidToken,
            "insufficient_scope" => Self::InsufficientScope {
                scope: text("scope"),
            },
            "insufficient_user_authentication" => Self::InsufficientUserAuthentication {
                acr_values: text("acr_values"),
                max_age: challenge
                    .get("max_age")
                    .and_then(|seconds| seconds.parse().ok())
                    .map(Duration::from_secs),
                scope: text("scope"),
            },
            "invalid_request" => Self::InvalidRequest,
            other => Self::Other(other.to_owned()),
        })
    }

    /// The response, unless its status says that the client is to blame (4xx) and a challenge names the error.
    ///
    /// # Errors
    ///
    /// What the challenge says. The body is dropped; where it matters, ask [`of`](Self::of).
    pub fn check<B>(response: Response<B>) -> Result<Response<B>, Self> {
        match Self::of(&response) {
            Some(error) if response.status().is_client_error() => Err(error),
            _ => Ok(response),
        }
    }

    /// Whether a fresh token may do.
    pub fn is_curable(&self) -> bool {
        matches!(self, Self::InvalidToken)
    }
}

impl fmt::Display for BearerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidToken => f.write_str("the token is expired, revoked or malformed"),
            Self::InsufficientScope { scope: Some(scope) } => {
                write!(
                    f,
                    "the token is not good for this; it would need scope `{scope}`"
                )
            }
            Self::InsufficientScope { scope: None } => {
                f.write_str("the token is not good for this; it would need more scope")
            }
            Self::InsufficientUserAuthentication {
                acr_values,
                max_age,
                ..
            } => {
                f.write_str("the user has to log in again")?;
                if let Some(acr) = acr_values {
                    write!(f, ", by one of `{acr}`")?;
                }
                if let Some(age) = max_age {
                    write!(f, ", no longer than {} s ago", age.as_secs())?;
                }
                Ok(())
            }
            Self::InvalidRequest => f.write_str("the request is malformed"),
            Self::Other(code) => write!(f, "the server refused the token: {code}"),
        }
    }
}

impl StdError for BearerError {}

#[cfg(test)]
mod tests;
