//! The error of an authenticating service.

use super::{AuthError, BoxError};
use std::{error::Error as StdError, fmt, marker::PhantomData, ops::Deref};

/// The error of an authenticating service: ours, or that of the service below, of type `E`.
///
/// Schemes that are added up make one service, so nothing nests: over hyper, `Error::Inner(e)` is hyper's own error,
/// and `e.is_connect()` can be asked without a downcast.
///
/// Whatever `E` is, tower's [`BoxError`] included, this is a [`std::error::Error`]: `?` makes it a boxed error, and layers
/// that box errors (time-outs, buffers, retries) may be above the scheme, below it, or both. `Display` is that of the
/// half; the [`source`](StdError::source) is the half itself, so [`AuthError::of`] and [`cause_of`](crate::cause_of) find
/// it below any number of layers.
///
/// ```
/// use tower_auth_core::{AuthError, BoxError, Error, ErrorKind};
///
/// fn describe(error: &Error<std::io::Error>) -> String {
///     match error {
///         Error::Auth(error) => format!("not sent: {error}"),
///         Error::Inner(error) => format!("the network: {:?}", error.kind()), // `std::io::Error::kind`
///     }
/// }
///
/// fn find(error: BoxError) -> Option<ErrorKind> {
///     AuthError::of(&*error).map(AuthError::kind)
/// }
/// # describe(&Error::Inner(std::io::Error::other("x").into()));
/// # let ours: Error<BoxError> = AuthError::new(ErrorKind::NoOrigin, "where to?").into();
/// # assert_eq!(find(ours.into()), Some(ErrorKind::NoOrigin));
/// ```
pub enum Error<E> {
    /// The request could not be authenticated.
    ///
    /// It was not sent; or, when it was being replayed, only the first time.
    Auth(AuthError),
    /// The inner service failed.
    Inner(InnerError<E>),
}

impl<E> Error<E> {
    /// Our half.
    pub fn auth(&self) -> Option<&AuthError> {
        match self {
            Self::Auth(error) => Some(error),
            Self::Inner(_) => None,
        }
    }

    /// The inner service's half.
    pub fn inner(&self) -> Option<&InnerError<E>> {
        match self {
            Self::Auth(_) => None,
            Self::Inner(error) => Some(error),
        }
    }

    /// Whichever half it is, boxed, with nothing of this type around it.
    pub fn into_boxed(self) -> BoxError {
        match self {
            Self::Auth(error) => error.into(),
            Self::Inner(error) => error.into_boxed(),
        }
    }

    fn half(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Auth(error) => error,
            Self::Inner(error) => error.get_ref(),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> Error<E> {
    /// The inner service's half, by value.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Auth(_) => None,
            Self::Inner(error) => Some(error.into_inner()),
        }
    }
}

/// For `map_err`.
#[cold]
pub(crate) fn inner<E: Into<BoxError>>(error: E) -> Error<E> {
    Error::Inner(InnerError::from(error))
}

impl<E> From<AuthError> for Error<E> {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.half(), f)
    }
}

impl<E> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth(error) => f.debug_tuple("Auth").field(error).finish(),
            Self::Inner(error) => f.debug_tuple("Inner").field(error).finish(),
        }
    }
}

impl<E> StdError for Error<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.half())
    }
}

/// The error of the service below, of type `E`, which it dereferences to.
///
/// It is kept as a [`BoxError`], since only so can [`Error`] be an error for every `E`: a `BoxError` is none itself, and no
/// `impl` can cover both it and all errors. It costs an allocation where a request has failed, and nothing else.
///
/// Where `E` is a `BoxError` already, or anything else that converts into one without being an error, there is
/// [`get_ref`](Self::get_ref) and [`into_boxed`](Self::into_boxed).
pub struct InnerError<E> {
    error: BoxError,
    of: PhantomData<fn() -> E>,
}

