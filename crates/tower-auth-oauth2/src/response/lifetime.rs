//! How long tokens are good, in all the ways in which servers say it.

use crate::fields::Fields;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nothing is good for longer than this: 100 years. Keeps arithmetic on times from overflowing.
pub(crate) const MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Seconds as a number or as text, with a fraction or without. What is less than nothing is nothing; what is no number
/// is not known.
pub(crate) fn parse(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    seconds_of(seconds)
}

fn seconds_of(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() {
        None
    } else if seconds <= 0.0 {
        Some(Duration::ZERO)
    } else if seconds >= MAX.as_secs_f64() {
        Some(MAX)
    } else {
        Some(Duration::from_secs(seconds as u64))
    }
}

/// Until the `exp` of a JWT (RFC 7519 section 4.1.4), when the token is one. Nothing of it is verified: it only says
/// when to fetch the next.
pub(crate) fn of_jwt(token: &str, now: SystemTime) -> Option<Duration> {
    let expires = claims(token)?
        .get("exp")
        .and_then(Value::as_f64)
        .filter(|exp| *exp != 0.0)?; // zero is what some say for "unknown"; what is less is past
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    seconds_of(expires - now.as_secs_f64())
}

/// What a JWT claims. Nothing of it is verified. `None` when it is none, or encrypted.
pub(crate) fn claims(token: &str) -> Option<Fields> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    Fields::parse(std::str::from_utf8(&payload).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_lifetime_has_a_defined_meaning() {
        let seconds = |value: Value| parse(&value).map(|lifetime| lifetime.as_secs());
        assert_eq!(seconds(json!(3600)), Some(3600));
        assert_eq!(seconds(json!("3600")), Some(3600));
        assert_eq!(seconds(json!(3600.9)), Some(3600));
        assert_eq!(seconds(json!("3600.0")), Some(3600));
        assert_eq!(seconds(json!(0)), Some(0));
        assert_eq!(seconds(json!(-1)), Some(0));
        assert_eq!(seconds(json!(99_999_999_999_999_u64)), Some(MAX.as_secs()));
        assert_eq!(seconds(json!("1e400")), Some(MAX.as_secs()));
        for unknown in [
            json!(null),
            json!("soon"),
            json!("NaN"),
            json!([1]),
            json!(true),
        ] {
            assert_eq!(seconds(unknown.clone()), None, "{unknown}");
        }
    }
}
