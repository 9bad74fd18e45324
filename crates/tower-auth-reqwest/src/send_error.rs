//! Why a request through a stack of layers has no response.

use crate::Error;
use std::{error::Error as StdError, fmt};
use tower_auth_core::{AuthError, cause_of};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why [`RequestBuilder::send`](crate::RequestBuilder::send) has no response. An answer with a bad status is none of
/// these.
///
/// `Display` is one line. URLs are shown without user name and query, which may be secret.
pub struct SendError(Repr);

enum Repr {
    Auth(AuthError),
    Client(Error),
    Streaming,
    Layer(BoxError),
}

/// Who failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// A scheme: there are no credentials, or this request cannot carry them. Nothing was sent.
    Auth,
    /// reqwest: it could not read what the builder was given, or could not send it.
    Client,
    /// The body is a stream, which a request builder cannot send. Nothing was sent.
    Streaming,
    /// Another layer, for a reason of its own.
    Layer,
}

impl SendError {
    /// Who failed.
    pub fn kind(&self) -> SendErrorKind {
        match &self.0 {
            Repr::Streaming => SendErrorKind::Streaming,
            _ if self.auth().is_some() => SendErrorKind::Auth,
            _ if self.client().is_some() => SendErrorKind::Client,
            _ => SendErrorKind::Layer,
        }
    }

    /// The error of a scheme.
    pub fn auth(&self) -> Option<&AuthError> {
        match &self.0 {
            Repr::Auth(error) => Some(error),
            Repr::Layer(error) => AuthError::of(&**error), // of a scheme below another layer
            Repr::Client(_) | Repr::Streaming => None,
        }
    }

    /// The error of reqwest, or of the service around it.
    pub fn client(&self) -> Option<&Error> {
        match &self.0 {
            Repr::Client(error) => Some(error),
            Repr::Layer(error) => cause_of(&**error),
            Repr::Auth(_) | Repr::Streaming => None,
        }
    }

    /// Whether no connection could be made, so that nothing was sent.
    pub fn is_connect(&self) -> bool {
        self.client().is_some_and(Error::is_connect)
    }

    /// Whether one of reqwest's timeouts ran out.
    pub fn is_timeout(&self) -> bool {
        self.client().is_some_and(Error::is_timeout)
    }

    pub(crate) fn streaming() -> Self {
        Self(Repr::Streaming)
    }

    /// Takes a stack's error out of what the layers put around it.
    pub(crate) fn from_stack(error: impl Into<BoxError>) -> Self {
        let error = match error.into().downcast::<tower_auth_core::Error<Error>>() {
            Ok(error) => return Self::from_layer(*error),
            Err(error) => error,
        };
        match error.downcast::<Error>() {
            Ok(error) => Self(Repr::Client(*error)),
            Err(error) => Self(Repr::Layer(error)),
        }
    }

    fn from_layer(error: tower_auth_core::Error<Error>) -> Self {
        match error {
            tower_auth_core::Error::Auth(error) => Self(Repr::Auth(error)),
            tower_auth_core::Error::Inner(error) => Self(Repr::Client(error.into_inner())),
        }
    }

    fn shown(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Repr::Auth(error) => Some(error),
            Repr::Client(error) => Some(error),
            Repr::Streaming => None,
            Repr::Layer(error) => Some(error.as_ref()),
        }
    }
}

impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        Self(Repr::Client(error))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Some(error) => fmt::Display::fmt(error, f),
            None => f.write_str(
                "the body is a stream, which can be neither signed nor sent again; send it with the service of \
                 `Client::get_ref`, or read it into memory",
            ),
        }
    }
}

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Some(error) => fmt::Debug::fmt(error, f),
            None => f.write_str("Streaming"),
        }
    }
}

impl StdError for SendError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.shown()?.source()
    }
}
