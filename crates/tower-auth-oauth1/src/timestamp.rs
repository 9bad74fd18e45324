//! Timestamps (RFC 5849 section 3.3).

use std::time::UNIX_EPOCH;
use tower_auth_core::Clock;

/// Seconds since 1970, in decimal digits, without an allocation.
pub(crate) struct Timestamp {
    digits: [u8; 20],
    start: usize,
}

impl Timestamp {
    /// A clock before 1970 shows 0, which no server accepts.
    pub(crate) fn of(clock: &Clock) -> Self {
        let mut seconds = clock
            .now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        loop {
            start -= 1; // `u64::MAX` has 20 digits
            digits[start] = b'0' + (seconds % 10) as u8;
            seconds /= 10;
            if seconds == 0 {
                return Self { digits, start };
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[self.start..]).expect("digits are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tower_auth_core::clock::ManualClock;

    #[test]
    fn whole_seconds_in_decimal() {
        for (seconds, text) in [
            (0, "0"),
            (9, "9"),
            (10, "10"),
            (1_318_622_958, "1318622958"),
        ] {
            let clock = ManualClock::at(UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 999));
            assert_eq!(Timestamp::of(&Clock::new(clock)).as_str(), text);
        }
        let before = ManualClock::at(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(Timestamp::of(&Clock::new(before)).as_str(), "0");
    }
}
