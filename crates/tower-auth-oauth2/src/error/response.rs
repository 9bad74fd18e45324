//! The error answer of an authorization server.

use super::{
    ErrorCode,
    redaction::{received, redact, redact_fields, shown, shown_fields},
};
use crate::fields::Fields;
use http::StatusCode;
use serde_json::{Map, Value};
use std::{fmt, time::Duration};
use tower_auth_http::{Redactor, printable};

/// How much of a body that is not JSON is kept, in bytes.
const EXCERPT: usize = 512;

/// What an authorization server answered instead of a token (RFC 6749 section 5.2).
///
/// Codes that no RFC knows are kept verbatim; bodies that are empty, HTML, or not an error at all are no problem. What
/// the client sent as a secret is taken out of the server's words, should it repeat them.
///
/// Its text is one line: status, code, the server's description, and whatever else it sent; what the RFC says about the
/// code, and where to read more, is in [`explanation`](Self::explanation).
#[derive(Clone)]
pub struct ErrorResponse {
    status: StatusCode,
    error: Option<String>,
    description: Option<String>,
    uri: Option<String>,
    fields: Fields,
    text: Option<String>,
    retry_after: Option<Duration>,
    /// It came through a browser.
    is_authorization: bool,
}

impl ErrorResponse {
    /// What a browser brought back from the authorization endpoint (RFC 6749 section 4.1.2.1).
    #[cfg(feature = "browser")]
    pub(crate) fn of_authorization(fields: Fields) -> Self {
        Self {
            is_authorization: true,
            ..Self::from_fields(StatusCode::FOUND, None, fields)
        }
    }

    /// What an RFC says about the code, where it came from.
    fn defined(&self) -> Option<&'static str> {
        let code = self.code()?;
        if self.is_authorization {
            code.authorization_description()
        } else {
            code.description()
        }
    }

    pub(crate) fn from_fields(
        status: StatusCode,
        retry_after: Option<Duration>,
        mut fields: Fields,
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
            is_authorization: false,
        }
    }

    /// A body that is no object: kept as text when it is text for people. As a whole, until [`without`](Self::without)
    /// shortens it: a secret that is cut in two would not be recognised.
    pub(crate) fn from_text(
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &str,
        html: bool,
    ) -> Self {
        let body = body.trim();
        let text = (!body.is_empty() && !html).then(|| body.to_owned());
        Self {
            status,
            error: None,
            description: None,
            uri: None,
            fields: Fields::default(),
            text,
            retry_after,
            is_authorization: false,
        }
    }

    /// The status of the answer; 302 of one that came through a browser. Some servers send an error with `200 OK`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `error` code, verbatim: `invalid_grant`, or anything else.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The same, when it is a code that an RFC knows.
    pub fn code(&self) -> Option<ErrorCode> {
        self.error().and_then(ErrorCode::from_name)
    }

    /// The `error_description`, or what the RFC says about the code when the server sent none.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref().or_else(|| self.defined())
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

    /// Takes secrets out of everything, and shortens what is text: what was sent, and what is in this answer by a name
    /// that says so.
    pub(crate) fn without(mut self, sent: &Redactor) -> Self {
        let mut secrets = sent.clone();
        received(&self.fields, &mut secrets);
        let texts = [
            &mut self.error,
            &mut self.description,
            &mut self.uri,
            &mut self.text,
        ];
        for text in texts.into_iter().flatten() {
            redact(text, &secrets);
        }
        if let Some(text) = &mut self.text {
            let end = (0..=EXCERPT.min(text.len()))
                .rev()
                .find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        }
        redact_fields(&mut self.fields, &secrets);
        self
    }
}

/// A text, the first of several, or whatever it is as JSON.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) => values.into_iter().next().and_then(|first| match first {
            Value::Array(_) => Some(shown("", &first).to_string()),
            first => text_of(first),
        }),
        Value::Object(fields) => Some(shown_fields(&fields).to_string()),
        other => Some(other.to_string()),
    }
}

impl ErrorResponse {
    /// All of it, for people to read, in several lines: `code: description`, where a missing description is replaced by
    /// what the RFC says about that code, then where to read more, then whatever else the server sent.
    pub fn explanation(&self) -> String {
        let mut text = match (&self.error, &self.text) {
            (Some(code), _) => printable(code),
            (None, Some(text)) => printable(text),
            (None, None) => format!("status {}", self.status.as_u16()),
        };
        match (&self.description, self.defined()) {
            (Some(description), _) => text.push_str(&format!(": {}", printable(description))),
            (None, Some(description)) => text.push_str(&format!(": {description}")),
            (None, None) => {}
        }
        if let Some(uri) = &self.uri {
            let more = format!("\nMore information can be found on {}", printable(uri));
            text.push_str(&more);
        }
        if !self.fields.is_empty() {
            let fields = shown_fields(&self.fields).to_string();
            text.push_str(&format!("\nAdditional information: {}", printable(&fields)));
        }
        text
    }

