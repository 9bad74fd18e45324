//! What can go wrong on a leg.

use super::{BoxError, answer::Answer};
use http::{StatusCode, header::WWW_AUTHENTICATE, response};
use std::fmt;
use tower_auth_core::{AuthError, ErrorKind};

/// The codes of the extension OAuth Problem Reporting, and those that servers took over from it.
const PROBLEMS: [&str; 19] = [
    "version_rejected",
    "parameter_absent",
    "parameter_rejected",
    "timestamp_refused",
    "nonce_used",
    "signature_method_rejected",
    "signature_invalid",
    "consumer_key_unknown",
    "consumer_key_rejected",
    "consumer_key_refused",
    "token_used",
    "token_expired",
    "token_revoked",
    "token_rejected",
    "token_not_authorized",
    "additional_authorization_required",
    "permission_unknown",
    "permission_denied",
    "user_refused",
];

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
    /// The HTTP client failed. Its error is here, unless it quotes the signed request.
    Transport(BoxError),
    /// The server answered with a status other than success.
    Refused {
        /// The status.
        status: StatusCode,
        /// The code in `oauth_problem`, when there is one, such as `timestamp_refused`. One that the extension OAuth Problem
        /// Reporting does not have is not shown.
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

/// A problem as it may be shown: a code that is known. Whatever else a server says there may be what it was sent, a secret
/// too (with PLAINTEXT), in any spelling.
pub(super) fn shown(problem: String) -> String {
    let code = problem.trim();
    let known = PROBLEMS.iter().find(|known| **known == code);
    known
        .map_or("another problem, which is not shown", |known| known)
        .to_owned()
}

/// The error of a client. One that quotes the request, as with its URL, gives way to a text: with PLAINTEXT there are secrets
/// in it.
pub(super) fn transport(error: BoxError) -> LegError {
    let quotes = |error: &(dyn std::error::Error + 'static)| {
        let text = format!("{error} {error:?}").to_ascii_lowercase();
        text.contains("oauth_") || text.contains("oauth%5f")
    };
    let first: &(dyn std::error::Error + 'static) = &*error;
    let mut chain = std::iter::successors(Some(first), |error| error.source()).take(16);
    if chain.any(quotes) {
        return LegError::Transport(
            "the HTTP client failed, and its error quotes the request".into(),
        );
    }
    LegError::Transport(error)
}

impl fmt::Display for LegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(_) => f.write_str("the OAuth server could not be reached"),
            Self::Refused { status, problem } => {
                write!(f, "the OAuth server answered {}", status.as_u16())?;
                match problem {
                    Some(problem) => write!(f, ": {problem}"),
                    None => Ok(()),
                }
            }
            Self::TooLarge { limit } => {
                write!(f, "the answer of the OAuth server is larger than {limit} bytes")
            }
            Self::NotAForm => f.write_str(
                "the answer of the OAuth server is neither a form nor JSON; is the endpoint the right one?",
            ),
            Self::NoToken { parameter } => write!(f, "the OAuth server sent no `{parameter}`"),
            Self::CallbackNotConfirmed => f.write_str(
                "the OAuth server did not confirm the callback (`oauth_callback_confirmed=true`), so that it may \
                 speak the insecure OAuth 1.0 without the a",
            ),
            Self::Denied => f.write_str("the user did not grant access"),
            Self::Problem(problem) => write!(f, "the OAuth server reports: {problem}"),
            Self::ForeignToken => f.write_str(
                "the redirect is about another token than the one that this user was sent away with",
            ),
            Self::NoVerifier => f.write_str("the redirect has no `oauth_verifier`"),
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
        Self::new(ErrorKind::Credentials, error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_or_a_client_repeats_of_a_request_is_not_shown() {
        for problem in [
            "hunter2",
            "signature_invalid hunter2",
            "hunter2%26",
            "aHVudGVyMg==",
        ] {
            let text = LegError::Problem(shown(problem.to_owned())).to_string();
            assert!(text.contains("another problem"), "{text}");
            assert!(
                !text.contains("hunter2") && !text.contains("aHVud"),
                "{text}"
            );
        }
        assert_eq!(shown("token_expired\n".to_owned()), "token_expired");
        let quoted = "cannot send https://h/?oauth_signature=hunter2%26";
        for error in [
            std::io::Error::other(quoted),
            std::io::Error::other(std::io::Error::other(quoted)),
        ] {
            let error = transport(error.into());
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        let error = transport("connection refused".into());
        assert!(format!("{error:?}").contains("connection refused"));
    }
}
