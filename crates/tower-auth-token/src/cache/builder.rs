//! How a cache behaves.

use super::{Cache, Inner, Ticks};
use crate::{DEFAULT_EARLY_EXPIRY, Source};
use std::{
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
    time::Duration,
};
use tower_auth_core::Clock;

/// What a cache was told, in the form in which it is used.
pub(crate) struct Config {
    pub(crate) clock: Clock,
    ticks: Ticks,
    pub(crate) early_expiry: Duration,
    pub(crate) ahead: Duration,
    pub(crate) timeout: Duration,
    pub(crate) back_off: Duration,
    pub(crate) back_off_limit: Duration,
    pub(crate) retry_after_limit: Duration,
    pub(crate) refusal_interval: Duration,
    random: Option<Arc<dyn Fn() -> f64 + Send + Sync>>,
}

impl Config {
    /// `clock`, for what is asked for every request.
    pub(crate) fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// Somewhere in `0.0..1.0`.
    pub(crate) fn random(&self) -> f64 {
        match &self.random {
            Some(random) => random().clamp(0.0, 1.0),
            // Its keys come from the operating system. Enough to spread load; nothing secret depends on it.
            None => {
                (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
            }
        }
    }
}

/// Builds a [`Cache`].
#[must_use]
pub struct CacheBuilder<S: Source> {
    source: S,
    config: Config,
    on_update: Option<OnUpdate<S::Value>>,
}

pub(crate) type OnUpdate<V> = Arc<dyn Fn(&V) + Send + Sync>;

impl<S: Source> CacheBuilder<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            config: Config {
                clock: Clock::system(),
                ticks: Ticks::new(Clock::system()),
                early_expiry: DEFAULT_EARLY_EXPIRY,
                ahead: Duration::from_secs(300),
                timeout: Duration::from_secs(60),
                back_off: Duration::from_secs(1),
                back_off_limit: Duration::from_secs(60),
                retry_after_limit: Duration::from_secs(3600),
                refusal_interval: Duration::from_secs(30),
                random: None,
            },
            on_update: None,
        }
    }

    /// How long before its expiry a value is given up, so that it does not expire on the way. Default: 30 seconds; zero
    /// means zero. Never more than a quarter of the value's lifetime: a token that lives for 30 seconds can be used
    /// for at least 22 of them, whatever is asked for here.
    pub fn early_expiry(mut self, early_expiry: Duration) -> Self {
        self.config.early_expiry = early_expiry;
        self
    }

    /// How long before that a new value is looked for aside, while the old one is still used. Default: 5 minutes; zero
    /// turns it off. Never more than a quarter of the usable lifetime, and each value gets a moment of its own in the
    /// first half of this window, so that many processes do not come at once.
    ///
    /// The first request in the window starts it, on its tokio runtime; without a runtime, nothing happens ahead. When
    /// it fails, nobody notices before the value really expires.
    pub fn refresh_ahead(mut self, window: Duration) -> Self {
        self.config.ahead = window;
        self
    }

    /// How long one fetch may take before it is given up. Default: 60 seconds. Without a tokio runtime it is looked at
    /// only when somebody waits and the fetch makes progress.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// For how long requests get the error of a failed fetch before another one is made, at first and at most; it
    /// doubles with every failure in a row, and up to a fifth is taken off at random. Default: 1 second, and 60
    /// seconds at most. Zero turns it off.
    pub fn back_off(mut self, first: Duration, most: Duration) -> Self {
        self.config.back_off = first;
        self.config.back_off_limit = most.max(first);
        self
    }

    /// The longest [`Failure::retry_after`](crate::Failure::retry_after) that is believed. Default: one hour.
    pub fn retry_after_limit(mut self, most: Duration) -> Self {
        self.config.retry_after_limit = most;
        self
    }

    /// The least time between two fetches that refusals caused. Default: 30 seconds. It doubles, up to 32 times as
    /// much, for as long as refusals go on: a server that always says 401 does not cost a fetch for each request. In
    /// between, the caller gets the server's 401.
    ///
    /// A value that is refused within the last second of its lifetime has ended, since servers count in whole seconds. That
    /// is not counted, and may cause a fetch every quarter of a lifetime.
    pub fn refusal_interval(mut self, least: Duration) -> Self {
        self.config.refusal_interval = least;
        self
    }

    /// The clock that lifetimes are measured with.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.config.ticks = Ticks::new(clock.clone());
        self.config.clock = clock;
        self
    }

    /// Where the randomness comes from that spreads load: a number in `0.0..1.0`, another one each time. By default it
    /// comes from the operating system.
    pub fn random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.config.random = Some(Arc::new(random));
        self
    }

    /// Called with every new value before anybody gets it: to keep a refresh token that was rotated. It should be quick;
    /// a panic in it is caught and reported as a `tracing` error.
    pub fn on_update(mut self, callback: impl Fn(&S::Value) + Send + Sync + 'static) -> Self {
        self.on_update = Some(Arc::new(callback));
        self
    }

    /// The cache, empty.
    pub fn build(self) -> Cache<S> {
        Cache {
            source: Arc::new(self.source),
            inner: Inner::new(self.config, self.on_update),
        }
    }
}

impl<S: Source> fmt::Debug for CacheBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("early_expiry", &self.config.early_expiry)
            .field("refresh_ahead", &self.config.ahead)
            .field("timeout", &self.config.timeout)
            .finish_non_exhaustive()
    }
}
