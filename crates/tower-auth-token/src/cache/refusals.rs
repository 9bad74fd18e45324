//! How often refusals may cause a fetch.

use std::time::{Duration, Instant};

/// Lets the first refusal through, then spaces them out for as long as they go on.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    last: Option<Instant>,
    strikes: u32,
    last_end: Option<Instant>,
}

/// The interval doubles this often at most.
const DOUBLINGS: u32 = 5;

impl Refusals {
    /// Whether this refusal may cause a fetch. If so, it is counted.
    pub(super) fn admit(&mut self, now: Instant, interval: Duration) -> bool {
        if let Some(last) = self.last {
            let since = now.saturating_duration_since(last);
            if since < interval.saturating_mul(1 << self.strikes.min(DOUBLINGS)) {
                return false;
            }
            // Quiet for longer than the longest wait: this is something new.
            let quiet = since >= interval.saturating_mul(2 << DOUBLINGS);
            self.strikes = if quiet { 0 } else { self.strikes + 1 };
        }
        self.last = Some(now);
        true
    }

    /// Whether the refusal of a value that was at its end may cause a fetch. It is not counted: values that live shortly
    /// are refused there all the time. `least` is less than the time between the ends of two.
    pub(super) fn admit_end(&mut self, now: Instant, least: Duration) -> bool {
        let since = |last| now.saturating_duration_since(last) >= least;
        let admitted = self.last_end.is_none_or(since);
        if admitted {
            self.last_end = Some(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_auth_core::Clock;

    #[test]
    fn refusals_that_go_on_are_admitted_ever_more_rarely() {
        let start = Clock::system().monotonic();
        let interval = Duration::from_secs(30);
        let mut refusals = Refusals::default();
        let admitted = (0..4 * 3600)
            .filter(|second| refusals.admit(start + Duration::from_secs(*second), interval))
            .count();
        // 0, 30, 90, 210, 450, 930 s, then every 960 s.
        assert_eq!(admitted, 6 + (4 * 3600 - 931) / 960);
    }

    #[test]
    fn after_a_long_quiet_time_a_refusal_is_something_new() {
        let start = Clock::system().monotonic();
        let interval = Duration::from_secs(30);
        let mut refusals = Refusals::default();
        for second in [0, 30, 90, 210, 450] {
            assert!(refusals.admit(start + Duration::from_secs(second), interval));
        }
        let later = start + Duration::from_secs(86_400);
        assert!(refusals.admit(later, interval));
        assert!(!refusals.admit(later + Duration::from_secs(29), interval));
        assert!(refusals.admit(later + Duration::from_secs(30), interval));
    }
}
