//! Why a store failed.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};
use tower_auth_core::{AuthError, ErrorKind};

/// Why a store could not do what it was asked. It never shows a token. Printed, it is one line with the cause and, where
/// there is one, what can be done.
///
/// It is seldom an error of a request: a token that cannot be stored is used all the same, and the failure is reported by
/// [`Stored::on_store_error`](super::Stored::on_store_error).
#[derive(Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    context: Cow<'static, str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of [`StoreError`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Reading, writing or locking failed. The [`cause`](StoreError::cause) says why.
    Io,
    /// What is there is not a regular file: a symbolic link, a directory, a pipe. It is not touched.
    NotAFile,
    /// What is there is not in the format of the store. It is never overwritten.
    Broken,
    /// It may be read, not written.
    ReadOnly,
    /// Somebody else holds the lock for too long.
    Busy,
    /// A key that this store cannot have.
    Key,
    /// What is to be saved does not fit. Nothing was changed.
    TooLarge,
    /// Others can write what is there, or own it, so it is not believed. It is not touched.
    Untrusted,
    /// The folder of the file is not there.
    NoFolder,
}

impl StoreError {
    /// An error of this kind; `context` says what happened, without any secret.
    pub fn new(kind: StoreErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            context: context.into(),
            source: None,
        }
    }

    /// The same error with its cause. The cause must not show a secret either.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into().into()),
            ..self
        }
    }

    /// What it was caused by, such as an [`io::Error`](std::io::Error). The text of this error has its text already, so
    /// [`source()`](StdError::source) goes on behind it.
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        let text = format!("the store of the credentials failed: {error}");
        Self::new(ErrorKind::Credentials, text).with_source(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StoreError");
        debug.field("kind", &self.kind);
        debug.field("context", &self.context);
        if let Some(source) = &self.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause()?.source()
    }
}
