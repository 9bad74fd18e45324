//! What can go wrong, told apart without matching text.

use crate::{BoxError, GraphQlError, head::Head, response::media};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::{borrow::Cow, error::Error as StdError, fmt, io, sync::Arc, time::Duration};
use tower_auth_core::{AuthError, cause_of, causes};

/// Why there is no usable answer. Match on [`kind()`](Self::kind); the text is for people and may change.
///
/// The text never holds what the server sent in a body that is not GraphQL: see [`body_prefix`](Self::body_prefix).
///
/// Clones share one value.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    context: Cow<'static, str>,
    head: Option<Arc<Head>>,
    prefix: Bytes,
    errors: Vec<GraphQlError>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// Nothing reached the server.
    unsent: bool,
    #[cfg(feature = "subscriptions")]
    closed: Option<Arc<crate::Closed>>,
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
    /// The connection of a subscription was closed: see [`Error::closed`].
    #[cfg(feature = "subscriptions")]
    Closed(crate::CloseKind),
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
    /// The server did not acknowledge a connection in time.
    Acknowledgement,
    /// Nobody answered to a ping in time: the connection is gone, though nobody said so.
    Pong,
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
    /// Of frames without a byte, one after the other.
    EmptyFrames,
    /// Of results that wait to be taken.
    Buffer,
    /// Of operations on one connection.
    Operations,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            context: context.into(),
            head: None,
            prefix: Bytes::new(),
            errors: Vec::new(),
            source: None,
            unsent: false,
            #[cfg(feature = "subscriptions")]
            closed: None,
        }))
    }

    /// A connection that was closed.
    #[cfg(feature = "ws")]
    pub(crate) fn of_closed(closed: crate::Closed) -> Self {
        let context = format!("the connection was closed: {closed}");
        Self::new(ErrorKind::Closed(closed.kind()), context).with_closed(closed)
    }

    #[cfg(feature = "ws")]
    pub(crate) fn with_closed(self, closed: crate::Closed) -> Self {
        self.change(|inner| inner.closed = Some(Arc::new(closed)))
    }

    pub(crate) fn request(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, context).unsent()
    }

    pub(crate) fn protocol(context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Protocol, context)
    }

    /// Of an HTTP client.
    pub(crate) fn transport(source: BoxError) -> Self {
        // A body of ours that failed: the network is not to blame.
        if let Some(Self(inner)) = cause_of::<Self>(&*source) {
            let (kind, context) = (inner.kind, inner.context.clone());
            return Self::new(kind, context).with_source(source);
        }
        match before_sending(&*source) {
            Some(cause) => {
                let context =
                    format!("the connection could not be made, so nothing was sent: {cause}");
                Self::new(ErrorKind::Transport, context).unsent()
            }
            None => Self::new(
                ErrorKind::Transport,
                "the connection failed; the request may have been executed",
            ),
        }
        .with_source(source)
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn unsent(self) -> Self {
        self.change(|inner| inner.unsent = true)
    }

    pub(crate) fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.change(|inner| inner.source = Some(Arc::from(source.into())))
    }

    pub(crate) fn with_head(self, head: impl Into<Option<Arc<Head>>>) -> Self {
        self.change(|inner| inner.head = head.into())
    }

    pub(crate) fn with_prefix(self, prefix: Bytes) -> Self {
        self.change(|inner| inner.prefix = prefix)
    }

    pub(crate) fn with_errors(self, errors: Vec<GraphQlError>) -> Self {
        self.change(|inner| inner.errors = errors)
    }

    /// Out of whatever a stack of layers answers with: an error of ours inside it is found again.
    pub(crate) fn from_stack(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(ours) => return *ours,
            Err(error) => error,
        };
        // The outermost decides: the error of a login that failed is inside the one of the scheme that needed it.
        for cause in causes(&*error) {
            if let Some(ours) = cause.downcast_ref::<Self>() {
                return ours.clone();
            }
            if let Some(auth) = cause.downcast_ref::<AuthError>() {
                return auth.clone().into();
            }
        }
        Self::transport(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.0.head.as_ref()?.status)
    }

    /// The headers of the answer, when there was one. They may hold secrets, such as cookies.
    pub fn headers(&self) -> Option<&HeaderMap> {
        Some(&self.0.head.as_ref()?.headers)
    }

    /// The content type of the answer.
    pub fn content_type(&self) -> Option<&str> {
        self.0.head.as_ref()?.content_type()
    }

    /// How long the server wants to be left alone (`Retry-After`, RFC 9110 section 10.2.3): GitHub says so with a 403,
    /// others with a 429 or 503. A date is measured from the `Date` of the answer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.head.as_ref()?.retry_after()
    }

    /// How the connection of a subscription was closed.
    #[cfg(feature = "subscriptions")]
    pub fn closed(&self) -> Option<&crate::Closed> {
        self.0.closed.as_deref()
    }

    /// Whether the same request may well succeed a little later: the network or the server failed, it took too long, or
    /// the server wants less of us (408, 425, 429, 502, 503, 504, or any answer with `Retry-After`).
    ///
    /// Before a mutation is sent again, ask [`may_have_been_executed`](Self::may_have_been_executed) too.
    pub fn is_transient(&self) -> bool {
        if let Some(head) = &self.0.head {
            return matches!(head.status.as_u16(), 408 | 425 | 429 | 502..=504)
                || head.retry_after().is_some();
        }
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout(_) => true,
            #[cfg(feature = "subscriptions")]
            ErrorKind::Closed(kind) => kind.is_transient(),
            ErrorKind::Auth(AuthFailure::Unavailable) => {
                self.cause_of_ours().is_some_and(Self::is_transient)
            }
            _ => false,
        }
    }

    /// Whether the server may have executed the operation, or a part of it. `false` only when it is certain that the
    /// request was not sent.
    pub fn may_have_been_executed(&self) -> bool {
        !self.0.unsent
    }

    /// Whether other credentials could help.
    #[cfg(feature = "ws")]
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Auth(failure) if failure.is_renewable())
    }

    /// As the answer to a handshake: what it is not matters more than what it is.
    #[cfg(feature = "ws")]
    pub(crate) fn of_handshake(self, version: http::Version, connected: bool) -> Self {
        if self.0.kind != ErrorKind::Transport || self.0.head.is_none() {
            return self;
        }
        let context = if version == http::Version::HTTP_2 && !connected {
            "the server did not switch to a WebSocket: the connection is HTTP/2, over which it cannot; give the client \
             an HTTP client that speaks HTTP/1.1 only, or ask by extended CONNECT with `opening_handshake`"
        } else {
            "the server did not switch to a WebSocket; is this its address?"
        };
        self.change(|inner| inner.context = context.into())
    }

    /// As what became of an extended `CONNECT`: servers that do not know it reset the stream, and say no more.
    #[cfg(feature = "ws")]
    pub(crate) fn of_connect(self) -> Self {
        if self.0.kind != ErrorKind::Transport || self.0.head.is_some() || self.0.unsent {
            return self;
        }
        let context = "no WebSocket could be had by extended CONNECT: does the HTTP client speak HTTP/2, and does the \
                       server allow it (RFC 8441)?";
        self.change(|inner| inner.context = context.into())
    }

    /// An error of ours among the causes: a login by GraphQL, for example, that did not get through.
    fn cause_of_ours(&self) -> Option<&Self> {
        StdError::source(self).and_then(cause_of)
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
        StdError::source(self).and_then(AuthError::of)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        // A login by GraphQL that was refused says so itself, further down.
        let failure = match StdError::source(&error).and_then(cause_of) {
            Some(Self(inner)) => match inner.kind {
                ErrorKind::Auth(failure) => failure,
                _ => AuthFailure::Unavailable,
            },
            None => AuthFailure::Unavailable,
        };
        let context = format!("the request could not be authenticated: {}", line(&error));
        Self::new(ErrorKind::Auth(failure), context)
            .unsent()
            .with_source(error)
    }
}

