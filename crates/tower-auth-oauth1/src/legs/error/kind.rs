//! Kinds of errors.

use http::StatusCode;
use tower_auth_http::{HttpError, HttpErrorKind, Redactor};

/// What kind of error a [`LegError`](crate::LegError) is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LegErrorKind {
    /// The server could not be reached, or the connection broke: [`http`](crate::LegError::http) tells these apart.
    Unreachable,
    /// The server took longer than it may.
    TimedOut,
    /// The server's answer is larger than it may be.
    TooLarge,
    /// The server redirects. Redirects are not followed: they would carry a signature to where it does not belong.
    Redirected,
    /// The server answered with a status other than success: [`status`](crate::LegError::status), and
    /// [`problem`](crate::LegError::problem) where it says one.
    Refused,
    /// The answer is neither a form nor JSON; or the query of the redirect cannot be read.
    NotAForm,
    /// The answer, or the redirect, lacks a token or its secret: [`parameter`](crate::LegError::parameter).
    NoToken,
    /// The server does not confirm the callback, so that it may speak OAuth 1.0 without the *a*.
    CallbackNotConfirmed,
    /// The user said no.
    Denied,
    /// The redirect reports a problem: [`problem`](crate::LegError::problem).
    Problem,
    /// The redirect is about another token than the one that this user was sent away with.
    ForeignToken,
    /// The redirect lacks `oauth_verifier`.
    NoVerifier,
}

/// What happened.
#[derive(Debug)]
pub(in crate::legs) enum What {
    /// There is no whole answer.
    Http(HttpError),
    Refused {
        status: StatusCode,
        /// The value of `oauth_problem`.
        problem: Option<String>,
        /// What the server says to people.
        text: Option<String>,
    },
    NotAForm,
    NoToken {
        parameter: &'static str,
    },
    CallbackNotConfirmed,
    Denied {
        problem: Option<String>,
    },
    Problem(String),
    ForeignToken,
    NoVerifier,
}

impl What {
    pub(super) fn kind(&self) -> LegErrorKind {
        match self {
            Self::Http(error) => match error.kind() {
                HttpErrorKind::TimedOut => LegErrorKind::TimedOut,
                HttpErrorKind::TooLarge => LegErrorKind::TooLarge,
                HttpErrorKind::Redirected => LegErrorKind::Redirected,
                _ => LegErrorKind::Unreachable,
            },
            Self::Refused { .. } => LegErrorKind::Refused,
            Self::NotAForm => LegErrorKind::NotAForm,
            Self::NoToken { .. } => LegErrorKind::NoToken,
            Self::CallbackNotConfirmed => LegErrorKind::CallbackNotConfirmed,
            Self::Denied { .. } => LegErrorKind::Denied,
            Self::Problem(_) => LegErrorKind::Problem,
            Self::ForeignToken => LegErrorKind::ForeignToken,
            Self::NoVerifier => LegErrorKind::NoVerifier,
        }
    }

    /// Each text by itself: what stands beside a secret may change how it reads. What comes out is fit to be shown.
    pub(in crate::legs) fn without(self, secrets: &Redactor) -> Self {
        let clean = |text: Option<String>| text.map(|text| secrets.clean(&text));
        match self {
            Self::Http(error) => Self::Http(error.redacted(secrets)),
            Self::Refused {
                status,
                problem,
                text,
            } => Self::Refused {
                status,
                problem: clean(problem),
                text: clean(text),
            },
            Self::Denied { problem } => Self::Denied {
                problem: clean(problem),
            },
            Self::Problem(problem) => Self::Problem(secrets.clean(&problem)),
            other => other,
        }
    }
}
