//! A store in memory.

use super::{Store, StoreError, StoreErrorKind, StoreFuture, StoreLock, StoredToken};
use std::{
    collections::HashMap,
    fmt,
    future::ready,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Mutex as AsyncMutex;

/// Tokens in memory: several caches of one process share sessions through it. Clones share the tokens.
///
/// It keeps as many keys as its [capacity](Self::capacity) says, one for each client or user; a save beyond that fails
/// alone, and nothing is removed for it.
///
/// ```
/// use tower_auth_token::store::{MemoryStore, Store as _, StoredToken};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::new();
/// store.save("alice", &StoredToken::new("mF_9.B5f-4.1JqM")).await?;
/// assert!(store.load("alice").await?.is_some());
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "in_memory")]
#[doc(alias = "InMemoryStore")]
pub struct MemoryStore {
    shared: Arc<Shared>,
    capacity: NonZeroUsize,
}

/// More keys than most programs have users, and some ten megabytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            shared: Arc::default(),
            capacity: CAPACITY,
        }
    }
}

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

    /// How many keys it keeps at most. Default: 65 536.
    #[must_use]
    pub fn capacity(self, capacity: NonZeroUsize) -> Self {
        Self { capacity, ..self }
    }

    fn tokens<T>(&self, f: impl FnOnce(&mut HashMap<String, StoredToken>) -> T) -> T {
        f(&mut self
            .shared
            .tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        Box::pin(ready(Ok(self.tokens(|tokens| tokens.get(key).cloned()))))
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        let saved = self.tokens(|tokens| {
            if tokens.len() >= self.capacity.get() && !tokens.contains_key(key) {
                return Err(full());
            }
            tokens.insert(key.to_owned(), token.clone());
            Ok(())
        });
        Box::pin(ready(saved))
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.tokens(|tokens| tokens.remove(key));
        Box::pin(ready(Ok(())))
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        Box::pin(async move {
            let lock = {
                let mut locks = self
                    .shared
                    .locks
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                // Those that nobody holds or waits for.
                locks.retain(|held, lock| held == key || Arc::strong_count(lock) > 1);
                Arc::clone(locks.entry(key.to_owned()).or_default())
            };
            Ok(StoreLock::new(lock.lock_owned().await))
        })
    }
}

fn full() -> StoreError {
    StoreError::new(
        StoreErrorKind::TooLarge,
        "the store in memory has no room for another key; remove sessions that are over, or give it more `capacity`",
    )
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_is_full_keeps_what_it_has() {
        let store = MemoryStore::new().capacity(NonZeroUsize::MIN);
        store.save("a", &StoredToken::new("1")).await.unwrap();
        let error = store.save("b", &StoredToken::new("2")).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::TooLarge);
        store.save("a", &StoredToken::new("3")).await.unwrap();
        assert_eq!(store.load("a").await.unwrap(), Some(StoredToken::new("3")));
        store.remove("a").await.unwrap();
        store.save("b", &StoredToken::new("2")).await.unwrap();
    }
}