/// The text of an [`AuthError`], which is one line with its causes, and shows no secret.
fn line(error: &AuthError) -> String {
    media::clip(&error.to_string(), 500).to_owned()
}

/// Why there was no connection to send anything over, when that is known for certain.
fn before_sending(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let kind = cause_of::<io::Error>(error)?.kind();
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
    )
    .then_some(kind)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)?;
        if let Some(head) = &self.0.head {
            match head.content_type() {
                // With errors it is GraphQL, and at 200 that is all there is to say.
                _ if !self.0.errors.is_empty() && head.status == StatusCode::OK => {}
                Some(text) if self.0.errors.is_empty() => {
                    write!(f, " (status {}, {text})", head.status.as_u16())?;
                }
                _ => write!(f, " (status {})", head.status.as_u16())?,
            }
        }
        if let Some(first) = self.0.errors.first() {
            let line = media::clip(&first.message, 300).replace(['\r', '\n'], " ");
            write!(f, ": {line}")?;
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
            .field("status", &self.status())
            .field("content_type", &self.content_type())
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
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_auth_core::Error as Stacked;

    fn stacked<E: Into<BoxError>>(inner: E) -> Stacked<E> {
        Stacked::Inner(tower_auth_core::InnerError::from(inner))
    }

    #[test]
    fn an_error_of_ours_is_found_again_below_layers_that_authenticate() {
        let ours = || Error::protocol("ours");
        let auth = || AuthError::configuration("a", "b");
        let two: Stacked<Stacked<Error>> = Stacked::Inner(Stacked::Auth(auth()).into());
        let foreign: Stacked<io::Error> = Stacked::Inner(io::Error::other("x").into());
        let boxed: Stacked<BoxError> = Stacked::Inner(BoxError::from(ours()).into());
        let stacks: [(BoxError, ErrorKind); 7] = [
            (ours().into(), ErrorKind::Protocol),
            (stacked(ours()).into(), ErrorKind::Protocol),
            (
                stacked(stacked(stacked(ours()))).into(),
                ErrorKind::Protocol,
            ),
            (boxed.into(), ErrorKind::Protocol),
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
