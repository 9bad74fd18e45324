//! Errors: ours or the inner service's, told apart without matching text.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

type BoxError = Box<dyn StdError + Send + Sync>;

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
            Some(cause) => write_causes(f, &self.0.context, &**cause),
            None => Ok(()),
        }
    }
}

/// Writes a cause and its causes behind what was said, on the same line. What was said already is not said again: errors
/// differ in whether their own text has that of their cause.
fn write_causes(
    f: &mut fmt::Formatter<'_>,
    context: &str,
    cause: &(dyn StdError + 'static),
) -> fmt::Result {
    let mut said = context.to_owned();
    let mut next = Some(cause);
    // So deep is no chain, unless it is a ring.
    for _ in 0..16 {
        let Some(cause) = next else { break };
        let text = cause.to_string().replace(char::is_control, " ");
        if !text.is_empty() && !said.contains(&text) {
            write!(f, ": {text}")?;
            said.push_str(&text);
        }
        next = cause.source();
    }
    Ok(())
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

/// The error of an authenticating service: ours, or the inner service's, untouched.
///
/// Schemes that are added up make one service, so nothing nests: over hyper, `Error::Inner(e)` is hyper's own error
/// and `e.is_connect()` can be asked without a downcast. Converts into a boxed error by itself.
#[derive(Debug)]
pub enum Error<E> {
    /// The request could not be authenticated.
    ///
    /// It was not sent; or, when it was being replayed, only the first time.
    Auth(AuthError),
    /// The inner service failed.
    Inner(E),
}

impl<E> Error<E> {
    /// Our half.
    pub fn auth(&self) -> Option<&AuthError> {
        match self {
            Self::Auth(error) => Some(error),
            Self::Inner(_) => None,
        }
    }

    /// The inner service's half, by value.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Auth(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

impl<E> From<AuthError> for Error<E> {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth(error) => error.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Auth(error) => error.source(),
            Self::Inner(error) => error.source(),
        }
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

    #[test]
    fn the_error_of_a_service_is_transparent() {
        let error: Error<std::io::Error> = Error::Inner(std::io::Error::other("inner"));
        assert_eq!(error.to_string(), "inner");
        assert!(error.auth().is_none());
        let error = Error::<std::io::Error>::from(AuthError::new(ErrorKind::NoOrigin, "where to?"));
        assert_eq!(error.to_string(), "where to?");
        let _: Box<dyn StdError + Send + Sync> = error.into();
    }
}
