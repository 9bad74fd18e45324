//! Why a request cannot be signed, for those who want to know more than the kind.

use std::{error::Error as StdError, fmt};
use tower_auth_core::{AuthError, ErrorKind, body::Unreadable, cause_of};

/// Why a request could not be signed.
///
/// It is in the chain of sources of an [`AuthError`] of kind [`Request`](ErrorKind::Request) or
/// [`NoOrigin`](ErrorKind::NoOrigin), where [`of`](Self::of) finds it:
///
/// ```
/// use tower_auth_core::AuthError;
/// use tower_auth_oauth1::{SignError, SignErrorKind};
///
/// fn wants_a_buffer(error: &AuthError) -> bool {
///     SignError::of(error).map(SignError::kind) == Some(SignErrorKind::BodyNotAtHand)
/// }
/// # let _ = wants_a_buffer;
/// ```
///
/// Its text is one line with the cause and the remedy, and has nothing of the request but the name of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignError(What);

/// What kind of error a [`SignError`] is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SignErrorKind {
    /// The protocol parameters were to go into the body, and that is no form: its `Content-Type` is not
    /// `application/x-www-form-urlencoded` (RFC 5849 section 3.5.2).
    NotAForm,
    /// The protocol parameters were to go into the body of a `GET` or `HEAD` request, which has none.
    NoBody,
    /// The body has to be signed and is larger than the limit: [`limit`](SignError::limit).
    BodyTooLarge,
    /// The body has to be signed and cannot be read without waiting.
    BodyNotAtHand,
    /// The body has to be signed, and has trailers, which cannot be.
    Trailers,
    /// The body has to be signed, and sends empty frames without end.
    EmptyFrames,
    /// The request has a protocol parameter already, which must not be sent twice (RFC 5849 section 3.1):
    /// [`parameter`](SignError::parameter).
    Duplicate,
    /// The URI has no scheme or no host, or a scheme that is not HTTP's.
    NoOrigin,
    /// The request would grow beyond what a URI or header can hold.
    TooLong,
    /// The request has so many headers that no other can be added.
    TooManyHeaders,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    NotAForm,
    NoBody,
    BodyTooLarge { limit: usize },
    BodyNotAtHand,
    Trailers,
    EmptyFrames,
    Duplicate { name: &'static str },
    NoOrigin,
    TooLong,
    TooManyHeaders,
}

impl SignError {
    /// The one in the chain of sources of this error.
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        cause_of(error)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> SignErrorKind {
        match self.0 {
            What::NotAForm => SignErrorKind::NotAForm,
            What::NoBody => SignErrorKind::NoBody,
            What::BodyTooLarge { .. } => SignErrorKind::BodyTooLarge,
            What::BodyNotAtHand => SignErrorKind::BodyNotAtHand,
            What::Trailers => SignErrorKind::Trailers,
            What::EmptyFrames => SignErrorKind::EmptyFrames,
            What::Duplicate { .. } => SignErrorKind::Duplicate,
            What::NoOrigin => SignErrorKind::NoOrigin,
            What::TooLong => SignErrorKind::TooLong,
            What::TooManyHeaders => SignErrorKind::TooManyHeaders,
        }
    }

    /// How many bytes a body may have, for [`SignErrorKind::BodyTooLarge`].
    pub fn limit(&self) -> Option<usize> {
        match self.0 {
            What::BodyTooLarge { limit } => Some(limit),
            _ => None,
        }
    }

    /// The name of the parameter that is there already, for [`SignErrorKind::Duplicate`].
    pub fn parameter(&self) -> Option<&'static str> {
        match self.0 {
            What::Duplicate { name } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            What::NotAForm => f.write_str(
                "OAuth parameters go into a body only when its Content-Type is \
                 application/x-www-form-urlencoded; put them into the header instead",
            ),
            What::NoBody => f.write_str(
                "OAuth parameters do not go into the body of a GET or HEAD request; put them into the header instead",
            ),
            What::BodyTooLarge { limit } => write!(
                f,
                "the body has to be signed and is larger than {limit} bytes; raise the limit or send a smaller one"
            ),
            What::BodyNotAtHand => f.write_str(
                "the body has to be signed and is not in memory; put a `BufferForms` layer above this one, or a \
                 `DeclaredBody` extension on the request",
            ),
            What::Trailers => f.write_str("the body has to be signed and has trailers; send it without"),
            What::EmptyFrames => f.write_str(
                "the body has to be signed and sends empty frames without end; send it in frames that hold bytes",
            ),
            What::Duplicate { name } => write!(
                f,
                "the request has a parameter `{name}` already, and OAuth forbids to send it twice; take it out"
            ),
            What::NoOrigin => f.write_str(
                "the request URI has no scheme and host, which are part of what is signed, or a scheme that is not HTTP's; \
                 write it like https://api.example.com/path",
            ),
            What::TooLong => f.write_str(
                "the request grows too long with the OAuth parameters; send a shorter query, or put them elsewhere",
            ),
            What::TooManyHeaders => f.write_str(
                "the request has so many headers that no other can be added; send fewer",
            ),
        }
    }
}

impl StdError for SignError {}

impl From<What> for SignError {
    fn from(what: What) -> Self {
        Self(what)
    }
}

impl From<Unreadable> for SignError {
    fn from(unreadable: Unreadable) -> Self {
        Self(match unreadable {
            Unreadable::TooLarge { limit } => What::BodyTooLarge { limit },
            Unreadable::Trailers => What::Trailers,
            Unreadable::Empty => What::EmptyFrames,
            _ => What::BodyNotAtHand,
        })
    }
}

impl From<SignError> for AuthError {
    fn from(error: SignError) -> Self {
        let kind = match error.0 {
            What::NoOrigin => ErrorKind::NoOrigin,
            _ => ErrorKind::Request,
        };
        // The text of the cause is part of what this error says.
        Self::new(kind, "the request could not be signed").with_source(error)
    }
}

impl From<What> for AuthError {
    fn from(what: What) -> Self {
        SignError(what).into()
    }
}
