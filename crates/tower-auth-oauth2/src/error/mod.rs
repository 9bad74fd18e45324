//! What can go wrong at an authorization server, with types.

mod code;
mod kind;
mod redaction;
mod response;
mod text;

pub use self::{code::ErrorCode, kind::TokenErrorKind, response::ErrorResponse};
pub(crate) use self::{
    kind::{Address, What},
    redaction::received,
};

use http::StatusCode;
use std::{error::Error as StdError, fmt, time::Duration};
use tower_auth_core::{AuthError, ErrorKind, cause_of};
use tower_auth_http::{HttpError, HttpErrorKind, Redactor};

/// Why no token could be had.
///
/// It is in the chain of sources of an [`AuthError`] of kind [`Credentials`](ErrorKind::Credentials), where
/// [`of`](Self::of) finds it. [`status`](AuthError::status), [`retry_after`](AuthError::retry_after) and
/// [`is_transient`](AuthError::is_transient) are told by the `AuthError`, too.
///
/// ```
/// use tower_auth_core::AuthError;
/// use tower_auth_oauth2::{ErrorCode, TokenError};
///
/// fn must_log_in_again(error: &AuthError) -> bool {
///     TokenError::of(error).and_then(TokenError::code) == Some(ErrorCode::InvalidGrant)
/// }
/// # let _ = must_log_in_again;
/// ```
///
/// Its text is one line: which address, what happened there, the cause, and what to do about it. What the server says in
/// it has no control characters and an end.
pub struct TokenError(Box<Inner>);

struct Inner {
    what: What,
    /// Who was asked.
    address: Option<Address>,
    /// What was asked for was a refresh whose answer is lost.
    refresh_lost: bool,
    /// This refresh token was sent before, and the answer was lost then.
    after_lost_answer: bool,
}

