//! The cache: one value, fetched by one attempt at a time.

mod attempt;
mod builder;
mod current;
mod id;
mod inner;
mod refusals;
mod run;
mod ticks;

pub use self::{attempt::Acquire, builder::CacheBuilder, current::Current, id::ValueId};
pub(crate) use self::{
    builder::Config,
    current::Entry,
    inner::Inner,
    ticks::{NEVER, Ticks},
};

use crate::Source;
use std::{fmt, sync::Arc};
use tower_auth_core::{AuthError, Step, Verdict};

/// One value that expires, fetched when it is needed. A cheap handle: clones share the value.
///
/// * While the value is good, [`acquire`](Self::acquire) takes no lock, waits for nobody, and allocates nothing.
/// * However many ask for a value that is not there, one fetch is made; it is finished even when all of them go away,
///   and its failure goes to all of them, and for a while to those who come later.
/// * What a server [refuses](Self::refused) is fetched anew only when it is still the current value, and not too often.
///
/// # Runtimes
///
/// When the caller that begins a fetch is on a tokio runtime, the fetch runs there as a task of its own; the runtime
/// needs its timer enabled. Otherwise the fetch is driven by whoever waits for it: when all go away it stands still until
/// the next caller, who goes on where it stopped. When a runtime is shut down, those who wait get an error, and the next
/// caller begins anew.
///
/// No task runs unless a fetch is under way. When the last handle is dropped, a fetch under way is still finished on its
/// runtime (so that what it stores is stored), for at most its [time-out](CacheBuilder::timeout).
pub struct Cache<S: Source> {
    source: Arc<S>,
    inner: Arc<Inner<S::Value>>,
}

impl<S: Source> Cache<S> {
    /// A cache with the defaults.
    pub fn new(source: S) -> Self {
        Self::builder(source).build()
    }

    /// A cache that can be told more.
    pub fn builder(source: S) -> CacheBuilder<S> {
        CacheBuilder::new(source)
    }

    /// The value, at once when there is a good one; else a future of it. Fits
    /// [`Scheme::acquire`](tower_auth_core::Scheme::acquire).
    ///
    /// The future's error is that of the fetch: a clone for everybody who waited, with the same chain of sources.
    pub fn acquire(&self) -> Step<Current<S::Value>, Acquire<S::Value>> {
        let inner = &self.inner;
        {
            let guard = inner.current.load();
            if let Some(entry) = &*guard {
                let now = inner.config.ticks().now();
                if entry.usable(now, inner.config.ticks()) {
                    let current = Current::from_entry(Arc::clone(entry));
                    if entry.wants_successor(now) {
                        drop(guard);
                        self.refresh_ahead(&current);
                    }
                    return Step::Ready(current);
                }
            }
        }
        self.acquire_slowly()
    }

    /// The value, waiting for it when need be.
    ///
    /// # Errors
    ///
    /// That of the fetch.
    pub async fn get(&self) -> Result<Current<S::Value>, AuthError> {
        match self.acquire() {
            Step::Ready(current) => Ok(current),
            Step::Wait(acquire) => acquire.await,
        }
    }

    /// The value if it is there and good. Never fetches.
    pub fn peek(&self) -> Option<Current<S::Value>> {
        let entry = self.inner.current.load_full()?;
        let ticks = self.inner.config.ticks();
        entry
            .usable(ticks.now(), ticks)
            .then(|| Current::from_entry(entry))
    }

    /// A server did not accept this value. Says whether another try is worthwhile. Fits
    /// [`Observe::observe`](tower_auth_core::Observe::observe).
    ///
    /// The value is dropped only when it is still the current one, and when the last refusal that caused a fetch is
    /// [long enough](CacheBuilder::refusal_interval) ago. When it has a successor already, the other try gets that one,
    /// without a fetch.
    pub fn refused(&self, sent: &Current<S::Value>) -> Verdict {
        self.inner.refused(sent.generation())
    }

    /// Whether this is what [`acquire`](Self::acquire) would give out, with nothing else to do.
    #[inline]
    pub(crate) fn is_current(&self, entry: &Entry<S::Value>) -> bool {
        let ticks = self.inner.config.ticks();
        let now = ticks.now();
        self.inner.is_latest(entry) && entry.usable(now, ticks) && !entry.wants_successor(now)
    }

    /// Forgets the value, in memory and in what the source [keeps](Source::clear). A fetch under way comes too late: its
    /// outcome is thrown away, and who waits for it gets an error. No request that begins later is sent with the value;
    /// one that was given it before, and waits for its turn in a busy client, still is. A [`Lender`](crate::Lender) that
    /// is not used may hold it in memory until it is dropped.
    ///
    /// # Errors
    ///
    /// When the source could not forget. The memory is empty nonetheless.
    pub async fn clear(&self) -> Result<(), AuthError> {
        self.inner.forget();
        self.source.clear().await
    }

    /// Forgets the value, in memory only. A fetch under way comes too late, as with [`clear`](Self::clear).
    pub fn forget(&self) {
        self.inner.forget();
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.source
    }
}

impl<S: Source> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Source> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("source", &std::any::type_name::<S>())
            .field("current", &self.peek())
            .finish_non_exhaustive()
    }
}
