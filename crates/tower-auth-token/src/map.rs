//! One cache for each key: a bucket, a tenant, a host.

use crate::{Cache, Source};
use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    hash::Hash,
    num::NonZeroUsize,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// A [`Cache`] for each key, made when it is first asked for: one for each bucket, tenant or host.
///
/// Keys have nothing to do with each other: one that is slow delays no other. No more than the capacity are kept; the one
/// that was not asked for longest goes first, and with it its value. A cheap handle: clones share the caches.
///
/// ```
/// use std::{num::NonZeroUsize, time::Duration};
/// use tower_auth_core::AuthError;
/// use tower_auth_token::{Cache, CacheMap, Fetched};
///
/// let sessions = CacheMap::new(NonZeroUsize::new(100).unwrap(), |bucket: &String| {
///     let bucket = bucket.clone();
///     Cache::new(move || {
///         let session = format!("session for {bucket}"); // asked of somebody
///         async { Ok::<_, AuthError>(Fetched::new(session).lifetime(Duration::from_secs(300))) }
///     })
/// });
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert_eq!(*sessions.get("photos").get().await?, "session for photos");
/// # Ok::<_, AuthError>(()) }).unwrap();
/// ```
pub struct CacheMap<K, S: Source>(Arc<Shared<K, S>>);

struct Shared<K, S: Source> {
    caches: RwLock<HashMap<K, Place<S>>>,
    make: Make<K, S>,
    capacity: NonZeroUsize,
    /// Counts what was asked for: the larger the number, the later.
    asked: AtomicU64,
}

type Make<K, S> = Box<dyn Fn(&K) -> Cache<S> + Send + Sync>;

struct Place<S: Source> {
    cache: Cache<S>,
    asked: AtomicU64,
}

impl<K: Hash + Eq, S: Source> CacheMap<K, S> {
    /// At most this many caches, each made by `make`.
    pub fn new(
        capacity: NonZeroUsize,
        make: impl Fn(&K) -> Cache<S> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            caches: RwLock::default(),
            make: Box::new(make),
            capacity,
            asked: AtomicU64::new(0),
        }))
    }

    /// The cache of this key. Allocates nothing when there is one already.
    pub fn get<Q>(&self, key: &Q) -> Cache<S>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shared = &*self.0;
        let asked = shared.asked.fetch_add(1, Ordering::Relaxed);
        {
            let caches = shared.caches.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = caches.get(key) {
                place.asked.store(asked, Ordering::Relaxed);
                return place.cache.clone();
            }
        }
        let key = key.to_owned();
        // Made without the lock: it is not known what `make` does.
        let cache = (shared.make)(&key);
        let mut caches = shared
            .caches
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if !caches.contains_key(key.borrow()) && caches.len() >= shared.capacity.get() {
            // One look at all of them for each new key: no list to keep in order while keys are read.
            let oldest = caches
                .values()
                .map(|place| place.asked.load(Ordering::Relaxed))
                .min();
            caches.retain(|_, place| Some(place.asked.load(Ordering::Relaxed)) != oldest);
        }
        let place = caches.entry(key).or_insert_with(|| Place {
            cache,
            asked: AtomicU64::new(asked),
        });
        place.cache.clone()
    }

    /// Drops the cache of this key. Who waits for it still gets its value.
    pub fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut caches = self
            .0
            .caches
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let removed = caches.remove(key);
        drop(caches);
        drop(removed);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0
            .caches
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K, S: Source> Clone for CacheMap<K, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, S: Source> fmt::Debug for CacheMap<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheMap")
            .field("capacity", &self.0.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fetched;
    use std::sync::atomic::AtomicUsize;
    use tower_auth_core::AuthError;

    #[test]
    fn the_key_that_was_not_asked_for_longest_goes_first() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let map = CacheMap::new(NonZeroUsize::new(2).unwrap(), move |_: &String| {
            count.fetch_add(1, Ordering::SeqCst);
            Cache::new(async || Ok::<_, AuthError>(Fetched::new(())))
        });
        map.get("a");
        map.get("b");
        map.get("a");
        map.get("c"); // b goes
        assert_eq!(map.len(), 2);
        map.get("a");
        map.get("c");
        assert_eq!(made.load(Ordering::SeqCst), 3);
        map.get("b");
        assert_eq!(made.load(Ordering::SeqCst), 4);
        map.remove("b");
        map.remove("nobody");
        assert_eq!(map.len(), 1);
    }
}
