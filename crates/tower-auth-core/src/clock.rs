//! The time, injected: signatures and expiry can be tested, and the clock of the machine is asked in one place.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// Where the time comes from.
///
/// Implement it to run on simulated time; [`ManualClock`] is one that tests can set.
pub trait TimeSource: fmt::Debug + Send + Sync {
    /// The time of day, for timestamps that others read. May jump when the machine's clock is set.
    fn now(&self) -> SystemTime;

    /// A time that never goes back, for measuring how long something took or may still be used.
    fn monotonic(&self) -> Instant;
}

/// A handle on the time: the machine's by default. Cheap to clone.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn TimeSource>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// Any other clock.
    pub fn new(source: impl TimeSource + 'static) -> Self {
        Self(Some(Arc::new(source)))
    }

    /// A clock that stands still at this time of day, for a signature that is always the same. To move it, take a
    /// [`ManualClock`].
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tower_auth_core::Clock;
    ///
    /// let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
    /// assert_eq!(Clock::fixed(then).now(), then);
    /// ```
    pub fn fixed(now: SystemTime) -> Self {
        Self::new(ManualClock::at(now))
    }

    /// Whether it is the machine's clock.
    pub const fn is_system(&self) -> bool {
        self.0.is_none()
    }

    /// The time of day.
    #[allow(clippy::disallowed_methods)] // The one place that may.
    pub fn now(&self) -> SystemTime {
        self.0
            .as_ref()
            .map_or_else(SystemTime::now, |source| source.now())
    }

    /// A time that never goes back.
    #[allow(clippy::disallowed_methods)] // The one place that may.
    pub fn monotonic(&self) -> Instant {
        self.0
            .as_ref()
            .map_or_else(Instant::now, |source| source.monotonic())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Clock(system)"),
            Some(source) => f.debug_tuple("Clock").field(source).finish(),
        }
    }
}

/// A clock that stands still until it is told to move. Clones show the same time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tower_auth_core::clock::{Clock, ManualClock};
///
/// let hands = ManualClock::at(SystemTime::UNIX_EPOCH);
/// let clock = Clock::new(hands.clone());
/// hands.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hands>>);

#[derive(Clone, Copy, Debug)]
struct Hands {
    now: SystemTime,
    monotonic: Instant,
}

impl ManualClock {
    /// A clock that shows this time of day.
    pub fn at(now: SystemTime) -> Self {
        let monotonic = Clock::system().monotonic();
        Self(Arc::new(Mutex::new(Hands { now, monotonic })))
    }

    /// Time passes: both hands move.
    pub fn advance(&self, by: Duration) {
        self.with(|hands| {
            hands.now += by;
            hands.monotonic += by;
        });
    }

    /// Somebody sets the time of day; no time passes.
    pub fn set(&self, now: SystemTime) {
        self.with(|hands| hands.now = now);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Hands) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TimeSource for ManualClock {
    fn now(&self) -> SystemTime {
        self.with(|hands| hands.now)
    }

    fn monotonic(&self) -> Instant {
        self.with(|hands| hands.monotonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_time_of_day_does_not_move_the_monotonic_hand() {
        let hands = ManualClock::at(SystemTime::UNIX_EPOCH);
        let clock = Clock::new(hands.clone());
        let before = clock.monotonic();
        hands.set(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        assert_eq!(clock.monotonic(), before);
        hands.advance(Duration::from_secs(3));
        assert_eq!(clock.monotonic() - before, Duration::from_secs(3));
    }
}
