//! Which value of which cache: a name that costs nothing to pass around.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    num::NonZeroU64,
    sync::{
        Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};
use tower_auth_core::Verdict;

/// Names one value of one cache, to tell the cache what a server said about it.
///
/// A request in flight carries it. It is a number and not a handle on the cache: two handles that are made and dropped
/// for each request would cost more than everything else that is done with a value at hand.
///
/// It fits into a register, for the same reason: the upper half of the number is the cache's, the lower half the value's.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct ValueId(NonZeroU64);

impl ValueId {
    /// `generation` begins with 1.
    pub(super) fn new(cache: u32, generation: u32) -> Self {
        let number = (u64::from(cache) << 32) | u64::from(generation);
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }

    fn cache(self) -> u32 {
        (self.0.get() >> 32) as u32
    }

    /// Which value of its cache this is: a later one has a larger number.
    pub fn generation(self) -> u32 {
        self.0.get() as u32
    }

    /// A server did not accept this value. As [`Cache::refused`](crate::Cache::refused); when the cache is gone, no
    /// other try is worthwhile.
    #[cold]
    pub fn refused(self) -> Verdict {
        let cache = caches().get(&self.cache()).and_then(Weak::upgrade);
        cache.map_or(Verdict::Accepted, |cache| cache.refused(self.generation()))
    }
}

impl fmt::Debug for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueId")
            .field("cache", &self.cache())
            .field("generation", &self.generation())
            .finish()
    }
}

/// What takes note of a refusal.
pub(super) trait Refuse: Send + Sync {
    fn refused(&self, generation: u32) -> Verdict;
}

/// The caches that there are. Looked into when a server refuses something, and not otherwise.
static CACHES: Mutex<BTreeMap<u32, Weak<dyn Refuse>>> = Mutex::new(BTreeMap::new());

fn caches() -> MutexGuard<'static, BTreeMap<u32, Weak<dyn Refuse>>> {
    CACHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a cache, for as long as there is one.
pub(super) struct CacheId(u32);

impl CacheId {
    /// A number for a cache that is just being made: one that no other has now, and none had for long.
    pub(super) fn register(cache: Weak<dyn Refuse>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut caches = caches();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            if let Entry::Vacant(free) = caches.entry(number) {
                free.insert(cache);
                return Self(number);
            }
        }
    }

    pub(super) fn value(&self, generation: u32) -> ValueId {
        ValueId::new(self.0, generation)
    }
}

impl Drop for CacheId {
    fn drop(&mut self) {
        let gone = caches().remove(&self.0);
        drop(gone); // after the lock was given back
    }
}
