//! A value in the cache, and until when it can be used.

use crate::{Fetched, cache::Config, fetched::MOST};
use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tower_auth_core::Clock;

/// A value of a [`Cache`](crate::Cache), shared: clones cost nothing.
///
/// It knows which one it is, so that what a server says about it is never taken to be about its successor.
pub struct Current<V>(Arc<Entry<V>>);

pub(crate) struct Entry<V> {
    value: V,
    generation: u64,
    born: Instant,
    /// Usable until then, the margin taken off.
    until: Option<Instant>,
    /// The same by the time of day, for values whose end was given so.
    wall_until: Option<SystemTime>,
    /// Nanoseconds after `born` when it is time to look for a successor.
    ahead: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl<V> Current<V> {
    /// `fetched` becomes a value of the cache. `asked` is when the source was asked.
    pub(crate) fn new(
        fetched: Fetched<V>,
        generation: u64,
        asked: Instant,
        config: &Config,
    ) -> Self {
        let clock = &config.clock;
        let (born, now) = (clock.monotonic(), clock.now());
        let asked = fetched.asked_at.unwrap_or(asked);
        let by_lifetime = fetched
            .lifetime
            .filter(|lifetime| *lifetime <= MOST)
            .and_then(|lifetime| asked.checked_add(lifetime));
        let left = fetched
            .expires_at
            .map(|at| at.duration_since(now).unwrap_or_default())
            .filter(|left| *left <= MOST);
        let by_time_of_day = left.and_then(|left| born.checked_add(left));
        let expires = match (by_lifetime, by_time_of_day) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let life = expires.map(|at| at.saturating_duration_since(asked.min(born)));
        let margin = match life {
            Some(life) if !fetched.whole_margin => config.early_expiry.min(life / MARGIN_PART),
            _ => config.early_expiry,
        };
        let until = expires.map(|at| at.checked_sub(margin).unwrap_or(born).max(asked.min(born)));
        let wall_until = left
            .and(fetched.expires_at)
            .and_then(|at| at.checked_sub(margin));
        let ahead = until.map_or(NEVER, |until| {
            let usable = until.saturating_duration_since(born);
            let window = config.ahead.min(usable / AHEAD_PART);
            if window.is_zero() {
                return NEVER;
            }
            // Somewhere in the first half of the window, so that a fleet does not come all at once.
            let window = window.mul_f64(1.0 - config.random() / 2.0);
            nanos(usable.saturating_sub(window))
        });
        Self(Arc::new(Entry {
            value: fetched.value,
            generation,
            born,
            until,
            wall_until,
            ahead: AtomicU64::new(ahead),
        }))
    }

    /// Which value of its cache this is: a later one has a larger number.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// How much longer the cache will use it, the margin taken off; `None` when it has no known end.
    pub fn usable_for(&self, clock: &Clock) -> Option<Duration> {
        let until = self.0.until?;
        Some(until.saturating_duration_since(clock.monotonic()))
    }

    pub(crate) fn from_entry(entry: Arc<Entry<V>>) -> Self {
        Self(entry)
    }

    pub(crate) fn entry(&self) -> &Arc<Entry<V>> {
        &self.0
    }
}

/// The margin takes at most this part of a lifetime.
const MARGIN_PART: u32 = 4;

/// The window of refreshing ahead takes at most this part of the usable lifetime.
const AHEAD_PART: u32 = 4;

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER - 1)
}

impl<V> Entry<V> {
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn usable(&self, now: Instant, clock: &Clock) -> bool {
        self.until.is_none_or(|until| now <= until)
            && self.wall_until.is_none_or(|until| clock.now() <= until)
    }

    /// Whether it is time to look for a successor.
    pub(crate) fn wants_successor(&self, now: Instant) -> bool {
        let ahead = self.ahead.load(Ordering::Relaxed);
        ahead != NEVER && nanos(now.saturating_duration_since(self.born)) >= ahead
    }

    /// Takes the task of looking for a successor: one caller gets it.
    pub(crate) fn take_search(&self) -> bool {
        self.ahead.swap(NEVER, Ordering::Relaxed) != NEVER
    }

    /// Looks again at this time.
    pub(crate) fn search_at(&self, at: Instant) {
        let after = nanos(at.saturating_duration_since(self.born));
        self.ahead.store(after, Ordering::Relaxed);
    }
}

impl<V> Deref for Current<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.value
    }
}

impl<V> Clone for Current<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> fmt::Debug for Current<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("generation", &self.0.generation)
            .finish_non_exhaustive()
    }
}
