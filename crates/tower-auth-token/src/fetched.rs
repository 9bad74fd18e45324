//! A value and how long it lives.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

/// A value that was just fetched, and how long it can be used.
///
/// With neither [`lifetime`](Self::lifetime) nor [`expires_at`](Self::expires_at) it is good until a server refuses it;
/// with both, until the earlier of the two.
#[derive(Clone)]
pub struct Fetched<V> {
    pub(crate) value: V,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) asked_at: Option<Instant>,
    pub(crate) life: Life,
}

impl<V> Fetched<V> {
    /// A value without a known end.
    pub fn new(value: V) -> Self {
        Self {
            value,
            lifetime: None,
            expires_at: None,
            asked_at: None,
            life: Life::New,
        }
    }

    /// How long it lives, as in `expires_in`. Counted from the moment when the source was asked, since the server counts
    /// from before its answer arrived; measured on the monotonic clock, so that setting the time of day changes
    /// nothing.
    #[must_use]
    pub fn lifetime(self, lifetime: impl Into<Option<Duration>>) -> Self {
        Self {
            lifetime: lifetime.into(),
            ..self
        }
    }

    /// When it expires by the time of day, as in the `exp` of a JWT or the `Expiration` of AWS.
    #[must_use]
    pub fn expires_at(self, expires_at: impl Into<Option<SystemTime>>) -> Self {
        Self {
            expires_at: expires_at.into(),
            ..self
        }
    }

    /// When the request was sent that the lifetime counts from, for sources that do other things first, such as waiting
    /// for a person. Take it from the [clock of the demand](crate::Demand::clock).
    #[must_use]
    pub fn asked_at(self, asked_at: Instant) -> Self {
        Self {
            asked_at: Some(asked_at),
            ..self
        }
    }

    /// The value is not new but found somewhere, so that what is left says nothing of its whole lifetime: the margin of
    /// early expiry applies in full, however little is left.
    #[must_use]
    pub fn found(self) -> Self {
        Self {
            life: Life::Found,
            ..self
        }
    }

    /// As [`found`](Self::found), when it is known for how long it lived in all.
    pub(crate) fn found_of(self, lifetime: Option<Duration>) -> Self {
        Self {
            life: lifetime.map_or(Life::Found, Life::FoundOf),
            ..self
        }
    }

    /// The value.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// The same lifetime, for another value.
    pub fn map<T>(self, f: impl FnOnce(V) -> T) -> Fetched<T> {
        Fetched {
            value: f(self.value),
            lifetime: self.lifetime,
            expires_at: self.expires_at,
            asked_at: self.asked_at,
            life: self.life,
        }
    }

    /// As [`map`](Self::map), for what may fail.
    ///
    /// # Errors
    ///
    /// That of `f`.
    pub fn try_map<T, E>(self, f: impl FnOnce(V) -> Result<T, E>) -> Result<Fetched<T>, E> {
        let (lifetime, expires_at) = (self.lifetime, self.expires_at);
        let (asked_at, life) = (self.asked_at, self.life);
        Ok(Fetched {
            value: f(self.value)?,
            lifetime,
            expires_at,
            asked_at,
            life,
        })
    }

    /// When it expires by the time of day, as far as is known: what a store keeps. `now` is the time of day when the
    /// source was asked.
    pub fn expiry(&self, now: SystemTime) -> Option<SystemTime> {
        let by_lifetime = self.lifetime.and_then(|lifetime| now.checked_add(lifetime));
        match (by_lifetime, self.expires_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

impl<V> fmt::Debug for Fetched<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("lifetime", &self.lifetime)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A lifetime that a server gave as a number of seconds: whatever the number, the result is defined.
///
/// Less than nothing is nothing, and what no clock can hold is no limit. A number that is not a number is `None`, as
/// if nothing had been said.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_token::lifetime_from_seconds;
///
/// assert_eq!(lifetime_from_seconds(3599.5), Some(Duration::from_millis(3_599_500)));
/// assert_eq!(lifetime_from_seconds(-1.0), Some(Duration::ZERO));
/// assert_eq!(lifetime_from_seconds(1e300), None);
/// ```
pub fn lifetime_from_seconds(seconds: f64) -> Option<Duration> {
    if seconds <= 0.0 {
        return Some(Duration::ZERO);
    }
    let lifetime = Duration::try_from_secs_f64(seconds).ok()?;
    (lifetime <= MOST).then_some(lifetime)
}

/// What is known of the time that a value lives in all.
#[derive(Clone, Copy)]
pub(crate) enum Life {
    /// It begins now.
    New,
    Found,
    FoundOf(Duration),
}

/// The margin takes at most this part of a lifetime.
const MARGIN_PART: u32 = 4;

/// The margin of early expiry for what lives that long.
pub(crate) fn margin(early_expiry: Duration, life: Duration) -> Duration {
    early_expiry.min(life / MARGIN_PART)
}

/// A hundred years: more than any clock needs, and little enough to be added to one and counted in any unit.
pub(crate) const MOST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
