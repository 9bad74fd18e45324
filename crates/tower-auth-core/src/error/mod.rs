//! Errors: ours or the inner service's, told apart without matching text.

mod chain;
mod service;

pub(crate) use self::service::inner;
pub use self::{
    chain::{cause_of, causes},
    service::{Error, InnerError},
};

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

/// Any error, as everywhere in tower.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a request could not be authenticated, or a scheme could not be built.
///
/// Match on [`kind()`](Self::kind); the text is for people and may change. It is one line, with the cause, the causes of
/// that, and where there is one, the remedy. It never holds a secret, a token, or the query of a URI.
///
/// Clones share one value: when ten thousand requests wait for one token, they all get the same error, with its whole
/// chain of [`source()`](StdError::source)s.
#[derive(Clone)]
pub struct AuthError(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    parameter: Option<&'static str>,
    context: Cow<'static, str>,
    source: Option<BoxError>,
}

/// What kind of [`AuthError`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A scheme was given a value that it cannot use. [`AuthError::parameter`] names it.
    Configuration,
    /// The request would have carried credentials in the clear to another machine.
    Insecure,
    /// The request does not say where it goes: its URI has no scheme and host.
    NoOrigin,
    /// This request cannot carry these credentials: a URI that grows too long, a body that is not at hand.
    Request,
    /// The credentials could not be obtained. The [`source()`](StdError::source) says why.
    Credentials,
}

impl AuthError {
    /// An error of this kind; `context` says what happened, without any secret.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            parameter: None,
            context: context.into(),
            source: None,
        }))
    }

    /// An [`ErrorKind::Configuration`] error: `parameter` is unusable, and `why` says so without its value.
    pub fn configuration(parameter: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind: ErrorKind::Configuration,
            parameter: Some(parameter),
            context: why.into(),
            source: None,
        }))
    }

    /// The same error with its cause. The cause must not show a secret either.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        Self(Arc::new(Inner {
            kind: self.0.kind,
            parameter: self.0.parameter,
            context: self.0.context.clone(),
            source: Some(source.into()),
        }))
    }

    /// The one in this error: itself, or among the causes, however many layers are around it.
    ///
    /// ```
    /// # use tower_auth_core::{AuthError, BoxError, Error, ErrorKind};
    /// fn no_credentials(error: &BoxError) -> bool {
    ///     AuthError::of(&**error).is_some_and(|error| error.kind() == ErrorKind::Credentials)
    /// }
    /// # let error = AuthError::new(ErrorKind::Credentials, "none");
    /// # assert!(no_credentials(&Error::<std::fmt::Error>::from(error).into()));
    /// ```
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        cause_of(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The parameter that is to blame, for [`ErrorKind::Configuration`].
    pub fn parameter(&self) -> Option<&'static str> {
        self.0.parameter
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parameter) = self.0.parameter {
            write!(f, "unusable `{parameter}`: ")?;
        }
        f.write_str(&self.0.context)?;
        match &self.0.source {
            Some(cause) => chain::write(f, &self.0.context, &**cause),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("AuthError");
        debug.field("kind", &self.0.kind);
        if let Some(parameter) = self.0.parameter {
            debug.field("parameter", &parameter);
        }
        debug.field("context", &self.0.context);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for AuthError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_parameter_and_keeps_its_cause() {
        let error = AuthError::configuration("username", "contains a colon")
            .with_source(std::io::Error::other("cause"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.parameter(), Some("username"));
        assert_eq!(
            error.to_string(),
            "unusable `username`: contains a colon: cause"
        );
        assert_eq!(error.source().unwrap().to_string(), "cause");
    }

    #[test]
    fn the_text_of_an_error_is_one_line_that_says_every_cause_once() {
        let io = |text: &str| std::io::Error::other(text.to_owned());
        let inner =
            AuthError::new(ErrorKind::Credentials, "the server said no").with_source(io("a\nb"));
        assert_eq!(inner.to_string(), "the server said no: a b");
        let outer = AuthError::new(ErrorKind::Credentials, "no token").with_source(inner);
        assert_eq!(outer.to_string(), "no token: the server said no: a b");
        let same = AuthError::new(ErrorKind::Credentials, "refused: why").with_source(io("why"));
        assert_eq!(same.to_string(), "refused: why");
    }
}
