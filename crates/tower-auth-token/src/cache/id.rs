//! Which value of which cache: a name that costs nothing to pass around.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};
use tower_auth_core::Verdict;

/// Names one value of one cache, to tell the cache what a server said about it.
///
/// A request in flight carries it. It is a number and not a handle on the cache: two handles that are made and dropped
/// for each request would cost more than everything else that is done with a value at hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ValueId {
    cache: u64,
    generation: u64,
}

impl ValueId {
    pub(crate) fn new(cache: u64, generation: u64) -> Self {
        Self { cache, generation }
    }

    /// Which value of its cache this is: a later one has a larger number.
    pub fn generation(self) -> u64 {
        self.generation
    }

    /// A server did not accept this value. As [`Cache::refused`](crate::Cache::refused); when the cache is gone, no
    /// other try is worthwhile.
    #[cold]
    pub fn refused(self) -> Verdict {
        let cache = caches().get(&self.cache).and_then(Weak::upgrade);
        cache.map_or(Verdict::Accepted, |cache| cache.refused(self.generation))
    }
}

/// What takes note of a refusal.
pub(super) trait Refuse: Send + Sync {
    fn refused(&self, generation: u64) -> Verdict;
}

/// The caches that there are. Looked into when a server refuses something, and not otherwise.
static CACHES: Mutex<BTreeMap<u64, Weak<dyn Refuse>>> = Mutex::new(BTreeMap::new());

fn caches() -> MutexGuard<'static, BTreeMap<u64, Weak<dyn Refuse>>> {
    CACHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a cache, for as long as there is one.
pub(super) struct CacheId(u64);

impl CacheId {
    /// A number for a cache that is just being made.
    pub(super) fn register(cache: Weak<dyn Refuse>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        caches().insert(number, cache);
        Self(number)
    }

    pub(super) fn number(&self) -> u64 {
        self.0
    }
}

impl Drop for CacheId {
    fn drop(&mut self) {
        let gone = caches().remove(&self.0);
        drop(gone); // after the lock was given back
    }
}
