//! Why no credentials came.

use bytes::Bytes;
use http::{Response, StatusCode, header::DATE};
use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt,
    time::{Duration, SystemTime},
};
use tower_auth_core::{AuthError, ErrorKind, cause_of};
use tower_auth_http::{HttpError, HttpErrorKind, http_date, retry_after};

type BoxError = Box<dyn StdError + Send + Sync>;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a provider has no credentials.
///
/// Match on [`kind()`](Self::kind); the text is for people. It names the provider, the cause and, where there is one,
/// the remedy, and never holds a secret: neither the contents of a file, nor the URL that a container fetches its
/// credentials from.
///
/// As the error of a request it is the [`source()`](StdError::source) of an [`AuthError`], and can be downcast to.
pub struct CredentialsError {
    kind: CredentialsErrorKind,
    provider: &'static str,
    what: What,
    answer: Answer,
}

/// What is known of the answer behind an error.
#[derive(Clone, Copy, Default)]
struct Answer {
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    passing: bool,
}

enum What {
    Told {
        context: Cow<'static, str>,
        source: Option<BoxError>,
    },
    Http(HttpError),
}

/// What kind of [`CredentialsError`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CredentialsErrorKind {
    /// This provider is not set up here. A [`Chain`](super::Chain) asks the next one; every other kind ends it.
    NotConfigured,
    /// The provider is set up in a way that cannot work: half a key, a profile that refers to itself.
    Configuration,
    /// A file or a process could not be read.
    Io,
    /// No answer: the connection failed, or the answer did not come in time.
    Unreachable,
    /// The service answered, and did not give credentials.
    Refused,
    /// The answer, file or output cannot be understood.
    Malformed,
    /// What the provider needs to get credentials has expired; someone has to log in again.
    Expired,
}

impl CredentialsError {
    /// An error of this kind; `context` says what happened, without any secret.
    pub fn new(
        kind: CredentialsErrorKind,
        provider: &'static str,
        context: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            provider,
            what: What::Told {
                context: context.into(),
                source: None,
            },
            answer: Answer::default(),
        }
    }

    /// With what this answer says of itself.
    pub(super) fn answered(mut self, reply: &Response<Bytes>) -> Self {
        let headers = reply.headers();
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        self.answer.status = Some(reply.status());
        self.answer.retry_after = match date.and_then(http_date) {
            Some(sent) => retry_after(headers, sent),
            None => retry_after(headers, SystemTime::UNIX_EPOCH).filter(|wait| *wait < DAY),
        };
        self
    }

    /// The service said that it passes, whatever its status.
    pub(super) fn passing(mut self, passing: bool) -> Self {
        self.answer.passing = passing;
        self
    }

    /// The same error with its cause. The cause must not show a secret either.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        let context = match self.what {
            What::Told { context, .. } => context,
            What::Http(error) => error.to_string().into(),
        };
        self.what = What::Told {
            context,
            source: Some(source.into()),
        };
        self
    }

    /// What went wrong on the way, when there is no whole answer. It says whether the request
    /// [may have run](HttpError::request_may_have_run).
    pub fn http(&self) -> Option<&HttpError> {
        match &self.what {
            What::Told { source, .. } => {
                source.as_ref()?.downcast_ref::<Self>().and_then(Self::http)
            }
            What::Http(error) => Some(error),
        }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> CredentialsErrorKind {
        self.kind
    }

    /// The status of the service's answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.answer.status.or_else(|| self.cause()?.status())
    }

    /// How long the service asked not to be asked again (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        let told = self.answer.retry_after;
        told.or_else(|| self.cause()?.retry_after())
    }

    /// Whether the same may work a little later: the service was not reached, did not answer in time, throttles, or
    /// failed (429, 5xx).
    pub fn is_transient(&self) -> bool {
        let of_status = |status: StatusCode| {
            status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
        };
        match &self.what {
            What::Http(error) => error.is_transient(),
            What::Told { .. } => {
                self.answer.passing
                    || self.answer.status.is_some_and(of_status)
                    || match self.cause() {
                        Some(cause) => cause.is_transient(),
                        None => self.kind == CredentialsErrorKind::Unreachable,
                    }
            }
        }
    }

    /// The error of another provider that this one asked.
    fn cause(&self) -> Option<&Self> {
        self.source().and_then(cause_of)
    }

    /// The name of the provider: `environment`, `profile`, `web identity`, `container`, `instance metadata`, …
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// Whether a chain goes on to the next provider.
    pub(super) fn is_not_configured(&self) -> bool {
        self.kind == CredentialsErrorKind::NotConfigured
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Told { context, .. } => write!(f, "{}: {context}", self.provider),
            What::Http(error) => write!(f, "{}: {error}", self.provider),
        }
    }
}

