//! Dates of HTTP (RFC 9110 section 5.6.7), and how long to wait (section 10.2.3).

use http::{HeaderMap, header::RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// A date in any of the three forms that RFC 9110 section 5.6.7 has receivers understand.
///
/// ```
/// use tower_auth_http::http_date;
///
/// let date = http_date("Sun, 06 Nov 1994 08:49:37 GMT");
/// assert!(date.is_some());
/// assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), date);
/// assert_eq!(http_date("Sun Nov  6 08:49:37 1994"), date);
/// assert_eq!(http_date("tomorrow"), None);
/// ```
pub fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// How long the server wants to be left alone: `Retry-After`, in seconds or as a date. A date that is past is no time at
/// all. `None` when there is no such header, or when it cannot be read.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large to count is a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    Some(http_date(text)?.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_wait_is_read_in_seconds_and_as_a_date() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = |text: &str| {
            let headers =
                HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun Nov  6 08:50:37 1994"), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999999999999999"), Some(u64::MAX));
        for bad in ["", "-1", "1.5", "soon"] {
            assert_eq!(wait(bad), None, "{bad}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
