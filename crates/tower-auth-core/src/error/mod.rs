//! Errors: ours or the inner service's, told apart without matching text.

mod chain;
mod service;

pub(crate) use self::service::inner;
pub use self::{
    chain::{cause_of, causes},
    service::{Error, InnerError},
};

use http::StatusCode;
use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

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

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    parameter: Option<&'static str>,
    context: Cow<'static, str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    answer: Answer,
}

/// What is known of the answer, or the lack of one, that is behind an error.
#[derive(Clone, Copy, Default)]
struct Answer {
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    transient: bool,
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

impl Answer {
    fn is_transient(&self) -> bool {
        self.transient
            || self.status.is_some_and(|status| {
                status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
            })
    }
}

impl AuthError {
    /// An error of this kind; `context` says what happened, without any secret.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            parameter: None,
            context: context.into(),
            source: None,
            answer: Answer::default(),
        }))
    }

    /// An [`ErrorKind::Configuration`] error: `parameter` is unusable, and `why` says so without its value.
    pub fn configuration(parameter: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind: ErrorKind::Configuration,
            parameter: Some(parameter),
            context: why.into(),
            source: None,
            answer: Answer::default(),
        }))
    }

    /// The same error with its cause. The cause must not show a secret either.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.with(|inner| inner.source = Some(source.into().into()))
    }

    /// The same error with the status of the answer that is behind it. With one of 408, 425, 429 or 5xx, it
    /// [is transient](Self::is_transient).
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.answer.status = Some(status))
    }

    /// The same error with how long the server asked not to be asked again.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.with(|inner| inner.answer.retry_after = Some(wait))
    }

    /// The same error, and a little later the same request may succeed.
    #[must_use]
    pub fn transient(self) -> Self {
        self.with(|inner| inner.answer.transient = true)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
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

    /// Whether the same request may succeed a little later: whoever issues the credentials was not reached, did not
    /// answer in time, is overloaded, or broken. A wrong secret is not made right by waiting.
    ///
    /// ```
    /// # use tower_auth_core::{AuthError, ErrorKind};
    /// let error = AuthError::new(ErrorKind::Credentials, "the token endpoint is down").transient();
    /// let outer = AuthError::new(ErrorKind::Credentials, "no token could be had").with_source(error);
    /// assert!(outer.is_transient()); // what a cause says counts
    /// ```
    pub fn is_transient(&self) -> bool {
        self.answer(|answer| answer.is_transient().then_some(()))
            .is_some()
    }

    /// The status of the answer that is behind this error: that of a token endpoint, of a login. `None` when there was no
    /// answer, or the answer has no status.
    pub fn status(&self) -> Option<StatusCode> {
        self.answer(|answer| answer.status)
    }

    /// How long the server that issues the credentials asked not to be asked again (`Retry-After`, RFC 9110 section
    /// 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer(|answer| answer.retry_after)
    }

    /// What this error says of an answer, or else one of its causes.
    fn answer<T>(&self, what: impl Fn(&Answer) -> Option<T>) -> Option<T> {
        causes(self)
            .filter_map(|error| error.downcast_ref::<Self>())
            .find_map(|error| what(&error.0.answer))
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
        let Answer {
            status,
            retry_after,
            transient,
        } = self.0.answer;
        if let Some(status) = status {
            debug.field("status", &status);
        }
        if let Some(wait) = retry_after {
            debug.field("retry_after", &wait);
        }
        if transient {
            debug.field("transient", &true);
        }
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
    fn what_is_known_of_an_answer_is_told_by_whatever_is_around_it() {
        let new = |text: &'static str| AuthError::new(ErrorKind::Credentials, text);
        let inner = new("answered 503")
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .with_retry_after(Duration::from_secs(7))
            .transient();
        let kept = inner.clone();
        let outer = new("no token").with_source(std::io::Error::other(inner));
        for error in [&outer, &kept] {
            assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
            assert!(error.is_transient());
        }
        // What is said last stands, and a clone stays as it was.
        let other = kept.clone().with_status(StatusCode::BAD_GATEWAY);
        assert_eq!(other.status(), Some(StatusCode::BAD_GATEWAY));
        assert_eq!(kept.status(), Some(StatusCode::SERVICE_UNAVAILABLE));

        let plain = new("refused").with_source(std::io::Error::other("x"));
        assert!(!plain.is_transient());
        for (status, transient) in [(400, false), (401, false), (429, true), (503, true)] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(new("x").with_status(status).is_transient(), transient);
        }
        assert_eq!((plain.status(), plain.retry_after()), (None, None));
    }

    #[test]
    fn an_error_of_every_kind_is_one_line_with_cause_and_remedy_and_no_copy_of_its_source() {
        use ErrorKind::{Configuration, Credentials, Insecure, NoOrigin, Request};
        for kind in [Configuration, Insecure, NoOrigin, Request, Credentials] {
            let error = AuthError::new(kind, "this failed; do that")
                .with_source(std::io::Error::other("because\nof this"));
            let text = error.to_string();
            assert_eq!(text, "this failed; do that: because of this");
            let inner = error.source().unwrap().to_string();
            assert_ne!(text, inner);
            let outer = crate::Error::<std::io::Error>::Auth(error);
            assert_eq!(outer.to_string(), text);
        }
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