impl fmt::Debug for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("CredentialsError");
        debug
            .field("kind", &self.kind)
            .field("provider", &self.provider);
        match &self.what {
            What::Told { context, source } => {
                debug.field("context", context);
                if let Some(source) = source {
                    debug.field("source", source);
                }
            }
            What::Http(error) => {
                debug.field("http", error);
            }
        }
        debug.finish()
    }
}

impl StdError for CredentialsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.what {
            What::Told { source, .. } => source.as_deref().map(|source| source as _),
            What::Http(error) => error.source(),
        }
    }
}

impl From<CredentialsError> for AuthError {
    fn from(error: CredentialsError) -> Self {
        let mut told = Self::new(
            ErrorKind::Credentials,
            "the AWS credentials could not be obtained",
        );
        if let Some(status) = error.status() {
            told = told.with_status(status);
        }
        if let Some(wait) = error.retry_after() {
            told = told.with_retry_after(wait);
        }
        if error.is_transient() {
            told = told.transient();
        }
        told.with_source(error)
    }
}

/// For closures: what [`Credentials::new`](crate::Credentials::new) and the like refuse.
impl From<AuthError> for CredentialsError {
    fn from(error: AuthError) -> Self {
        Self::new(
            CredentialsErrorKind::Configuration,
            "closure",
            "its credentials are unusable",
        )
        .with_source(error)
    }
}

/// The constructors of one provider's errors, so that its name is written once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errors(pub(super) &'static str);

impl Errors {
    /// Of a request without a whole answer.
    pub(super) fn http(self, error: HttpError) -> CredentialsError {
        let kind = match error.kind() {
            HttpErrorKind::TooLarge => CredentialsErrorKind::Malformed,
            HttpErrorKind::Redirected => CredentialsErrorKind::Refused,
            _ => CredentialsErrorKind::Unreachable,
        };
        CredentialsError {
            kind,
            provider: self.0,
            what: What::Http(error),
            answer: Answer::default(),
        }
    }
}

macro_rules! constructors {
    ($($name:ident $kind:ident),*) => {
        impl Errors {$(
            pub(super) fn $name(self, context: impl Into<Cow<'static, str>>) -> CredentialsError {
                CredentialsError::new(CredentialsErrorKind::$kind, self.0, context)
            }
        )*}
    };
}
constructors!(
    not_configured NotConfigured, configuration Configuration, io Io, unreachable Unreachable, refused Refused,
    malformed Malformed, expired Expired
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_every_kind_is_one_line_that_says_more_than_its_source() {
        use CredentialsErrorKind as Kind;
        for kind in [
            Kind::NotConfigured,
            Kind::Configuration,
            Kind::Io,
            Kind::Unreachable,
            Kind::Refused,
            Kind::Malformed,
            Kind::Expired,
        ] {
            let error = || CredentialsError::new(kind, "sso", "it failed; run `aws sso login`");
            let around = error().with_source(std::io::Error::other("because"));
            let auth = AuthError::from(error());
            let errors: [&dyn StdError; 3] = [&error(), &around, &auth];
            for error in errors {
                let text = error.to_string();
                assert!(
                    text.contains("sso: it failed; run `aws sso login`"),
                    "{text}"
                );
                assert!(!text.contains(char::is_control) && !text.ends_with('.'));
                let source = error.source().map(ToString::to_string);
                assert_ne!(source, Some(text));
            }
        }
    }

    #[test]
    fn what_the_answer_said_is_told_by_the_error_of_the_request() {
        let mut reply = Response::new(Bytes::new());
        *reply.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        reply
            .headers_mut()
            .insert("retry-after", "7".parse().unwrap());
        let error = Errors("container").refused("status 503").answered(&reply);
        let outer = Errors("cache").unreachable("none").with_source(error);
        let error = AuthError::from(outer);
        assert!(error.is_transient());
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));

        *reply.status_mut() = StatusCode::FORBIDDEN;
        let refused = || Errors("sts").refused("status 403").answered(&reply);
        assert!(!AuthError::from(refused()).is_transient());
        assert!(AuthError::from(refused().passing(true)).is_transient());
        // Without a `Date`, a date says nothing.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap();
        reply.headers_mut().insert("retry-after", date);
        assert_eq!(
            Errors("sts").refused("x").answered(&reply).retry_after(),
            None
        );
    }

    #[test]
    fn the_error_of_a_request_leads_to_the_provider() {
        let error = AuthError::from(Errors("container").refused("status 500"));
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let source = StdError::source(&error).unwrap();
        let source = source.downcast_ref::<CredentialsError>().unwrap();
        assert_eq!(source.kind(), CredentialsErrorKind::Refused);
        assert_eq!(source.to_string(), "container: status 500");
    }
}
