//! What can go wrong on a leg.

mod kind;
mod problem;
mod text;

pub use self::kind::LegErrorKind;
pub(super) use self::{kind::What, problem::refused};

use http::{StatusCode, Uri};
use std::{error::Error as StdError, fmt};
use tower_auth_core::{AuthError, ErrorKind, cause_of};
use tower_auth_http::{HttpError, Redactor};

/// Why a leg failed.
///
/// It is in the chain of sources of an [`AuthError`] of kind [`Credentials`](ErrorKind::Credentials), where
/// [`of`](Self::of) finds it:
///
/// ```
/// use tower_auth_core::AuthError;
/// use tower_auth_oauth1::{LegError, LegErrorKind};
///
/// fn user_said_no(error: &AuthError) -> bool {
///     LegError::of(error).map(LegError::kind) == Some(LegErrorKind::Denied)
/// }
/// # let _ = user_said_no;
/// ```
///
/// Its text is one line: which address, what happened there, the cause, and what to do about it. What a server says in it
/// has no control characters and an end, and nothing that was sent or received as a secret, in whatever spelling.
pub struct LegError(Box<Inner>);

struct Inner {
    what: What,
    /// Who was asked: the URL without its query.
    address: Option<String>,
}

impl LegError {
    /// The one in the chain of sources of this error.
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        cause_of(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> LegErrorKind {
        self.0.what.kind()
    }

    /// What went wrong on the way, when there is no whole answer. It says whether the request
    /// [may have run](HttpError::request_may_have_run).
    pub fn http(&self) -> Option<&HttpError> {
        match &self.0.what {
            What::Http(error) => Some(error),
            _ => None,
        }
    }

    /// The status of the answer, for [`LegErrorKind::Refused`].
    pub fn status(&self) -> Option<StatusCode> {
        match &self.0.what {
            What::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The value of `oauth_problem`, where the server sent one: `timestamp_refused`, say. It is in answers that refuse, and
    /// in redirects.
    pub fn problem(&self) -> Option<&str> {
        match &self.0.what {
            What::Refused { problem, .. } => problem.as_deref(),
            What::Problem(problem) => Some(problem),
            What::Denied { problem } => problem.as_deref(),
            _ => None,
        }
    }

    /// The parameter that is missing or empty, for [`LegErrorKind::NoToken`], [`LegErrorKind::NoVerifier`] and
    /// [`LegErrorKind::CallbackNotConfirmed`].
    pub fn parameter(&self) -> Option<&'static str> {
        match &self.0.what {
            What::NoToken { parameter } => Some(parameter),
            What::NoVerifier => Some("oauth_verifier"),
            What::CallbackNotConfirmed => Some("oauth_callback_confirmed"),
            _ => None,
        }
    }

    /// Who was asked: the URL without its query. None for what a browser brought back.
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// With who was asked.
    pub(super) fn at(mut self, uri: &Uri) -> Self {
        let (scheme, host) = (uri.scheme_str(), uri.host());
        let port = uri.port().map(|port| format!(":{port}"));
        self.0.address = Some(format!(
            "{}://{}{}{}",
            scheme.unwrap_or_default(),
            host.unwrap_or_default(),
            port.unwrap_or_default(),
            uri.path()
        ));
        self
    }

    /// Without anything that was sent or received as a secret.
    pub(super) fn without(mut self, secrets: &Redactor) -> Self {
        self.0.what = self.0.what.without(secrets);
        self
    }

    /// As the error of a leg that did not get there.
    pub(super) fn into_auth(self, context: &'static str) -> AuthError {
        let (status, transient) = (
            self.status(),
            self.http().is_some_and(HttpError::is_transient),
        );
        let mut told = AuthError::new(ErrorKind::Credentials, context).with_source(self);
        if let Some(status) = status {
            told = told.with_status(status);
        }
        if transient {
            told = told.transient();
        }
        told
    }
}

impl From<What> for LegError {
    fn from(what: What) -> Self {
        Self(Box::new(Inner {
            what,
            address: None,
        }))
    }
}

impl fmt::Debug for LegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegError")
            .field("kind", &self.kind())
            .field("address", &self.address())
            .field("what", &self.0.what)
            .finish()
    }
}

impl StdError for LegError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The text is that of `HttpError` already.
        self.http().and_then(StdError::source)
    }
}
