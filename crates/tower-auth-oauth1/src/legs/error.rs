//! What can go wrong on a leg.

use super::{BoxError, answer::Answer};
use http::{StatusCode, header::WWW_AUTHENTICATE, response};
use std::fmt;
use tower_auth_core::{AuthError, ErrorKind};

/// No `oauth_problem` that is worth showing is longer.
const LONGEST_PROBLEM: usize = 100;

/// Why a leg failed: the [`source()`](std::error::Error::source) of errors of kind [`ErrorKind::Credentials`].
///
/// ```
/// use std::error::Error as _;
/// use tower_auth_core::AuthError;
/// use tower_auth_oauth1::LegError;
///
/// fn user_said_no(error: &AuthError) -> bool {
///     let leg = error.source().and_then(|source| source.downcast_ref());
///     matches!(leg, Some(LegError::Denied))
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LegError {
    /// The HTTP client failed.
    Transport(BoxError),
    /// The server answered with a status other than success.
    Refused {
        /// The status.
        status: StatusCode,
        /// The value of `oauth_problem`, when there is one, such as `timestamp_refused`.
        problem: Option<String>,
    },
    /// The answer is larger than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is neither a form nor JSON.
    NotAForm,
    /// The answer, or the redirect, lacks a token or its secret.
    NoToken {
        /// The parameter that is missing or empty.
        parameter: &'static str,
    },
    /// The server does not confirm the callback, so that it may speak OAuth 1.0 without the *a*.
    CallbackNotConfirmed,
    /// The user said no.
    Denied,
    /// The redirect reports a problem: the value of `oauth_problem`.
    Problem(String),
    /// The redirect is about another token than the one that this user was sent away with.
    ForeignToken,
    /// The redirect lacks `oauth_verifier`.
    NoVerifier,
}

impl LegError {
    pub(super) fn refused(parts: &response::Parts, body: &[u8]) -> Self {
        let in_body = || Answer::parse(body).ok()?.take("oauth_problem");
        let in_header = || {
            let header = parts.headers.get(WWW_AUTHENTICATE)?.to_str().ok()?;
            let (_, rest) = header.split_once("oauth_problem=")?;
            let value = rest.trim_start_matches('"');
            let end = value.find(['"', ',', ' ']).unwrap_or(value.len());
            Some(value[..end].to_owned())
        };
        Self::Refused {
            status: parts.status,
            problem: in_body().or_else(in_header).map(shown),
        }
    }
}

/// A problem as it may be shown: short, and printable.
pub(super) fn shown(problem: String) -> String {
    problem
        .chars()
        .filter(|char| !char.is_control())
        .take(LONGEST_PROBLEM)
        .collect()
}

impl fmt::Display for LegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(_) => f.write_str("the OAuth server could not be reached; is its address right?"),
            Self::Refused { status, problem } => {
                write!(f, "the OAuth server answered {}", status.as_u16())?;
                if let Some(problem) = problem {
                    write!(f, ": {problem}")?;
                }
                f.write_str(match status.as_u16() {
                    300..=399 => "; is the endpoint the right one?",
                    429 | 500..=599 => "; try again later",
                    _ => "; check the consumer's key and secret, and the clock",
                })
            }
            Self::TooLarge { limit } => {
                write!(f, "the answer of the OAuth server is larger than {limit} bytes; is the endpoint the right one?")
            }
            Self::NotAForm => f.write_str(
                "the answer of the OAuth server is neither a form nor JSON; is the endpoint the right one?",
            ),
            Self::NoToken { parameter } => write!(f, "the OAuth server sent no `{parameter}`; begin again"),
            Self::CallbackNotConfirmed => f.write_str(
                "the OAuth server did not confirm the callback (`oauth_callback_confirmed=true`), so that it may \
                 speak the insecure OAuth 1.0 without the a; is it a server of OAuth 1.0a?",
            ),
            Self::Denied => f.write_str("the user did not grant access; ask again when they want to"),
            Self::Problem(problem) => write!(f, "the OAuth server reports: {problem}; begin again"),
            Self::ForeignToken => f.write_str(
                "the redirect is about another token than the one that this user was sent away with; begin again",
            ),
            Self::NoVerifier => f.write_str("the redirect has no `oauth_verifier`; begin again"),
        }
    }
}

impl std::error::Error for LegError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transport(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<LegError> for AuthError {
    fn from(error: LegError) -> Self {
        let told = Self::new(ErrorKind::Credentials, "a leg to a token failed");
        match error {
            LegError::Transport(_) => told.transient(),
            LegError::Refused { status, .. } => told.with_status(status),
            _ => told,
        }
        .with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignError;

    /// One line that names the cause and the remedy, and does not only repeat what is behind it.
    fn check(error: &dyn std::error::Error, remedy: &str) {
        let text = error.to_string();
        assert!(
            !text.contains(char::is_control) && !text.ends_with('.'),
            "{text}"
        );
        assert!(!remedy.is_empty() && text.contains(remedy), "{text}");
        let source = error.source().map(ToString::to_string);
        assert_ne!(source.as_ref(), Some(&text));
    }

    #[test]
    fn every_error_is_one_line_with_the_cause_and_the_remedy() {
        let problem = || Some("timestamp_refused".to_owned());
        let status = StatusCode::UNAUTHORIZED;
        for (error, remedy) in [
            (LegError::Transport("x".into()), "is its address right?"),
            (
                LegError::Refused {
                    status,
                    problem: problem(),
                },
                "the clock",
            ),
            (
                LegError::Refused {
                    status,
                    problem: None,
                },
                "check the consumer's key",
            ),
            (LegError::TooLarge { limit: 9 }, "is the endpoint"),
            (LegError::NotAForm, "is the endpoint"),
            (LegError::NoToken { parameter: "x" }, "begin again"),
            (LegError::CallbackNotConfirmed, "OAuth 1.0a?"),
            (LegError::Denied, "ask again"),
            (LegError::Problem("x".into()), "begin again"),
            (LegError::ForeignToken, "begin again"),
            (LegError::NoVerifier, "begin again"),
        ] {
            check(&error, remedy);
            // The error of the request has its text, and does not say it twice.
            let text = error.to_string();
            let outer = AuthError::from(error);
            check(&outer, remedy);
            assert_eq!(outer.to_string().matches(&text).count(), 1, "{outer}");
        }
        for (error, remedy) in [
            (SignError::NotAForm, "put them into the header"),
            (SignError::NoBody, "put them into the header"),
            (SignError::BodyTooLarge { limit: 9 }, "raise the limit"),
            (SignError::BodyNotAtHand, "`BufferForms`"),
            (SignError::Trailers, "send it without"),
            (SignError::Duplicate { name: "x" }, "take it out"),
            (SignError::NoOrigin, "make it absolute"),
            (SignError::TooLong, "shorter query"),
            (SignError::TooManyHeaders, "send fewer"),
        ] {
            check(&error, remedy);
            check(&AuthError::from(error), remedy);
        }
    }
}
