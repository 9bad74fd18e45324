//! A value in the cache, and until when it can be used.

use super::{Config, NEVER, Ticks, ValueId};
use crate::{
    Fetched,
    fetched::{Life, MOST, margin},
};
use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// A value of a [`Cache`](crate::Cache), shared: clones cost nothing.
///
/// It knows which one it is, so that what a server says about it is never taken to be about its successor.
pub struct Current<V>(Arc<Entry<V>>);

// Every request reads it: what others write must not lie beside it.
#[repr(align(128))]
pub(crate) struct Entry<V> {
    value: V,
    id: ValueId,
    /// Which of all that were published: the same value again has another one.
    edition: u64,
    /// Usable until then, the margin taken off.
    until: u64,
    /// The same by the time of day, for values whose end was given so.
    wall_until: Option<SystemTime>,
    /// When it is time to look for a successor.
    ahead: AtomicU64,
    /// From then on, a server that counts in whole seconds may take it to be over.
    ending: u64,
    /// The part of its life that is kept between two that end, in milliseconds: small, to lie beside the rest.
    spacing: u32,
}

/// What a new value is called.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    pub(crate) id: ValueId,
    pub(crate) edition: u64,
}

impl<V> Current<V> {
    /// `fetched` becomes a value of the cache. `asked` is when the source was asked.
    pub(crate) fn new(fetched: Fetched<V>, name: Name, asked: Instant, config: &Config) -> Self {
        let (clock, ticks) = (&config.clock, config.ticks());
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
        let margin = match (fetched.life, life) {
            (Life::New, Some(life)) | (Life::FoundOf(life), _) => margin(config.early_expiry, life),
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
            ticks.at(born + usable.saturating_sub(window))
        });
        Self(Arc::new(Entry {
            value: fetched.value,
            id: name.id,
            edition: name.edition,
            until: until.map_or(NEVER, |until| ticks.at(until)),
            wall_until,
            ahead: AtomicU64::new(ahead),
            ending: expires.map_or(NEVER, |at| {
                ticks.at(at.checked_sub(WHOLE_SECOND).unwrap_or(at))
            }),
            spacing: life.map_or(0, |life| {
                u32::try_from((life / ENDING_PART).as_millis()).unwrap_or(u32::MAX)
            }),
        }))
    }

    /// Which value of its cache this is: a later one has a larger number.
    pub fn generation(&self) -> u32 {
        self.0.id.generation()
    }

    /// Its name, to tell the cache what a server said about it.
    pub fn id(&self) -> ValueId {
        self.0.id
    }

    pub(crate) fn from_entry(entry: Arc<Entry<V>>) -> Self {
        Self(entry)
    }

    pub(crate) fn entry(&self) -> &Arc<Entry<V>> {
        &self.0
    }
}

/// How long before its end a value may be taken to be over, with what the [coarse clock](Ticks) is late.
const WHOLE_SECOND: Duration = Duration::from_millis(1020);

/// Values that end at a server are at least this part of a lifetime apart: the margin lets none be older than three
/// quarters, and one that is fetched when another ended early has a full life before it.
const ENDING_PART: u32 = 4;

/// The window of refreshing ahead takes at most this part of the usable lifetime.
const AHEAD_PART: u32 = 4;

impl<V> Entry<V> {
    pub(crate) fn value(&self) -> &V {
        &self.value
    }

    pub(crate) fn id(&self) -> ValueId {
        self.id
    }

    pub(crate) fn edition(&self) -> u64 {
        self.edition
    }

    #[inline]
    pub(crate) fn usable(&self, now: u64, ticks: &Ticks) -> bool {
        // The time of day is asked only for values that end by it: it catches what the other clock misses while the
        // machine sleeps.
        now <= self.until
            && self
                .wall_until
                .is_none_or(|until| ticks.time_of_day() <= until)
    }

    /// Whether it is time to look for a successor.
    #[inline]
    pub(crate) fn wants_successor(&self, now: u64) -> bool {
        self.ahead.load(Ordering::Relaxed) <= now
    }

    /// When it is refused now, that is because it ends: the least time between two such refusals.
    pub(crate) fn ending(&self, now: u64) -> Option<Duration> {
        (now >= self.ending).then(|| Duration::from_millis(self.spacing.into()))
    }

    /// Takes the task of looking for a successor: one caller gets it.
    pub(crate) fn take_search(&self) -> bool {
        self.ahead.swap(NEVER, Ordering::Relaxed) != NEVER
    }

    /// Looks again at this time.
    pub(crate) fn search_at(&self, at: u64) {
        self.ahead.store(at, Ordering::Relaxed);
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
            .field("generation", &self.0.id.generation())
            .finish_non_exhaustive()
    }
}
