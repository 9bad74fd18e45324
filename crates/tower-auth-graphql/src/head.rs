//! What an answer says before its body.

use crate::{date, response::media};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, DATE, RETRY_AFTER},
    response::Parts,
};
use std::{sync::Arc, time::Duration};

/// The status and headers of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Head {
    pub(crate) fn of(parts: &Parts) -> Arc<Self> {
        Arc::new(Self {
            status: parts.status,
            headers: parts.headers.clone(),
        })
    }

    /// At most 200 bytes of it.
    pub(crate) fn content_type(&self) -> Option<&str> {
        let text = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(media::clip(text, 200))
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.as_bytes();
        let text = std::str::from_utf8(value).ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = self.headers.get(DATE)?.as_bytes();
        let wait = date::parse(value)?.saturating_sub(date::parse(date)?);
        Some(Duration::from_secs(wait.max(0) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_in_any_form() {
        let of = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            let status = StatusCode::FORBIDDEN;
            let seconds = Head { status, headers }.retry_after();
            seconds.map(|seconds| seconds.as_secs())
        };
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(of("120", None), Some(120));
        for text in [
            "Sun, 06 Nov 1994 08:50:37 GMT",
            "Sunday, 06-Nov-94 08:50:37 GMT",
            "Sun Nov  6 08:50:37 1994",
        ] {
            assert_eq!(of(text, date), Some(60), "{text}");
        }
        assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT", date), Some(0));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
        assert_eq!(of("-1", date), None);
        assert_eq!(of("soon", date), None);
    }
}
