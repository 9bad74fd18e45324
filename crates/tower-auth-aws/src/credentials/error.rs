//! Why no credentials came.

use std::{borrow::Cow, error::Error as StdError, fmt};
use tower_auth_core::{AuthError, ErrorKind};
use tower_auth_http::{HttpError, HttpErrorKind};

type BoxError = Box<dyn StdError + Send + Sync>;

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
        }
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
        Self::new(
            ErrorKind::Credentials,
            "the AWS credentials could not be obtained",
        )
        .with_source(error)
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
    fn the_error_of_a_request_leads_to_the_provider() {
        let error = AuthError::from(Errors("container").refused("status 500"));
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let source = StdError::source(&error).unwrap();
        let source = source.downcast_ref::<CredentialsError>().unwrap();
        assert_eq!(source.kind(), CredentialsErrorKind::Refused);
        assert_eq!(source.to_string(), "container: status 500");
    }
}