    /// What helps.
    fn remedy(&self) -> &'static str {
        match (self.code(), self.error(), self.status.as_u16()) {
            (Some(ErrorCode::InvalidClient), ..) | (None, None, 401 | 403) => {
                "; check the client's id and secret, and how they are sent: some servers want `ClientAuth::post`, some do \
                 not decode and want `ClientAuth::basic_raw`"
            }
            (None, None, 404 | 405) => "; is this the URL of that endpoint?",
            (Some(ErrorCode::InvalidGrant | ErrorCode::ExpiredToken), ..) => {
                "; what the token was asked with is used up, expired or of somebody else: log in again, or bring another"
            }
            (Some(ErrorCode::InvalidScope), ..) => "; check `scope`",
            (Some(ErrorCode::UnauthorizedClient | ErrorCode::UnsupportedGrantType), ..) => {
                "; have this grant allowed for this client at the server, or use another"
            }
            (Some(ErrorCode::InvalidDpopProof), ..) => {
                "; a proof says when it was made: is the clock of this machine right?"
            }
            (Some(ErrorCode::UseDpopNonce), ..) => {
                "; it takes none of the nonces that it gave: try again"
            }
            (_, _, 429 | 500..=599) => "; try again later",
            _ => "",
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_authorization {
            f.write_str("sent the browser back:")?;
        } else {
            write!(f, "answered {}", self.status.as_u16())?;
        }
        match (&self.error, &self.text) {
            (Some(code), _) => write!(f, " {}", printable(code))?,
            (None, Some(text)) => write!(f, ": {}", printable(text))?,
            (None, None) if self.fields.is_empty() => f.write_str(" without saying why")?,
            (None, None) => {}
        }
        if let Some(description) = &self.description {
            write!(f, ": {}", printable(description))?;
        }
        if !self.fields.is_empty() {
            let fields = shown_fields(&self.fields).to_string();
            write!(f, " {}", printable(&fields))?;
        }
        f.write_str(self.remedy())
    }
}

impl fmt::Debug for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse")
            .field("status", &self.status)
            .field("text", &self.explanation())
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
        ErrorResponse::from_fields(StatusCode::BAD_REQUEST, None, fields.into())
    }

    #[test]
    fn the_text_of_an_error_has_code_description_uri_and_the_rest() {
        let all = of(
            json!({"error": "invalid_request", "error_description": "d", "error_uri": "https://u", "other": 1}),
        );
        assert_eq!(
            all.explanation(),
            "invalid_request: d\nMore information can be found on https://u\nAdditional information: {\"other\":1}"
        );
        let bare = of(json!({"error": "invalid_scope"}));
        assert_eq!(
            bare.explanation(),
            "invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the \
             resource owner."
        );
        assert_eq!(
            of(json!({"error": "invalid_code"})).explanation(),
            "invalid_code"
        );
        let list = of(json!({"error": ["invalid_scope", "x"], "error_description": ["d1", "d2"]}));
        assert_eq!(list.explanation(), "invalid_scope: d1");
        assert_eq!(
            of(json!({"error": {"code": 1}})).error(),
            Some("{\"code\":1}")
        );
    }

    fn sent(secrets: &[&str]) -> Redactor {
        let mut sent = Redactor::new();
        for secret in secrets {
            sent.secret(&(*secret).into());
        }
        sent
    }

    #[test]
    fn an_error_that_repeats_a_secret_does_not_show_it() {
        let error = of(json!({
            "error": "invalid_grant", "error_description": "token planted-1 is used up",
            "hint": ["planted-1"], "refresh_token": "planted-2",
        }))
        .without(&sent(&["planted-1"]));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(shown.contains("token [redacted] is used up"), "{shown}");
    }

    #[test]
    fn a_body_for_people_is_kept_in_part_and_markup_is_not() {
        let text =
            ErrorResponse::from_text(StatusCode::BAD_GATEWAY, None, &"é".repeat(1000), false)
                .without(&sent(&[]));
        assert_eq!(text.text().map(str::len), Some(512));
        let html =
            ErrorResponse::from_text(StatusCode::BAD_GATEWAY, None, "<html>502</html>", true);
        assert_eq!(html.text(), None);
        assert!(html.to_string().contains("502 without saying why"));
    }

    #[test]
    fn a_secret_at_the_end_of_the_excerpt_is_not_shown_in_part() {
        let body = format!("{}planted-secret", "a".repeat(EXCERPT - 7));
        let text = ErrorResponse::from_text(StatusCode::BAD_GATEWAY, None, &body, false)
            .without(&sent(&["planted-secret"]));
        assert!(!text.to_string().contains("plant"), "{text}");
    }

    #[test]
    fn secrets_of_the_server_are_not_shown_however_deep_they_are() {
        let error = of(json!({
            "error": {"code": 190, "access_token": "planted"}, "data": [{"refresh_token": ["planted"]}], "code": "planted",
            "error_codes": [70011],
        }));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(shown.contains("190") && shown.contains("70011"), "{shown}");
    }

    #[test]
    fn what_a_server_says_cannot_drive_a_terminal() {
        let error = of(json!({"error": "e\u{1b}[2J", "error_description": "a\r\u{9b}b"}));
        assert_eq!(error.explanation(), "e [2J: a  b");
        assert_eq!(error.error(), Some("e\u{1b}[2J")); // verbatim
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let long = "é".repeat(100_000);
        let error =
            of(json!({"error": long, "error_description": long, "error_uri": long, "x": long}));
        let shown = error.explanation();
        assert!(shown.len() < 10_000, "{}", shown.len());
        assert!(shown.ends_with('…'), "{}", &shown[shown.len() - 9..]);
        assert_eq!(error.description(), Some(&*long));
    }
}
