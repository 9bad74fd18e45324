//! Bodies as named values: JSON, or forms.

use crate::{
    error::{ErrorResponse, TokenError, What},
    fields::Fields,
};
use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};
use tower_auth_http::retry_after;

/// No server is left alone for longer.
const DAY: Duration = Duration::from_secs(86_400);

/// The body as named values: a JSON object whatever the content type says, or a form. `None` when it is neither.
pub(crate) fn object_of(response: &Response<Bytes>) -> Option<Fields> {
    let body: &[u8] = response.body();
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii();
    if body.is_empty() {
        return None;
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Some(fields.into()),
        Ok(_) => None,
        Err(_) => form_of(body),
    }
}

/// A form, recognised by its looks: servers send them as `text/html` and `text/plain` too.
fn form_of(body: &[u8]) -> Option<Fields> {
    let looks = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'{' | b'"');
    let first = body.split(|byte| *byte == b'&').next()?;
    if !first.contains(&b'=') || !body.iter().all(looks) {
        return None;
    }
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        fields.entry(name).or_insert_with(|| Value::from(&*value));
    }
    Some(fields.into())
}

/// The answer as an error.
pub(crate) fn error_of(
    response: &Response<Bytes>,
    fields: Option<Fields>,
    now: SystemTime,
) -> TokenError {
    let status = response.status();
    let wait = retry_after(response.headers(), now).map(|wait| wait.min(DAY));
    What::Response(Box::new(match fields {
        Some(fields) => ErrorResponse::from_fields(status, wait, fields),
        None => {
            let body = String::from_utf8_lossy(response.body());
            let html = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| value.to_ascii_lowercase().contains("html"))
                || body.trim_start().starts_with('<');
            ErrorResponse::from_text(status, wait, &body, html)
        }
    }))
    .into()
}
