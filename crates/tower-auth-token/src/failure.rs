//! Why a fetch failed, and when it may be tried again.

use std::{fmt, time::Duration};
use tower_auth_core::AuthError;

/// Why a [`Source`](crate::Source) has no value, and when to ask it again.
///
/// By default the cache backs off: it answers with the same error for a while, longer after every failure in a row. A
/// source that knows better says so. Every [`AuthError`] converts into one.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_core::{AuthError, ErrorKind};
/// use tower_auth_token::Failure;
///
/// let error = AuthError::new(ErrorKind::Credentials, "the token endpoint answered 503");
/// let failure = Failure::new(error).retry_after(Duration::from_secs(120)); // its `Retry-After`
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) error: AuthError,
    pub(crate) retry: Retry,
    pub(crate) forget: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Retry {
    BackOff,
    After(Duration),
    AtOnce,
    WhenCleared,
}

impl Failure {
    /// A failure after which the cache backs off.
    pub fn new(error: AuthError) -> Self {
        Self {
            error,
            retry: Retry::BackOff,
            forget: false,
        }
    }

    /// Not before this long, as in `Retry-After`. Bounded by the cache: see
    /// [`CacheBuilder::retry_after_limit`](crate::CacheBuilder::retry_after_limit).
    /// [`AuthError::retry_after`] tells it to whoever waits.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self {
            error: self.error.with_retry_after(wait),
            retry: Retry::After(wait),
            ..self
        }
    }

    /// The next request may try again at once: the failure says nothing about the next attempt.
    #[must_use]
    pub fn retry_at_once(self) -> Self {
        let retry = Retry::AtOnce;
        Self { retry, ..self }
    }

    /// Not before [`Cache::clear`](crate::Cache::clear) or [`Cache::forget`](crate::Cache::forget): a person has to do
    /// something first.
    #[must_use]
    pub fn retry_when_cleared(self) -> Self {
        let retry = Retry::WhenCleared;
        Self { retry, ..self }
    }

    /// The previous value is worthless, its refresh token included (`invalid_grant`): it is not offered again.
    #[must_use]
    pub fn previous_is_worthless(self) -> Self {
        let forget = true;
        Self { forget, ..self }
    }

    /// Whether the previous value was found worthless.
    pub fn is_previous_worthless(&self) -> bool {
        self.forget
    }

    /// What everybody who waits will get.
    pub fn error(&self) -> &AuthError {
        &self.error
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}
