//! The time as a number that is cheap to ask for.

use std::time::{Duration, Instant, SystemTime};
use tower_auth_core::Clock;

/// The clock of a cache, which is asked for every request.
///
/// The clock of the machine is read coarsely where there is such a thing: a few milliseconds late at most (Linux), at a
/// third of the price.
pub(crate) struct Ticks {
    clock: Clock,
    #[cfg_attr(not(target_os = "linux"), allow(unused))]
    is_system: bool,
    origin: Instant,
}

/// Later than any time.
pub(crate) const NEVER: u64 = u64::MAX;

impl Ticks {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            is_system: clock.is_system(),
            origin: clock.monotonic(),
            clock,
        }
    }

    /// Nanoseconds since some moment.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        #[cfg(target_os = "linux")]
        if self.is_system {
            return nanos(coarse(rustix::time::ClockId::MonotonicCoarse));
        }
        nanos(
            self.clock
                .monotonic()
                .saturating_duration_since(self.origin),
        )
    }

    /// The number of another moment.
    pub(crate) fn at(&self, at: Instant) -> u64 {
        let (now, ticks) = (self.clock.monotonic(), self.now());
        match at.checked_duration_since(now) {
            Some(ahead) => ticks.saturating_add(nanos(ahead)).min(NEVER - 1),
            None => ticks.saturating_sub(nanos(now - at)),
        }
    }

    /// The time of day.
    pub(crate) fn time_of_day(&self) -> SystemTime {
        #[cfg(target_os = "linux")]
        if self.is_system {
            let since = coarse(rustix::time::ClockId::RealtimeCoarse);
            if let Some(now) = SystemTime::UNIX_EPOCH.checked_add(since) {
                return now;
            }
        }
        self.clock.now()
    }
}

#[cfg(target_os = "linux")]
#[inline]
fn coarse(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[inline]
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_auth_core::clock::ManualClock;

    #[test]
    fn the_coarse_clocks_agree_with_the_exact_ones_within_a_few_milliseconds() {
        // Linux ticks 100 times a second or more often; a busy machine may be late by more than one tick.
        const TICKS: Duration = Duration::from_millis(50);
        let clock = Clock::system();
        let ticks = Ticks::new(clock.clone());
        let (before, begin) = (ticks.now(), clock.monotonic());
        while clock.monotonic() - begin < TICKS * 2 {
            std::hint::spin_loop();
        }
        let passed = Duration::from_nanos(ticks.now() - before);
        assert!(passed >= TICKS, "{passed:?}");
        let (exact, coarse) = (clock.now(), ticks.time_of_day());
        let off = exact
            .duration_since(coarse)
            .unwrap_or_else(|early| early.duration());
        assert!(off < TICKS, "{off:?}");
        let (at, now) = (ticks.at(clock.monotonic()), ticks.now());
        assert!(at.abs_diff(now) < nanos(TICKS), "{at} {now}");
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