impl<E> InnerError<E> {
    /// The error, of whatever type it is.
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    /// The error, boxed. A `BoxError` is what it was.
    pub fn into_boxed(self) -> BoxError {
        self.error
    }
}

impl<E: Into<BoxError>> From<E> for InnerError<E> {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            of: PhantomData,
        }
    }
}

/// Errors that can go to other threads convert into a box in one way only, std's, which has the error itself inside.
const BOXED: &str = "made of an `E`";

impl<E: StdError + Send + Sync + 'static> InnerError<E> {
    /// The error, by value.
    pub fn into_inner(self) -> E {
        *self.error.downcast().expect(BOXED)
    }
}

impl<E: StdError + Send + Sync + 'static> Deref for InnerError<E> {
    type Target = E;

    fn deref(&self) -> &E {
        self.error.downcast_ref().expect(BOXED)
    }
}

impl<E> fmt::Display for InnerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<E> fmt::Debug for InnerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, cause_of};
    use std::io;

    fn auth() -> AuthError {
        AuthError::new(ErrorKind::NoOrigin, "where to?")
    }

    fn network() -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, "slow")
    }

    /// `?` into both of std's boxes.
    fn question_marks<E: 'static>(make: impl Fn() -> Error<E>) -> [String; 2] {
        let shared = || -> Result<(), BoxError> { Err(make())? };
        let local = || -> Result<(), Box<dyn StdError>> { Err(make())? };
        [
            shared().unwrap_err().to_string(),
            local().unwrap_err().to_string(),
        ]
    }

    #[test]
    fn an_error_over_an_error_and_over_a_boxed_one_becomes_a_boxed_one_by_a_question_mark() {
        assert_eq!(
            question_marks::<io::Error>(|| auth().into()),
            ["where to?"; 2]
        );
        assert_eq!(
            question_marks::<BoxError>(|| auth().into()),
            ["where to?"; 2]
        );
        let typed = || Error::Inner(network().into());
        assert_eq!(question_marks::<io::Error>(typed), ["slow"; 2]);
        let boxed = || Error::Inner(BoxError::from(network()).into());
        assert_eq!(question_marks::<BoxError>(boxed), ["slow"; 2]);
        let text = || Error::Inner("text".into());
        assert_eq!(question_marks::<&'static str>(text), ["text"; 2]);
    }

    #[test]
    fn the_inner_error_keeps_its_type() {
        let error = Error::<io::Error>::Inner(network().into());
        assert!(matches!(&error, Error::Inner(e) if e.kind() == io::ErrorKind::TimedOut));
        assert!(error.auth().is_none());
        assert_eq!(error.into_inner().unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(Error::<io::Error>::from(auth()).into_inner().is_none());
        assert!(Error::<io::Error>::from(auth()).inner().is_none());
    }

    #[test]
    fn a_boxed_inner_error_is_not_boxed_again() {
        let error = Error::<BoxError>::Inner(BoxError::from(network()).into());
        assert!(error.into_boxed().downcast::<io::Error>().is_ok());
        let error = Error::<BoxError>::from(auth());
        assert!(error.into_boxed().downcast::<AuthError>().is_ok());
    }

    #[test]
    fn both_halves_are_found_below_errors_around_errors() {
        type Two = Error<BoxError>;
        let inner = Two::Inner(BoxError::from(network()).into());
        let outer: BoxError = Error::<Two>::Inner(inner.into()).into();
        assert!(cause_of::<io::Error>(&*outer).is_some());
        assert!(AuthError::of(&*outer).is_none());
        let outer: BoxError = Error::<Two>::Inner(Two::from(auth()).into()).into();
        assert_eq!(AuthError::of(&*outer).unwrap().kind(), ErrorKind::NoOrigin);
    }

    #[test]
    fn an_error_goes_to_other_threads_whatever_is_below() {
        fn check<T: Send + Sync + StdError + 'static>() {}
        check::<Error<BoxError>>();
        check::<Error<std::convert::Infallible>>();
    }
}
