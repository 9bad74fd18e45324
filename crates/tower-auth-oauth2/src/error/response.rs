//! The error answer of an authorization server.

use super::description;
use http::StatusCode;
use serde_json::{Map, Value};
use std::{fmt, time::Duration};

/// How much of a body that is not JSON is kept, in bytes.
const EXCERPT: usize = 512;

/// What an authorization server answered instead of a token (RFC 6749 section 5.2).
///
/// Codes that no RFC knows are kept verbatim; bodies that are empty, HTML, or not an error at all are no problem. What
/// the client sent as a secret is taken out of the server's words, should it repeat them.
///
/// Its text is `code: description`, where a missing description is replaced by what the RFC says about that code, then
/// where to read more, then whatever else the server sent.
#[derive(Clone)]
pub struct ErrorResponse {
    status: StatusCode,
    error: Option<String>,
    description: Option<String>,
    uri: Option<String>,
    fields: Map<String, Value>,
    text: Option<String>,
    retry_after: Option<Duration>,
}

impl ErrorResponse {
    pub(crate) fn from_fields(
        status: StatusCode,
        retry_after: Option<Duration>,
        mut fields: Map<String, Value>,
    ) -> Self {
        let mut take = |name| fields.remove(name).and_then(text_of);
        Self {
            status,
            error: take("error").filter(|text| !text.is_empty()),
            description: take("error_description").filter(|text| !text.is_empty()),
            uri: take("error_uri").filter(|text| !text.is_empty()),
            fields,
            text: None,
            retry_after,
        }
    }

    /// A body that is no object: kept as text when it is text for people.
    pub(crate) fn from_text(
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &str,
        html: bool,
    ) -> Self {
        let body = body.trim();
        let text = (!body.is_empty() && !html).then(|| {
            let end = (0..=EXCERPT.min(body.len()))
                .rev()
                .find(|end| body.is_char_boundary(*end))
                .unwrap_or(0);
            body[..end]
                .chars()
                .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
                .collect()
        });
        Self {
            status,
            error: None,
            description: None,
            uri: None,
            fields: Map::new(),
            text,
            retry_after,
        }
    }

    /// The status of the answer. Some servers send an error with `200 OK`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `error` code, verbatim: `invalid_grant`, or anything else.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The `error_description`, or what the RFC says about the code when the server sent none.
    pub fn description(&self) -> Option<&str> {
        self.description
            .as_deref()
            .or_else(|| self.error().and_then(description::of))
    }

    /// The `error_uri`: a page for people.
    pub fn uri(&self) -> Option<&str> {
        self.uri.as_deref()
    }

    /// All other fields of the answer.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The beginning of the body when it is text for people, and neither JSON nor HTML.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// How long the server asked not to be asked again (`Retry-After`, in seconds or as a date).
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Takes these texts out of everything.
    pub(crate) fn without<'a>(mut self, secrets: impl Iterator<Item = &'a str>) -> Self {
        for secret in secrets.filter(|secret| secret.len() >= 4) {
            let texts = [
                &mut self.error,
                &mut self.description,
                &mut self.uri,
                &mut self.text,
            ];
            for text in texts.into_iter().flatten() {
                redact(text, secret);
            }
            for (name, mut value) in std::mem::take(&mut self.fields) {
                redact_value(&mut value, secret);
                let mut name = name;
                redact(&mut name, secret);
                self.fields.insert(name, value);
            }
        }
        self
    }
}

fn redact(text: &mut String, secret: &str) {
    if text.contains(secret) {
        *text = text.replace(secret, "[redacted]");
    }
}

fn redact_value(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) => redact(text, secret),
        Value::Array(values) => values.iter_mut().for_each(|v| redact_value(v, secret)),
        Value::Object(fields) => fields.values_mut().for_each(|v| redact_value(v, secret)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text, the first of several, or whatever it is as JSON.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) => values.into_iter().next().and_then(|first| match first {
            Value::Array(_) => Some(first.to_string()),
            first => text_of(first),
        }),
        other => Some(other.to_string()),
    }
}

/// Whether a field of this name may hold something secret, so that it is not printed.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "token",
        "secret",
        "password",
        "assertion",
        "code",
        "key",
        "authorization",
        "cookie",
    ]
    .iter()
    .any(|word| name.contains(word))
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, &self.text) {
            (Some(code), _) => {
                f.write_str(code)?;
                if let Some(description) = self.description() {
                    write!(f, ": {description}")?;
                }
            }
            (None, Some(text)) => write!(
                f,
                "the authorization server answered {}: {text}",
                self.status.as_u16()
            )?,
            (None, None) => write!(
                f,
                "the authorization server answered {} without saying why",
                self.status.as_u16()
            )?,
        }
        if let Some(uri) = &self.uri {
            write!(f, "\nMore information can be found on {uri}")?;
        }
        if !self.fields.is_empty() {
            let shown: Map<String, Value> = self
                .fields
                .iter()
                .map(|(name, value)| {
                    let value = if is_secret(name) {
                        Value::from("[redacted]")
                    } else {
                        value.clone()
                    };
                    (name.clone(), value)
                })
                .collect();
            write!(f, "\nAdditional information: {}", Value::Object(shown))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse")
            .field("status", &self.status)
            .field("text", &self.to_string())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(fields: Value) -> ErrorResponse {
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        ErrorResponse::from_fields(StatusCode::BAD_REQUEST, None, fields)
    }

    #[test]
    fn the_text_of_an_error_has_code_description_uri_and_the_rest() {
        let all = of(
            json!({"error": "invalid_request", "error_description": "d", "error_uri": "https://u", "other": 1}),
        );
        assert_eq!(
            all.to_string(),
            "invalid_request: d\nMore information can be found on https://u\nAdditional information: {\"other\":1}"
        );
        let bare = of(json!({"error": "invalid_scope"}));
        assert_eq!(
            bare.to_string(),
            "invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the \
             resource owner."
        );
        assert_eq!(
            of(json!({"error": "invalid_code"})).to_string(),
            "invalid_code"
        );
        let list = of(json!({"error": ["invalid_scope", "x"], "error_description": ["d1", "d2"]}));
        assert_eq!(list.to_string(), "invalid_scope: d1");
        assert_eq!(
            of(json!({"error": {"code": 1}})).error(),
            Some("{\"code\":1}")
        );
    }

    #[test]
    fn an_error_that_repeats_a_secret_does_not_show_it() {
        let error = of(json!({
            "error": "invalid_grant", "error_description": "token planted-1 is used up",
            "hint": ["planted-1"], "refresh_token": "planted-2",
        }))
        .without(["planted-1"].into_iter());
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(shown.contains("token [redacted] is used up"), "{shown}");
    }

    #[test]
    fn a_body_for_people_is_kept_in_part_and_markup_is_not() {
        let text =
            ErrorResponse::from_text(StatusCode::BAD_GATEWAY, None, &"é".repeat(1000), false);
        assert_eq!(text.text().map(str::len), Some(512));
        let html =
            ErrorResponse::from_text(StatusCode::BAD_GATEWAY, None, "<html>502</html>", true);
        assert_eq!(html.text(), None);
        assert!(html.to_string().contains("502 without saying why"));
    }
}
