//! Where values come from.

use crate::{Failure, Fetched};
use std::{
    fmt,
    future::{Future, ready},
    time::Duration,
};
use tower_auth_core::{AuthError, Clock};

/// Fetches values that expire: a token endpoint, an STS, a login.
///
/// A [`Cache`](crate::Cache) calls it, never twice at the same time, and only when it has to. A closure that returns a
/// future is a source:
///
/// ```
/// use std::time::Duration;
/// use tower_auth_core::AuthError;
/// use tower_auth_token::{Cache, Fetched};
///
/// let cache = Cache::new(async || {
///     let token = String::from("mF_9.B5f-4.1JqM"); // asked of somebody
///     Ok::<_, AuthError>(Fetched::new(token).lifetime(Duration::from_secs(3600)))
/// });
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert_eq!(*cache.get().await?, "mF_9.B5f-4.1JqM");
/// # Ok::<_, AuthError>(()) }).unwrap();
/// ```
pub trait Source: Send + Sync + 'static {
    /// What is fetched. Clones should be cheap and share secrets; two values that are equal are taken to be equally
    /// good, so that a request that was refused with one is not sent again with the other.
    type Value: Clone + PartialEq + Send + Sync + 'static;

    /// Fetches a value.
    ///
    /// The future is owned by the cache and finished even when nobody waits for it any more, so it may rotate refresh
    /// tokens. It is dropped early only when it exceeds the cache's [time-out](crate::CacheBuilder::timeout) or its
    /// runtime is shut down. When it panics, those who wait get an error.
    ///
    /// # Errors
    ///
    /// A [`Failure`], which says when to try again. Every [`AuthError`] converts into one.
    fn fetch(
        &self,
        demand: Demand<Self::Value>,
    ) -> impl Future<Output = Result<Fetched<Self::Value>, Failure>> + Send;

    /// Forgets what it keeps outside of the cache, such as an entry of a store. Called by
    /// [`Cache::clear`](crate::Cache::clear).
    ///
    /// # Errors
    ///
    /// When it could not be forgotten.
    fn clear(&self) -> impl Future<Output = Result<(), AuthError>> + Send {
        ready(Ok(()))
    }
}

impl<F, T, V, E> Source for F
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<Fetched<V>, E>> + Send,
    V: Clone + PartialEq + Send + Sync + 'static,
    E: Into<Failure>,
{
    type Value = V;

    async fn fetch(&self, _: Demand<V>) -> Result<Fetched<V>, Failure> {
        self().await.map_err(Into::into)
    }
}

/// How long before its expiry a value is given up, by default: 30 seconds.
pub const DEFAULT_EARLY_EXPIRY: Duration = Duration::from_secs(30);

/// What a [`Source`] is told about the value it is asked for.
#[derive(Clone)]
#[non_exhaustive]
pub struct Demand<V> {
    /// The last value that the cache had, expired or refused: its refresh token may still be good.
    pub previous: Option<V>,
    /// Why a value is needed.
    pub reason: Reason,
    /// The cache's clock.
    pub clock: Clock,
    /// How long before its expiry a value is given up, when its lifetime is long enough.
    pub early_expiry: Duration,
    pub(crate) cleared: Cleared,
}

/// Says whether somebody logged out while a fetch was under way.
#[derive(Clone, Default)]
pub(crate) struct Cleared(Option<std::sync::Arc<dyn Fn() -> bool + Send + Sync>>);

impl Cleared {
    pub(crate) fn new(ask: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(std::sync::Arc::new(ask)))
    }
}

impl<V> Demand<V> {
    /// A demand outside of a cache, to test a source.
    pub fn new(previous: Option<V>, reason: Reason, clock: Clock) -> Self {
        Self {
            previous,
            reason,
            clock,
            early_expiry: DEFAULT_EARLY_EXPIRY,
            cleared: Cleared::default(),
        }
    }

    /// The same demand, with the previous value turned into what an inner source understands.
    pub fn map<T>(self, f: impl FnOnce(V) -> T) -> Demand<T> {
        Demand {
            previous: self.previous.map(f),
            reason: self.reason,
            clock: self.clock,
            early_expiry: self.early_expiry,
            cleared: self.cleared,
        }
    }

    /// Whether the cache was cleared since: then the outcome will be thrown away, and nothing of it must be stored.
    pub fn cleared(&self) -> bool {
        self.cleared.0.as_ref().is_some_and(|ask| ask())
    }
}

impl<V> fmt::Debug for Demand<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demand")
            .field("previous", &self.previous.as_ref().map(|_| "[redacted]"))
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Why a value is fetched.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// There is none yet.
    Missing,
    /// The last one expired.
    Expired,
    /// The last one was refused by a server.
    Refused,
    /// The last one is still good; nobody waits.
    Ahead,
}
