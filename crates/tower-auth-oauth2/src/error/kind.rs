//! Kinds of failure, and what is known of each.

use super::ErrorResponse;
use http::{StatusCode, Uri};
use tower_auth_core::AuthError;
use tower_auth_http::{HttpError, HttpErrorKind, Redactor};

/// What kind of [`TokenError`](crate::TokenError) this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// The server answered with an error (RFC 6749 section 5.2), or with a status that is one:
    /// [`response`](crate::TokenError::response).
    Response,
    /// The server could not be reached, or the connection broke:
    /// [`request_may_have_run`](crate::TokenError::request_may_have_run) tells these apart.
    Unreachable,
    /// The server took longer than it may.
    TimedOut,
    /// The answer to a refresh is lost. If the server replaced the refresh token, the new one is lost with it, and the
    /// next refresh is refused.
    OutcomeUnknown,
    /// The server's answer is larger than it may be.
    TooLarge,
    /// The server answered with success, and what it sent is not what it should be.
    Malformed,
    /// The server redirects. Redirects are not followed: they would carry the client's credentials elsewhere.
    Redirected,
    /// The server issued a token of a type that cannot be sent as a bearer token:
    /// [`token_type`](crate::TokenError::token_type).
    TokenType,
    /// The server granted less than was asked for:
    /// [`missing_scope`](crate::TokenError::missing_scope). Only with
    /// [`require_granted_scope`](crate::OAuth2Builder::require_granted_scope).
    ScopeNotGranted,
    /// The user did not enter the code in time (RFC 8628).
    DeviceCodeExpired,
    /// There is no token without a person who logs in: it is not the time to ask for one, since the old token is still
    /// good, or nobody here can ask.
    InteractionRequired,
    /// The metadata names another issuer than the one that was asked (RFC 8414 section 3.3), or none:
    /// [`issuer`](crate::TokenError::issuer).
    IssuerMismatch,
    /// The server has no such endpoint, says its metadata.
    NoEndpoint,
    /// The metadata of an https issuer name an endpoint that is not https: secrets are not sent there.
    InsecureEndpoint,
    /// The person said no, or the authorization endpoint did (RFC 6749 section 4.1.2.1):
    /// [`response`](crate::TokenError::response).
    Authorization,
    /// No browser came back: `TokenError::browser` says why, and what to do.
    Browser,
    /// A browser came back with something that is no answer.
    Answer,
    /// An answer names another issuer than the one that was asked (RFC 9207), or none:
    /// [`issuer`](crate::TokenError::issuer).
    AnswerOfOther,
    /// The ID token is not of this login: its `nonce` is another one.
    Nonce,
    /// The request to the server could not be made: a key that cannot sign, credentials that could not be had.
    Request,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum What {
    Response(Box<ErrorResponse>),
    /// There is no whole answer.
    Http(HttpError),
    Malformed {
        status: StatusCode,
        why: &'static str,
    },
    TokenType(String),
    ScopeNotGranted(String),
    DeviceCodeExpired,
    InteractionRequired,
    /// The refresh token of the settings was replaced, and what replaced it is gone.
    RefreshTokenReplaced,
    IssuerMismatch {
        named: Option<String>,
    },
    NoEndpoint(&'static str),
    /// The metadata of an https issuer name an endpoint that is not.
    InsecureEndpoint(&'static str),
    /// The authorization endpoint said no, through the browser.
    #[cfg(feature = "browser")]
    Authorization(Box<ErrorResponse>),
    /// No browser came back.
    #[cfg(feature = "browser")]
    Browser(tower_auth_browser::BrowserError),
    /// What came back is no answer.
    #[cfg(feature = "browser")]
    Answer(&'static str),
    /// What came back is of another server.
    #[cfg(feature = "browser")]
    AnswerOfOther {
        named: Option<String>,
    },
    /// The ID token is of another login.
    #[cfg(feature = "browser")]
    Nonce,
    Request(AuthError),
}

impl What {
    pub(super) fn kind(&self) -> TokenErrorKind {
        match self {
            Self::Response(_) => TokenErrorKind::Response,
            Self::Http(error) => match error.kind() {
                HttpErrorKind::TimedOut => TokenErrorKind::TimedOut,
                HttpErrorKind::TooLarge => TokenErrorKind::TooLarge,
                HttpErrorKind::Redirected => TokenErrorKind::Redirected,
                _ => TokenErrorKind::Unreachable,
            },
            Self::Malformed { .. } => TokenErrorKind::Malformed,
            Self::TokenType(_) => TokenErrorKind::TokenType,
            Self::ScopeNotGranted(_) => TokenErrorKind::ScopeNotGranted,
            Self::DeviceCodeExpired => TokenErrorKind::DeviceCodeExpired,
            Self::InteractionRequired | Self::RefreshTokenReplaced => {
                TokenErrorKind::InteractionRequired
            }
            Self::IssuerMismatch { .. } => TokenErrorKind::IssuerMismatch,
            Self::NoEndpoint(_) => TokenErrorKind::NoEndpoint,
            Self::InsecureEndpoint(_) => TokenErrorKind::InsecureEndpoint,
            #[cfg(feature = "browser")]
            Self::Authorization(_) => TokenErrorKind::Authorization,
            #[cfg(feature = "browser")]
            Self::Browser(_) => TokenErrorKind::Browser,
            #[cfg(feature = "browser")]
            Self::Answer(_) => TokenErrorKind::Answer,
            #[cfg(feature = "browser")]
            Self::AnswerOfOther { .. } => TokenErrorKind::AnswerOfOther,
            #[cfg(feature = "browser")]
            Self::Nonce => TokenErrorKind::Nonce,
            Self::Request(_) => TokenErrorKind::Request,
        }
    }

    pub(super) fn without(self, secrets: &Redactor) -> Self {
        match self {
            Self::Response(response) => Self::Response(Box::new(response.without(secrets))),
            #[cfg(feature = "browser")]
            Self::Authorization(response) => {
                Self::Authorization(Box::new(response.without(secrets)))
            }
            Self::TokenType(kind) => Self::TokenType(secrets.clean(&kind)),
            Self::Http(error) => Self::Http(error.redacted(secrets)),
            other => other,
        }
    }
}

/// The URL of an endpoint, without a query.
pub(crate) struct Address(String);

impl Address {
    pub(super) fn of(uri: &Uri) -> Self {
        let (scheme, authority) = (uri.scheme_str(), uri.authority());
        let authority = authority.map_or("", |authority| authority.as_str());
        let host = authority.rsplit('@').next().unwrap_or_default();
        Self(format!(
            "{}://{host}{}",
            scheme.unwrap_or_default(),
            uri.path()
        ))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
