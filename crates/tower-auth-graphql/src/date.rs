//! Dates in headers, in whatever form (RFC 6265 section 5.1.1, which reads every form of RFC 9110 section 5.6.7 too).

/// Seconds since 1970. What is unknown in the text is passed over: days of the week, zones.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        // Each part once, and in this order: `01` is a day before it is a year.
        if time.is_none() {
            time = clock(token);
            if time.is_some() {
                continue;
            }
        }
        if day.is_none() {
            day = number(token, 1, 2);
            if day.is_some() {
                continue;
            }
        }
        if month.is_none() {
            month = month_of(token);
            if month.is_some() {
                continue;
            }
        }
        if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let (hour, minute, second) = time?;
    let (day, month) = (day?, month?);
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let is_date = year >= 1601 && (1..=days_of(year, month)).contains(&day);
    (is_date && hour < 24 && minute < 60 && second < 60)
        .then(|| 86_400 * days_since_1970(year, month, day) + 3600 * hour + 60 * minute + second)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2F | 0x3B..=0x40 | 0x5B..=0x60 | 0x7B..=0x7E)
}

/// So many digits, and then the end or anything else.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit());
    let count = digits.clone().count();
    (least..=most)
        .contains(&count)
        .then(|| digits.fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0')))
}

fn clock(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let whole = |part: &[u8]| {
        let digits = part.iter().all(u8::is_ascii_digit);
        digits.then(|| number(part, 1, 2)).flatten()
    };
    let hour = whole(parts.next()?)?;
    let minute = whole(parts.next()?)?;
    Some((hour, minute, number(parts.next()?, 1, 2)?))
}

fn month_of(token: &[u8]) -> Option<i64> {
    const NAMES: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let start = token.get(..3)?.to_ascii_lowercase();
    let index = NAMES.chunks(3).position(|name| name == start)?;
    Some(index as i64 + 1)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Of the Gregorian calendar, whose years begin in March here, so that the odd day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let since_march = (month + 9) % 12;
    let day_of_year = (153 * since_march + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_of_a_date_is_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 nov 1994 8:49:37",
            "06-November-94 08:49:37 UTC",
            "1994 Nov 6 08:49:37", // 19 is no day: it has four digits
            "Sun,06/Nov/1994;08:49:37.123 +0100",
            "08:49:37 6th November 1994AD",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 1 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:01 UTC"), Some(1));
        assert_eq!(
            parse(b"Fri, 31-Dec-9999 23:59:59 GMT"),
            Some(253_402_300_799)
        );
        assert_eq!(parse(b"29 Feb 2000 00:00:00"), Some(951_782_400));
        assert_eq!(parse(b"1 Jan 1601 00:00:00"), Some(-11_644_473_600));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "never",
            "0",
            "-1",
            "1 Jan 1600 00:00:00",
            "30 Feb 2000 00:00:00",
            "29 Feb 1900 00:00:00",
            "0 Jan 2000 00:00:00",
            "32 Jan 2000 00:00:00",
            "1 Jan 2000 24:00:00",
            "1 Jan 2000 00:60:00",
            "1 Jan 2000 00:00:60",
            "1 Jan 2000 00:00",
            "1 Foo 2000 00:00:00",
            "1 Jan 20000 00:00:00",
            "Jan 2000 00:00:00",
            "123 Jan 2000 00:00:00",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
