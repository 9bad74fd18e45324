//! `20150830T123600Z`, and the `Date` of a response.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
        let (year, month, day) = civil(seconds / 86_400);
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

/// Year, month and day of a day since 1970, in the Gregorian calendar. Years are counted from March, so that the leap
/// day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468; // since the first of March of year 0
    const ERA: u64 = 146_097; // days of 400 years
    let days = days + DAYS_TO_1970;
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = days / ERA * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// The day since 1970 of a date.
fn day_of(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
    (year / 400 * 146_097 + of_era).checked_sub(719_468)
}

/// Reads `Sun, 30 Aug 2015 12:36:00 GMT` (RFC 9110 section 5.6.7, the form that is sent).
pub(crate) fn parse_http_date(text: &[u8]) -> Option<SystemTime> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    if text.len() != 29 || &text[3..5] != b", " || &text[25..] != b" GMT" {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u64::from(digit - b'0'))
        })
    };
    let month = 1 + MONTHS
        .chunks_exact(3)
        .position(|name| name == &text[8..11])? as u64;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = day_of(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_date_header_is_read_back_on_every_day_of_four_centuries() {
        for day in (0..146_097).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(day_of(year, month, of_month), Some(day));
        }
        let time = parse_http_date(b"Sun, 30 Aug 2015 12:36:00 GMT").unwrap();
        assert_eq!(time, UNIX_EPOCH + Duration::from_secs(1_440_938_160));
        for bad in [
            "Sun, 30 Aug 2015 12:36:00 UTC",
            "Sun, 30 Aug 2015 25:36:00 GMT",
            "Sun, 30 Foo 2015 12:36:00 GMT",
            "Sun, 00 Aug 2015 12:36:00 GMT",
            "Sun, 30 Aug 0000 12:36:00 GMT",
            "2015-08-30T12:36:00Z",
            "",
        ] {
            assert_eq!(parse_http_date(bad.as_bytes()), None, "{bad}");
        }
    }
}
