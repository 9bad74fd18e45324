//! Where sessions are kept between runs, and shared between processes.

#[cfg(any(feature = "file", feature = "keyring"))]
mod blocking;
#[cfg(any(feature = "file", feature = "keyring"))]
mod entry;
mod error;
#[cfg(feature = "file")]
mod file;
mod kept;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;
mod stored;
mod token;

#[cfg(feature = "file")]
#[cfg_attr(docsrs, doc(cfg(feature = "file")))]
pub use self::file::FileStore;
#[cfg(feature = "keyring")]
#[cfg_attr(docsrs, doc(cfg(feature = "keyring")))]
pub use self::keyring::KeyringStore;
pub use self::{
    error::{StoreError, StoreErrorKind},
    memory::MemoryStore,
    stored::{Storable, Stored},
    token::StoredToken,
};

use std::{any::Any, fmt, future::Future, pin::Pin, sync::Arc};

/// Keeps tokens by key. [`Stored`] makes any source use one.
///
/// All of it is asynchronous, so that it can be a file, a keyring, or a server.
pub trait Store: Send + Sync + 'static {
    /// What is there under this key.
    ///
    /// # Errors
    ///
    /// When that cannot be told. A key that is not there is no error.
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>>;

    /// Puts a token there. When the future is ready, it has to be durable.
    ///
    /// # Errors
    ///
    /// When it is not. What was there before must then be there still.
    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()>;

    /// Removes what is there. A key that is not there is no error.
    ///
    /// # Errors
    ///
    /// When it is still there.
    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()>;

    /// Keeps all others, in this process and in others, from doing the same under this key, until the lock is dropped or
    /// this process dies. It is held over load, exchange and save.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Busy`] when somebody else holds it for too long.
    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock>;
}

/// What the methods of a [`Store`] give back.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl<T: Store + ?Sized> Store for Arc<T> {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        (**self).load(key)
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        (**self).save(key, token)
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        (**self).remove(key)
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        (**self).lock(key)
    }
}

/// A lock of a [`Store`], held until it is dropped.
#[must_use = "dropping it unlocks"]
pub struct StoreLock {
    _guard: Box<dyn Any + Send + Sync>,
}

impl StoreLock {
    /// Dropping `guard` unlocks.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self {
            _guard: Box::new(guard),
        }
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreLock")
    }
}