impl TokenError {
    /// The one in the chain of sources of this error.
    pub fn of(error: &AuthError) -> Option<&Self> {
        cause_of(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> TokenErrorKind {
        if self.0.refresh_lost {
            TokenErrorKind::OutcomeUnknown
        } else {
            self.0.what.kind()
        }
    }

    /// What went wrong on the way, when there is no whole answer.
    pub fn http(&self) -> Option<&HttpError> {
        match &self.0.what {
            What::Http(error) => Some(error),
            _ => None,
        }
    }

    /// The server's own words, when it answered with an error.
    pub fn response(&self) -> Option<&ErrorResponse> {
        match &self.0.what {
            What::Response(response) => Some(response),
            #[cfg(feature = "browser")]
            What::Authorization(response) => Some(response),
            _ => None,
        }
    }

    /// Why no browser came back, for [`TokenErrorKind::Browser`].
    #[cfg(feature = "browser")]
    #[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
    pub fn browser(&self) -> Option<&tower_auth_browser::BrowserError> {
        match &self.0.what {
            What::Browser(error) => Some(error),
            _ => None,
        }
    }

    /// The error code, when it is one that an RFC knows. All others are in [`ErrorResponse::error`].
    pub fn code(&self) -> Option<ErrorCode> {
        self.response().and_then(ErrorResponse::code)
    }

    /// The status of the answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match &self.0.what {
            What::Response(response) => Some(response.status()),
            What::Malformed { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// How long the server asked not to be asked again (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.response().and_then(ErrorResponse::retry_after)
    }

    /// Who was asked: the URL without its query.
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_ref().map(Address::as_str)
    }

    /// The type of the token that was refused, for [`TokenErrorKind::TokenType`].
    pub fn token_type(&self) -> Option<&str> {
        match &self.0.what {
            What::TokenType(kind) => Some(kind),
            _ => None,
        }
    }

    /// What was asked for and not granted, separated by blanks, for [`TokenErrorKind::ScopeNotGranted`].
    pub fn missing_scope(&self) -> Option<&str> {
        match &self.0.what {
            What::ScopeNotGranted(missing) => Some(missing),
            _ => None,
        }
    }

    /// The issuer that the metadata name, or an answer, for [`TokenErrorKind::IssuerMismatch`] and
    /// [`TokenErrorKind::AnswerOfOther`].
    pub fn issuer(&self) -> Option<&str> {
        match &self.0.what {
            What::IssuerMismatch { named } => named.as_deref(),
            #[cfg(feature = "browser")]
            What::AnswerOfOther { named } => named.as_deref(),
            _ => None,
        }
    }

    /// Whether the same request may succeed later: the server was not reached, is overloaded, or broken.
    pub fn is_transient(&self) -> bool {
        match &self.0.what {
            What::Response(response) => {
                let status = response.status();
                status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT
                    || matches!(
                        response.error(),
                        Some("temporarily_unavailable" | "server_error" | "slow_down")
                    )
            }
            What::Http(error) => error.is_transient(),
            _ => false,
        }
    }

    /// Whether the server may have done what it was asked for, though there is no answer that says so: the connection
    /// broke, the time was over, a gateway answered for it, or its answer cannot be read.
    pub fn request_may_have_run(&self) -> bool {
        match &self.0.what {
            What::Http(error) => error.request_may_have_run(),
            What::Malformed { status, .. } => status.is_success(),
            What::Response(response) => {
                response.error().is_none()
                    && matches!(response.status().as_u16(), 408 | 500 | 502 | 504)
            }
            _ => false,
        }
    }

    /// Whether this refresh token was refused after an earlier request with it got no answer: the server then replaced
    /// it, most likely, and the new one is lost.
    pub fn follows_lost_answer(&self) -> bool {
        self.0.after_lost_answer
    }

    /// Whether the server refused this grant or refresh token for good, so that only another grant can help.
    ///
    /// Only an error of an authorization server says so: named values with a code that is about the grant
    /// (`invalid_grant`, or what some servers say in its place). A gateway's page, a status alone, or a code that nobody
    /// knows is none; neither is what the client itself is to blame for.
    pub(crate) fn is_refusal(&self) -> bool {
        const CODES: [&str; 12] = [
            "invalid_grant",
            // RFC 8628 section 3.5
            "access_denied",
            "expired_token",
            // OpenID Connect Core section 3.1.2.6
            "interaction_required",
            "login_required",
            "consent_required",
            // GitHub, glewlwyd, Slack
            "bad_refresh_token",
            "bad_verification_code",
            "invalid_code",
            "invalid_refresh_token",
            "token_expired",
            "token_revoked",
        ];
        let code = self.response().and_then(ErrorResponse::error);
        !self.is_transient() && code.is_some_and(|code| CODES.contains(&code))
    }

    /// Whether the server, or somebody in front of it, answered that this will not do, without being about the client.
    pub(crate) fn is_rejection(&self) -> bool {
        const ABOUT_THE_CLIENT: [&str; 3] = [
            "invalid_client",
            "unauthorized_client",
            "incorrect_client_credentials", // GitHub
        ];
        self.response().is_some_and(|response| {
            !self.is_transient()
                && response
                    .error()
                    .is_none_or(|code| !ABOUT_THE_CLIENT.contains(&code))
        })
    }

    /// Whether there was a connection, and it broke before the answer.
    pub(crate) fn is_broken_connection(&self) -> bool {
        let kind = self.http().map(HttpError::kind);
        matches!(
            kind,
            Some(HttpErrorKind::Interrupted | HttpErrorKind::Client)
        )
    }

    /// With who was asked.
    pub(crate) fn at(mut self, uri: &http::Uri) -> Self {
        self.0.address.get_or_insert_with(|| Address::of(uri));
        self
    }

    /// The answer to a refresh is lost, if it is.
    pub(crate) fn of_refresh(mut self) -> Self {
        self.0.refresh_lost = self.request_may_have_run() && self.response().is_none();
        self
    }

    pub(crate) fn after_lost_answer(mut self) -> Self {
        self.0.after_lost_answer = true;
        self
    }

    /// Without anything that was sent as a secret.
    pub(crate) fn without(mut self, secrets: &Redactor) -> Self {
        self.0.what = self.0.what.without(secrets);
        self
    }

    /// What waits has to be on a runtime.
    pub(crate) fn no_runtime() -> Self {
        let why = "waiting for a person needs a tokio runtime with timers; there is none here";
        Self::from(AuthError::new(ErrorKind::Credentials, why))
    }

    /// As the error of a scheme.
    pub(crate) fn into_auth(self, context: &'static str) -> AuthError {
        match self.0.what {
            What::Request(error) => error,
            _ => {
                let mut error = AuthError::new(ErrorKind::Credentials, context);
                if let Some(status) = self.status() {
                    error = error.with_status(status);
                }
                if let Some(wait) = self.retry_after() {
                    error = error.with_retry_after(wait);
                }
                if self.is_transient() {
                    error = error.transient();
                }
                error.with_source(self)
            }
        }
    }
}

impl From<What> for TokenError {
    fn from(what: What) -> Self {
        Self(Box::new(Inner {
            what,
            address: None,
            refresh_lost: false,
            after_lost_answer: false,
        }))
    }
}

#[cfg(feature = "browser")]
impl From<tower_auth_browser::BrowserError> for TokenError {
    fn from(error: tower_auth_browser::BrowserError) -> Self {
        What::Browser(error).into()
    }
}

impl From<HttpError> for TokenError {
    fn from(error: HttpError) -> Self {
        What::Http(error).into()
    }
}

impl From<AuthError> for TokenError {
    fn from(error: AuthError) -> Self {
        What::Request(error).into()
    }
}

impl fmt::Debug for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenError")
            .field("kind", &self.kind())
            .field("address", &self.address())
            .field("what", &self.0.what)
            .finish_non_exhaustive()
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.what {
            What::Http(error) => error.source(),
            #[cfg(feature = "browser")]
            What::Browser(error) => error.source(),
            What::Request(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
