//! What requests take of a value, and what is left in the hand of who sent them.

use crate::{Acquire, Cache, Source, ValueId, current::Entry};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower_auth_core::{AuthError, Step};

/// A handle on a cache that remembers which value it saw last: what a service of a scheme holds.
///
/// While that value is the current one and good, lending takes no lock and no atomic operation but a load. A clone
/// shares the cache and remembers nothing; a handle that is not used keeps the value that it saw last in memory until it
/// is dropped.
pub struct Lender<S: Source> {
    cache: Cache<S>,
    seen: Option<Arc<Entry<S::Value>>>,
}

impl<S: Source> Lender<S> {
    /// A handle on this cache.
    pub fn new(cache: Cache<S>) -> Self {
        Self { cache, seen: None }
    }

    /// The cache.
    pub fn cache(&self) -> &Cache<S> {
        &self.cache
    }

    /// What `take` takes of the value: at once when there is a good one, else as a future.
    pub fn lend<T>(&self, take: fn(&S::Value) -> T) -> Step<Lent<T>, AcquireLent<S::Value, T>> {
        match self.cache.acquire() {
            Step::Ready(current) => Step::Ready(Lent {
                value: take(&current),
                id: current.id(),
            }),
            Step::Wait(acquire) => Step::Wait(AcquireLent { acquire, take }),
        }
    }

    /// The same, remembering what it sees.
    #[inline]
    pub fn lend_mut<T>(
        &mut self,
        take: fn(&S::Value) -> T,
    ) -> Step<Lent<T>, AcquireLent<S::Value, T>> {
        if let Some(entry) = &self.seen {
            if self.cache.is_current(entry) {
                return Step::Ready(Lent {
                    value: take(entry.value()),
                    id: entry.id(),
                });
            }
        }
        self.look(take)
    }

    #[inline(never)]
    fn look<T>(&mut self, take: fn(&S::Value) -> T) -> Step<Lent<T>, AcquireLent<S::Value, T>> {
        self.seen = None;
        match self.cache.acquire() {
            Step::Ready(current) => {
                let entry = self.seen.insert(current.into_entry());
                Step::Ready(Lent {
                    value: take(entry.value()),
                    id: entry.id(),
                })
            }
            Step::Wait(acquire) => Step::Wait(AcquireLent { acquire, take }),
        }
    }
}

impl<S: Source> Clone for Lender<S> {
    fn clone(&self) -> Self {
        Self::new(self.cache.clone())
    }
}

impl<S: Source> fmt::Debug for Lender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cache.fmt(f)
    }
}

/// What one request takes of a value, and which value that is.
#[derive(Clone)]
pub struct Lent<T> {
    /// What was taken.
    pub value: T,
    /// Of which value.
    pub id: ValueId,
}

impl<T> fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Waits for what a [`Lender`] lends. Dropping it affects nobody else who waits.
#[must_use = "futures do nothing unless polled"]
pub struct AcquireLent<V, T> {
    acquire: Acquire<V>,
    take: fn(&V) -> T,
}

impl<V: Send + Sync + 'static, T> Future for AcquireLent<V, T> {
    type Output = Result<Lent<T>, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let current = ready!(Pin::new(&mut this.acquire).poll(cx))?;
        Poll::Ready(Ok(Lent {
            value: (this.take)(&current),
            id: current.id(),
        }))
    }
}

impl<V, T> fmt::Debug for AcquireLent<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireLent").finish_non_exhaustive()
    }
}
