//! What can go wrong at an authorization server, with types.

mod description;
mod printable;
mod response;

pub use self::response::ErrorResponse;

use self::printable::Printable;
use http::StatusCode;
use std::{error::Error as StdError, fmt, time::Duration};
use tower_auth_core::{AuthError, ErrorKind};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Why no token could be had.
///
/// It is the [`source()`](StdError::source) of an [`AuthError`] of kind
/// [`Credentials`](ErrorKind::Credentials):
///
/// ```
/// use std::error::Error;
/// use tower_auth_core::AuthError;
/// use tower_auth_oauth2::TokenError;
///
/// fn must_log_in_again(error: &AuthError) -> bool {
///     let cause = error.source().and_then(|cause| cause.downcast_ref::<TokenError>());
///     cause.and_then(TokenError::response).is_some_and(|answer| answer.error() == Some("invalid_grant"))
/// }
/// # let _ = must_log_in_again;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The server answered with an error (RFC 6749 section 5.2), or with a status that is one.
    Response(Box<ErrorResponse>),
    /// The server could not be reached, or the connection broke. The error is that of the HTTP client; when it shows
    /// something secret, its text without that.
    Unreachable(BoxError),
    /// The server took longer than this.
    TimedOut(Duration),
    /// The server's answer is larger than this many bytes.
    TooLarge(usize),
    /// The server answered with success, and what it sent is not what it should be. The text says what is missing.
    Malformed {
        /// The status of the answer.
        status: StatusCode,
        /// What is wrong.
        why: &'static str,
    },
    /// The server redirects. Redirects are not followed: they would carry the client's credentials elsewhere.
    Redirected(StatusCode),
    /// The server issued a token of a type that cannot be sent as a bearer token.
    TokenType(String),
    /// The user did not enter the code in time (RFC 8628).
    DeviceCodeExpired,
    /// There is no token without a person who logs in, and it is not the time to ask for one: the old token is still good.
    InteractionRequired,
    /// The metadata names another issuer than the one that was asked (RFC 8414 section 3.3), or none.
    IssuerMismatch {
        /// Which one.
        named: Option<String>,
    },
    /// The server has no such endpoint, says its metadata.
    NoEndpoint(&'static str),
    /// The request to the server could not be made: a key that cannot sign, credentials that could not be had.
    Request(AuthError),
}

impl TokenError {
    /// The server's own words, when it answered with an error.
    pub fn response(&self) -> Option<&ErrorResponse> {
        match self {
            Self::Response(response) => Some(response),
            _ => None,
        }
    }

    /// Whether the same request may succeed later: the server was not reached, is overloaded, or broken.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Response(response) => {
                let status = response.status();
                status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT
                    || matches!(
                        response.error(),
                        Some("temporarily_unavailable" | "server_error" | "slow_down")
                    )
            }
            Self::Unreachable(_) | Self::TimedOut(_) => true,
            _ => false,
        }
    }

    /// How long the server asked not to be asked again (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.response().and_then(ErrorResponse::retry_after)
    }

    /// Whether the server refused this grant or refresh token for good, so that only another grant can help.
    ///
    /// Servers say so with any code, some with a status of 200, and some with a status of 400, 401 or 403 and nothing
    /// else. What a gateway says that does not find the server (404) is none, nor is what the client itself is to blame
    /// for.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Response(response) = self else {
            return false;
        };
        let about_the_client = [
            "invalid_client",
            "unauthorized_client",
            "incorrect_client_credentials", // GitHub
        ];
        !self.is_transient()
            && match response.error() {
                Some(code) => !about_the_client.contains(&code),
                None => matches!(response.status().as_u16(), 400 | 401 | 403),
            }
    }

    /// What waits has to be on a runtime.
    pub(crate) fn no_runtime() -> Self {
        let why = "waiting for a person needs a tokio runtime with timers; there is none here";
        Self::Request(AuthError::new(ErrorKind::Credentials, why))
    }

    /// As the error of a scheme.
    pub(crate) fn into_auth(self, context: &'static str) -> AuthError {
        match self {
            Self::Request(error) => error,
            error => AuthError::new(ErrorKind::Credentials, context).with_source(error),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(response) => response.fmt(f),
            Self::Unreachable(_) => f.write_str("the authorization server could not be reached"),
            Self::TimedOut(after) => write!(
                f,
                "the authorization server did not answer within {} ms",
                after.as_millis()
            ),
            Self::TooLarge(limit) => write!(
                f,
                "the authorization server's answer is larger than {limit} bytes"
            ),
            Self::Malformed { status, why } => write!(
                f,
                "the authorization server answered {} with {why}",
                status.as_u16()
            ),
            Self::Redirected(status) => write!(
                f,
                "the authorization server redirects ({}), which is not followed because the client's credentials would \
                 go elsewhere; configure the final URL",
                status.as_u16()
            ),
            Self::TokenType(kind) => write!(
                f,
                "the authorization server issued a token of type `{kind}`, which is not a bearer token"
            ),
            Self::DeviceCodeExpired => f.write_str("the user did not enter the code in time"),
            Self::InteractionRequired => f.write_str("a person has to log in"),
            Self::IssuerMismatch { named: Some(named) } => write!(
                f,
                "the metadata names another issuer than the one that was asked for, `{}`; \
                 if that is who you mean, configure it exactly so",
                Printable(named)
            ),
            Self::IssuerMismatch { named: None } => f.write_str("the metadata names no issuer"),
            Self::NoEndpoint(name) => {
                write!(
                    f,
                    "the metadata of the authorization server has no `{name}`"
                )
            }
            Self::Request(error) => error.fmt(f),
        }
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreachable(error) => Some(error.as_ref()),
            Self::Request(error) => error.source(),
            _ => None,
        }
    }
}

impl From<AuthError> for TokenError {
    fn from(error: AuthError) -> Self {
        Self::Request(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refusal(status: u16, code: Option<&str>) -> bool {
        let mut fields = serde_json::Map::new();
        if let Some(code) = code {
            fields.insert("error".to_owned(), code.into());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let response = ErrorResponse::from_fields(status, None, fields.into());
        TokenError::Response(Box::new(response)).is_refusal()
    }

    #[test]
    fn a_refusal_is_told_from_a_failure_and_from_a_gateway() {
        for (status, code) in [
            (400, Some("invalid_grant")),
            (403, Some("invalid_code")),
            (400, None),
            (403, None),
            (200, Some("bad_refresh_token")), // GitHub
            (404, Some("invalid_grant")),
        ] {
            assert!(is_refusal(status, code), "{status} {code:?}");
        }
        for (status, code) in [
            (401, Some("invalid_client")),
            (200, Some("incorrect_client_credentials")),
            (400, Some("temporarily_unavailable")),
            (404, None),
            (407, None),
            (413, None),
            (429, None),
            (500, Some("invalid_grant")),
            (503, None),
        ] {
            assert!(!is_refusal(status, code), "{status} {code:?}");
        }
    }
}
