//! What can go wrong, told apart without matching text.

use crate::{BoxError, GraphQlError, response::media};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use std::{borrow::Cow, error::Error as StdError, fmt};
use tower_auth_core::AuthError;

/// Why there is no usable answer. Match on [`kind()`](Self::kind); the text is for people and may change.
///
/// The text never holds what the server sent in a body that is not GraphQL: see [`body_prefix`](Self::body_prefix).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    context: Cow<'static, str>,
    status: Option<StatusCode>,
    content_type: Option<String>,
    prefix: Bytes,
    errors: Vec<GraphQlError>,
    source: Option<BoxError>,
}

/// What kind of [`Error`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be made, and was not sent.
    Request,
    /// The network failed, or somebody answered who does not speak GraphQL: see [`Error::status`],
    /// [`Error::content_type`] and [`Error::body_prefix`].
    Transport,
    /// The answer says that it is GraphQL, but is not well-formed.
    Protocol,
    /// The server answered with errors: see [`Error::errors`].
    GraphQl,
    /// The server, or the login, did not accept the credentials.
    Auth(AuthFailure),
    /// It took too long.
    Timeout(Timeout),
    /// The answer is too large.
    Limit(Limit),
    /// The data are well-formed, but not what the caller's type expects.
    Decode,
}

/// Why credentials were not accepted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AuthFailure {
    /// They are missing or wrong.
    Refused,
    /// They were good and have expired.
    Expired,
    /// They are good, but do not permit this.
    Forbidden,
    /// There are none to send: the [source](StdError::source) is the scheme's [`AuthError`].
    Unavailable,
}

impl AuthFailure {
    /// Whether other credentials could help.
    pub fn is_renewable(self) -> bool {
        matches!(self, Self::Refused | Self::Expired)
    }
}

/// Which time-out it was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Timeout {
    /// No complete answer in time.
    Answer,
    /// Nothing more of a stream for too long.
    Idle,
}

/// Which limit it was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Of bytes in an answer, counted after decompression.
    ResponseSize,
    /// Of bytes in one part of a stream.
    PartSize,
    /// Of nested objects and lists.
    Depth,
    /// Of errors in a response.
    Errors,
}

/// Returns what is inside the error, when it is of one of these types.
macro_rules! unstack {
    ($error:ident => $($layers:ty),+) => {
        $(let $error = match $error.downcast::<$layers>() {
            Ok(layers) => return layers.unstack(),
            Err(error) => error,
        };)+
    };
}

/// Layers of errors, with one of ours somewhere inside.
trait Unstack {
    fn unstack(self) -> Error;
}

impl Unstack for Error {
    fn unstack(self) -> Error {
        self
    }
}

impl Unstack for AuthError {
    fn unstack(self) -> Error {
        self.into()
    }
}

impl<E: Unstack> Unstack for tower_auth_core::Error<E> {
    fn unstack(self) -> Error {
        match self {
            Self::Auth(error) => error.into(),
            Self::Inner(error) => error.unstack(),
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            context: context.into(),
            status: None,
            content_type: None,
            prefix: Bytes::new(),
            errors: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn request(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, context)
    }

    pub(crate) fn protocol(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Protocol, context)
    }

    /// Of an HTTP client.
    pub(crate) fn transport(source: BoxError) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&*source);
        while let Some(error) = cause {
            // A body of ours that failed: the network is not to blame.
            if let Some(Self(inner)) = error.downcast_ref::<Self>() {
                let (kind, context) = (inner.kind, inner.context.clone());
                return Self::new(kind, context).with_source(source);
            }
            cause = error.source();
        }
        Self::new(ErrorKind::Transport, "the connection failed").with_source(source)
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_head(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        self.0.status = Some(status);
        let value = headers.get(CONTENT_TYPE);
        self.0.content_type = value.map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            media::clip(&text, 200).to_owned()
        });
        self
    }

    pub(crate) fn with_prefix(mut self, prefix: Bytes) -> Self {
        self.0.prefix = prefix;
        self
    }

    pub(crate) fn with_errors(mut self, errors: Vec<GraphQlError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Out of whatever a stack of layers answers with: an error of ours inside it is found again.
    pub(crate) fn from_stack(error: BoxError) -> Self {
        use tower_auth_core::Error as Stacked;
        // So many layers that authenticate, one above the other. Layers that box errors hand ours on as it is.
        unstack!(error => Self, Stacked<Self>, Stacked<Stacked<Self>>, Stacked<Stacked<Stacked<Self>>>, AuthError);
        Self::transport(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The content type of an answer that is not GraphQL.
    pub fn content_type(&self) -> Option<&str> {
        self.0.content_type.as_deref()
    }

    /// The beginning of an answer that is not GraphQL, at most 4 KiB. Whoever sent it may have put anything into it.
    pub fn body_prefix(&self) -> &[u8] {
        &self.0.prefix
    }

    /// The errors that the server answered with.
    pub fn errors(&self) -> &[GraphQlError] {
        &self.0.errors
    }

    /// The error of an authentication layer above, when that is the cause.
    pub fn auth_error(&self) -> Option<&AuthError> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        // A login by GraphQL that was refused says so itself, further down.
        let mut source = StdError::source(&error);
        let mut failure = AuthFailure::Unavailable;
        while let Some(cause) = source {
            if let Some(Self(inner)) = cause.downcast_ref::<Self>() {
                if let ErrorKind::Auth(inner) = inner.kind {
                    failure = inner;
                }
                break;
            }
            source = cause.source();
        }
        Self::new(
            ErrorKind::Auth(failure),
            "the request could not be authenticated",
        )
        .with_source(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)?;
        if let Some(status) = self.0.status {
            write!(f, " (status {}", status.as_u16())?;
            match &self.0.content_type {
                Some(content_type) => write!(f, ", {content_type})")?,
                None => f.write_str(")")?,
            }
        }
        if let Some(first) = self.0.errors.first() {
            write!(f, ": {}", media::clip(&first.message, 300))?;
        }
        match self.0.errors.len() {
            0 | 1 => Ok(()),
            more => write!(f, " (and {} more)", more - 1),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("context", &self.0.context)
            .field("status", &self.0.status)
            .field("content_type", &self.0.content_type)
            .field(
                "body_prefix",
                &format_args!("{} bytes", self.0.prefix.len()),
            )
            .field("errors", &self.0.errors)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_auth_core::Error as Stacked;

    #[test]
    fn an_error_of_ours_is_found_again_below_layers_that_authenticate() {
        let ours = || Error::protocol("ours");
        let auth = || AuthError::configuration("a", "b");
        let two: Stacked<Stacked<Error>> = Stacked::Inner(Stacked::Auth(auth()));
        let foreign: Stacked<std::io::Error> = Stacked::Inner(std::io::Error::other("x"));
        let stacks: [(BoxError, ErrorKind); 6] = [
            (ours().into(), ErrorKind::Protocol),
            (Stacked::Inner(ours()).into(), ErrorKind::Protocol),
            (
                Stacked::Inner(Stacked::Inner(Stacked::Inner(ours()))).into(),
                ErrorKind::Protocol,
            ),
            (two.into(), ErrorKind::Auth(AuthFailure::Unavailable)),
            (auth().into(), ErrorKind::Auth(AuthFailure::Unavailable)),
            (foreign.into(), ErrorKind::Transport),
        ];
        for (stack, expected) in stacks {
            let text = format!("{stack:?}");
            assert_eq!(Error::from_stack(stack).kind(), expected, "{text}");
        }
    }
}
