//! Why a request cannot be signed, for those who want to know more than the kind.

use std::fmt;
use tower_auth_core::{AuthError, ErrorKind, body::Unreadable};

/// Why a request could not be signed: the [`source()`](std::error::Error::source) of errors of kind
/// [`ErrorKind::Request`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignError {
    /// The protocol parameters were to go into the body, and that is no form: its `Content-Type` is not
    /// `application/x-www-form-urlencoded` (RFC 5849 section 3.5.2).
    NotAForm,
    /// The protocol parameters were to go into the body of a `GET` or `HEAD` request, which has none.
    NoBody,
    /// The body has to be signed and is larger than the limit.
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body has to be signed and cannot be read without waiting.
    BodyNotAtHand,
    /// The body has to be signed, and has trailers, which cannot be.
    Trailers,
    /// The request has a protocol parameter already, which must not be sent twice (RFC 5849 section 3.1).
    Duplicate {
        /// Its name.
        name: &'static str,
    },
    /// The URI has no scheme or no host, or a scheme that is not HTTP's.
    NoOrigin,
    /// The request would grow beyond what a URI or header can hold.
    TooLong,
    /// The request has so many headers that no other can be added.
    TooManyHeaders,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAForm => f.write_str(
                "OAuth parameters go into a body only when its Content-Type is \
                 application/x-www-form-urlencoded; put them into the header instead",
            ),
            Self::NoBody => f.write_str(
                "OAuth parameters do not go into the body of a GET or HEAD request; put them into the header instead",
            ),
            Self::BodyTooLarge { limit } => write!(
                f,
                "the body has to be signed and is larger than {limit} bytes; raise the limit or send a smaller one"
            ),
            Self::BodyNotAtHand => f.write_str(
                "the body has to be signed and is not in memory; put a `BufferForms` layer above this one, or a \
                 `BodyBytes` extension on the request",
            ),
            Self::Trailers => f.write_str("the body has to be signed and has trailers; send it without"),
            Self::Duplicate { name } => write!(
                f,
                "the request has a parameter `{name}` already, and OAuth forbids to send it twice; take it out"
            ),
            Self::NoOrigin => f.write_str(
                "the request URI has no scheme and host, which are part of what is signed; make it absolute",
            ),
            Self::TooLong => f.write_str(
                "the request grows too long with the OAuth parameters; send a shorter query, or put them elsewhere",
            ),
            Self::TooManyHeaders => f.write_str(
                "the request has so many headers that no other can be added; send fewer",
            ),
        }
    }
}

impl std::error::Error for SignError {}

impl From<Unreadable> for SignError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::TooLarge { limit } => Self::BodyTooLarge { limit },
            Unreadable::Trailers => Self::Trailers,
            _ => Self::BodyNotAtHand,
        }
    }
}

impl From<SignError> for AuthError {
    fn from(error: SignError) -> Self {
        let kind = match error {
            SignError::NoOrigin => ErrorKind::NoOrigin,
            _ => ErrorKind::Request,
        };
        Self::new(kind, "the request could not be signed").with_source(error)
    }
}
