//! A store in memory.

use super::{Store, StoreFuture, StoreLock, StoredToken};
use std::{
    collections::HashMap,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Mutex as AsyncMutex;

/// Tokens in memory: several caches of one process share sessions through it. Clones share the tokens.
///
/// Like every store, it has as many keys as are put there: one for each client or user.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    tokens: Mutex<HashMap<String, StoredToken>>,
    locks: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tokens<T>(&self, f: impl FnOnce(&mut HashMap<String, StoredToken>) -> T) -> T {
        f(&mut self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        Box::pin(ready(Ok(self.tokens(|tokens| tokens.get(key).cloned()))))
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        self.tokens(|tokens| tokens.insert(key.to_owned(), token.clone()));
        Box::pin(ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.tokens(|tokens| tokens.remove(key));
        Box::pin(ready(Ok(())))
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        Box::pin(async move {
            let lock = {
                let mut locks = self.0.locks.lock().unwrap_or_else(PoisonError::into_inner);
                // Those that nobody holds or waits for.
                locks.retain(|held, lock| held == key || Arc::strong_count(lock) > 1);
                Arc::clone(locks.entry(key.to_owned()).or_default())
            };
            Ok(StoreLock::new(lock.lock_owned().await))
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
