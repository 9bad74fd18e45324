//! `20150830T123600Z`, and the `Date` of a response.

use crate::calendar::date_of;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time as signatures spell it: ISO 8601 basic format, UTC, whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Timestamp {
    text: [u8; 16],
    seconds: u64,
}

/// The last second that four digits of a year can spell: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

impl Timestamp {
    pub(crate) fn new(time: SystemTime) -> Self {
        Self::of(seconds(time))
    }

    /// Of what [`seconds`] gave.
    pub(crate) fn of(seconds: u64) -> Self {
        let seconds = seconds.min(LAST);
        let (year, month, day) = date_of(seconds / 86_400);
        let second = seconds % 86_400;
        let mut text = *b"00000000T000000Z";
        decimal(&mut text[0..4], year);
        decimal(&mut text[4..6], month);
        decimal(&mut text[6..8], day);
        decimal(&mut text[9..11], second / 3600);
        decimal(&mut text[11..13], second / 60 % 60);
        decimal(&mut text[13..15], second % 60);
        Self { text, seconds }
    }

    /// `20150830T123600Z`
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.text
    }

    /// `20150830`
    pub(crate) fn date(&self) -> &[u8] {
        &self.text[..8]
    }

    /// Whole days since 1970: the same for timestamps of one date.
    pub(crate) fn day(&self) -> u64 {
        day_of_second(self.seconds)
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.seconds
    }
}

/// Whole seconds since 1970. Before that and after 9999 no server signs: such times become the nearest that can be spelled.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs()).min(LAST)
}

/// The day since 1970 that a second is in.
pub(crate) fn day_of_second(seconds: u64) -> u64 {
    seconds / 86_400
}

fn decimal(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads the `Date` of a response, in any of the three forms of RFC 9110 section 5.6.7.
pub(crate) fn parse_http_date(text: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn spelled(seconds: u64) -> String {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        String::from_utf8(Timestamp::new(time).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_709_164_799, "20240228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (LAST, "99991231T235959Z"),
            (LAST + 1, "99991231T235959Z"),
        ] {
            assert_eq!(spelled(seconds), text);
        }
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::new(before).date(), b"19700101");
    }

    #[test]
    fn a_date_header_is_read_in_all_three_forms() {
        let time = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        for text in [
            "Sun, 30 Aug 2015 12:36:00 GMT",
            "Sunday, 30-Aug-15 12:36:00 GMT",
            "Sun Aug 30 12:36:00 2015",
        ] {
            assert_eq!(parse_http_date(text.as_bytes()), Some(time), "{text}");
        }
        for bad in [
            &b"Sun, 30 Aug 2015 25:36:00 GMT"[..],
            b"2015-08-30T12:36:00Z",
            b"",
            b"\xff",
        ] {
            assert_eq!(parse_http_date(bad), None);
        }
    }
}
