//! The time as a number that is cheap to ask for.

use crate::fetched::MOST;
use std::time::{Duration, Instant, SystemTime};
use tower_auth_core::Clock;

/// The clock of a cache, which is asked for every request.
///
/// On Linux the machine's clock is read coarsely, which costs a third: it is up to 10 milliseconds late. Any other clock
/// is read as it is.
pub(crate) struct Ticks {
    clock: Clock,
    origin: Instant,
    #[cfg(target_os = "linux")]
    coarse: bool,
}

/// Later than any time.
pub(crate) const NEVER: u64 = u64::MAX;

impl Ticks {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            origin: clock.monotonic(),
            #[cfg(target_os = "linux")]
            coarse: clock.is_system(),
            clock,
        }
    }

    /// How much time has passed since some moment, in some unit.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        #[cfg(target_os = "linux")]
        if self.coarse {
            return coarsetime::Instant::now_without_cache_update().as_ticks();
        }
        self.exactly()
    }

    #[inline(never)]
    fn exactly(&self) -> u64 {
        let now = self.clock.monotonic();
        self.count(now.saturating_duration_since(self.origin))
    }

    /// The number of another moment.
    pub(crate) fn at(&self, at: Instant) -> u64 {
        let (now, ticks) = (self.clock.monotonic(), self.now());
        let ahead = self.count(at.saturating_duration_since(now));
        let behind = self.count(now.saturating_duration_since(at));
        ticks
            .saturating_add(ahead)
            .min(NEVER - 1)
            .saturating_sub(behind)
    }

    /// The time of day.
    pub(crate) fn time_of_day(&self) -> SystemTime {
        self.clock.now()
    }

    fn count(&self, duration: Duration) -> u64 {
        let duration = duration.min(MOST);
        #[cfg(target_os = "linux")]
        if self.coarse {
            return coarsetime::Duration::from(duration).as_ticks();
        }
        u64::try_from(duration.as_nanos()).unwrap_or(NEVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_auth_core::clock::ManualClock;

    #[test]
    fn the_coarse_clock_agrees_with_the_exact_one_within_a_few_milliseconds() {
        // Linux ticks 100 times a second or more often; a busy machine may be late by more than one tick.
        const TICKS: Duration = Duration::from_millis(50);
        let clock = Clock::system();
        let ticks = Ticks::new(clock.clone());
        let (before, begin) = (ticks.now(), clock.monotonic());
        while clock.monotonic() - begin < TICKS * 2 {
            std::hint::spin_loop();
        }
        let (passed, exact) = (ticks.now() - before, clock.monotonic() - begin);
        let off = passed.abs_diff(ticks.count(exact));
        assert!(off < ticks.count(TICKS), "{off} {passed} {exact:?}");
        let (at, now) = (ticks.at(clock.monotonic()), ticks.now());
        assert!(at.abs_diff(now) < ticks.count(TICKS), "{at} {now}");
    }

    #[test]
    fn no_moment_is_too_far_off() {
        for clock in [
            Clock::system(),
            Clock::new(ManualClock::at(SystemTime::UNIX_EPOCH)),
        ] {
            let ticks = Ticks::new(clock.clone());
            let now = ticks.now();
            let mut years = clock.monotonic();
            while let Some(later) = years.checked_add(MOST) {
                assert!(ticks.at(later) > now && ticks.at(later) < NEVER);
                years = later;
                if later > clock.monotonic() + 9 * MOST {
                    break;
                }
            }
        }
    }

    #[test]
    fn another_clock_is_exact() {
        let hands = ManualClock::at(SystemTime::UNIX_EPOCH);
        let clock = Clock::new(hands.clone());
        let ticks = Ticks::new(clock.clone());
        let later = clock.monotonic() + Duration::from_secs(5);
        let at = ticks.at(later);
        assert_eq!(at - ticks.now(), 5_000_000_000);
        hands.advance(Duration::from_secs(7));
        assert_eq!(ticks.now() - at, 2_000_000_000);
        assert_eq!(ticks.at(later), at);
    }
}
