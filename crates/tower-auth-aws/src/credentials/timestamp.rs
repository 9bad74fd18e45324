//! RFC 3339 timestamps, as AWS services write them.

use crate::calendar::days_to;
use std::time::{Duration, SystemTime};

/// Reads `2026-01-31T12:00:00Z`, with or without a fraction, with `Z`, an offset, or `UTC` (which old caches of the AWS
/// CLI have). `None` for anything else, and for times before 1970.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    // A second of 60 is a leap second, which the count of seconds does not have.
    if hour >= 24 || minute >= 60 || second > 60 {
        return None;
    }
    let days = days_to(year, month, day)?;
    let (nanos, zone) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(fraction) => {
            let end = fraction
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(fraction.len());
            let (digits, zone) = fraction.split_at(end);
            (nanos(digits)?, zone)
        }
    };
    let offset = offset(zone)?;
    let seconds =
        (days * 86_400 + hour * 3_600 + minute * 60 + second).checked_add_signed(-offset)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// Writes `2026-01-31T12:00:00Z`. The year 9999 does not end.
pub(super) fn format(time: SystemTime) -> Option<String> {
    let text = crate::timestamp::Timestamp::new(time);
    let text = std::str::from_utf8(text.as_bytes()).ok()?;
    // `20260131T120000Z`
    let [year, month, day] = [text.get(..4)?, text.get(4..6)?, text.get(6..8)?];
    let [hour, minute, second] = [text.get(9..11)?, text.get(11..13)?, text.get(13..15)?];
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

fn fields(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut fields = [0; 3];
    for (field, width) in fields.iter_mut().zip(widths) {
        *field = digits(parts.next()?, width)?;
    }
    parts.next().is_none().then_some(fields)
}

fn digits(text: &str, width: usize) -> Option<u64> {
    let valid = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

fn nanos(digits: &str) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(digits.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0')))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let seconds = i64::try_from(hours * 3_600 + minutes * 60).ok()?;
    (hours < 24 && minutes < 60).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<f64> {
        let since = parse(text)?.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Some(since.as_secs_f64())
    }

    #[test]
    fn the_examples_of_rfc_3339_and_of_aws_documents() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("1985-04-12T23:20:50.52Z", 482_196_050.52),
            ("1996-12-19T16:39:57-08:00", 851_042_397.0),
            ("1990-12-31T23:59:60Z", 662_688_000.0),
            ("2000-02-29T00:00:00Z", 951_782_400.0),
            ("2020-06-10T00:00:00UTC", 1_591_747_200.0),
            ("2023-12-06T22:23:14+0100", 1_701_897_794.0),
            (" 2100-03-01T00:00:00+00:00\n", 4_107_542_400.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_time_that_was_written_is_read_back() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "9999-12-31T00:00:01Z",
        ] {
            assert_eq!(format(parse(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "T",
            "2026",
            "2026-01-01",
            "2026-01-01T",
            "2026-01-01T00:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:0éZ",
            "1591747200",
            "2026-01-01T00:00:00+99:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_can_be_written(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\\.[0-9]{0,12})?(Z|UTC|[+-][0-9:]{2,5}|\\PC{0,3})") {
            if let Some(time) = parse(&text) {
                let written = format(time).unwrap();
                let whole = std::time::Duration::from_secs(1);
                let read = parse(&written).unwrap();
                proptest::prop_assert!(read <= time && time < read + whole || text.starts_with("9999"));
            }
        }
    }
}
