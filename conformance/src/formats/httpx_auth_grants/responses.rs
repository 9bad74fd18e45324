//! `httpx_auth_token_responses`: what becomes of the answers of a token endpoint.

use super::{each, has};
use crate::{
    case::{Case, Judged, Why},
    formats::Format,
    python::{is_false, repr},
    record::{Read as _, Record, same, text},
    server::answering,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tower_auth_core::{AuthError, Clock, clock::ManualClock};
use tower_auth_oauth2::{ErrorResponse, OAuth2, TokenError, TokenErrorKind};
use tower_auth_token::store::{MemoryStore, Store as _};

pub(crate) struct TokenResponses;

/// `2024-01-01T00:00:00+00:00`, to which all records are frozen.
pub(crate) const FROZEN: (&str, u64) = ("2024-01-01T00:00:00+00:00", 1_704_067_200);
/// The lines of a message, and what it says beside.
pub(crate) const MORE: &str = "\nAdditional information: ";
const URI: &str = "\nMore information can be found on ";

impl Format for TokenResponses {
    fn name(&self) -> &'static str {
        "httpx_auth_token_responses"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["outcome", "response"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, judge)
    }
}

/// What we made of an answer.
struct Ours {
    result: Result<String, AuthError>,
    expires_at: Option<u64>,
    refresh: Option<String>,
}

async fn judge(record: Record) -> Judged {
    same("time", record.file.text("frozen_time")?, FROZEN.0)?;
    let answer = answer(&record)?;
    let outcome = record.at("outcome").ok_or("has no outcome")?;
    let ours = run(answer.clone()).await?;
    if let Some(kind) = record.maybe("ours/error") {
        // What an exception says.
        let error = error_of(&ours.result)?;
        return same("error", &*format!("{:?}", error.kind()), kind);
    }
    match outcome.maybe("raises") {
        None => Ok(accepted(&answer, &record, &ours)?),
        Some(raises) => refused(&answer, raises, outcome, &ours),
    }
}

/// The answer that was recorded.
pub(crate) fn answer(record: &Value) -> Result<Response<Bytes>, Why> {
    let status = u16::try_from(record.number("status")?).map_err(text)?;
    let mut body = None;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).map_err(text)?;
    let mut kind = None;
    for (name, value) in record.object("response")? {
        match (&**name, value) {
            ("json", value) => body = Some(value.to_string().into_bytes()),
            ("text", Value::String(text)) => body = Some(text.clone().into_bytes()),
            ("html", Value::String(text)) => {
                body = Some(text.clone().into_bytes());
                kind = Some(http::HeaderValue::from_static("text/html; charset=utf-8"));
            }
            // Bytes, written as latin-1 where they are, as UTF-8 where they are not.
            ("content", Value::String(text)) => {
                let bytes: Result<Vec<u8>, _> =
                    text.chars().map(|c| u8::try_from(u32::from(c))).collect();
                body = Some(bytes.unwrap_or_else(|_| text.clone().into_bytes()));
            }
            ("headers", Value::Object(headers)) => {
                for (name, value) in headers {
                    let name: http::HeaderName = name.parse().map_err(text)?;
                    let value = value.as_str().and_then(|value| value.parse().ok());
                    let headers = response.headers_mut();
                    headers.insert(name, value.ok_or("has an odd header")?);
                }
            }
            (name, _) => return Err(format!("nothing judges `{name}` of a response").into()),
        }
    }
    if let Some(kind) = kind {
        response.headers_mut().entry(CONTENT_TYPE).or_insert(kind);
    }
    *response.body_mut() = body.ok_or("has no body")?.into();
    Ok(response)
}

async fn run(response: Response<Bytes>) -> Result<Ours, Why> {
    let (http, _) = answering(move |_| response.clone());
    let store = MemoryStore::new();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(FROZEN.1));
    let auth = OAuth2::client_credentials("https://provide_access_token", "id", "secret")
        .http_client(http)
        .clock(Clock::new(clock))
        .store(store.clone())
        .store_key("k")
        .build()?;
    let result = auth.token().await.map(|token| token.expose().to_owned());
    let stored = store.load("k").await.map_err(text)?;
    let stored = stored.as_ref();
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    Ok(Ours {
        result,
        expires_at: stored.and_then(|it| it.expires_at()).map(seconds),
        refresh: stored.and_then(|it| it.refresh().map(|token| token.expose().to_owned())),
    })
}

/// The token that is in a body, whoever reads it.
pub(crate) struct Present {
    pub(crate) token: String,
    /// How it is in a form before it is decoded.
    raw: String,
    pub(crate) expires_in: Option<Value>,
    pub(crate) token_type: Option<String>,
    /// A form that says it more than once.
    pub(crate) repeated: bool,
}

/// JSON as it is read: UTF-8, with a byte order mark or without.
pub(crate) fn json_of(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).ok()
}

pub(crate) fn present(response: &Response<Bytes>) -> Option<Present> {
    let body = response.body();
    if let Some(json) = json_of(body) {
        let token = match json.get("access_token")? {
            Value::String(token) if !token.is_empty() => token.clone(),
            Value::Number(token) => token.to_string(),
            _ => return None,
        };
        return Some(Present {
            raw: token.clone(),
            token,
            expires_in: json.get("expires_in").cloned(),
            token_type: json.maybe("token_type").map(str::to_owned),
            repeated: false,
        });
    }
    let text = std::str::from_utf8(body).ok()?;
    let mut raw = text
        .split('&')
        .filter_map(|pair| pair.strip_prefix("access_token="));
    let find = |name: &str| {
        let mut pairs = form_urlencoded::parse(body);
        let found = pairs.find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned())
    };
    Some(Present {
        token: find("access_token").filter(|token| !token.is_empty())?,
        raw: raw.next()?.to_owned(),
        expires_in: find("expires_in").map(Value::from),
        token_type: find("token_type"),
        repeated: raw.next().is_some(),
    })
}

/// httpx_auth sends this token; so do we, until the same time.
fn accepted(answer: &Response<Bytes>, record: &Record, ours: &Ours) -> Judged {
    let recorded = record.text("outcome/authorization")?;
    let recorded = recorded.strip_prefix("Bearer ").ok_or("is no bearer")?;
    let token = match &ours.result {
        Ok(token) => token,
        Err(error) => return Err(format!("no token: {error}").into()),
    };
    if token != recorded {
        // It does not decode what is in a form (RFC 6749 appendix B), so its token is the one before that.
        let present = present(answer).filter(|it| it.raw == recorded && it.token == *token);
        present.ok_or_else(|| format!("ours {token:?}, recorded {recorded:?}"))?;
    }
    let expiry = match record.at("ours") {
        Some(ours) => ours.at("expires").and_then(Value::as_f64),
        None => {
            let expiry = record.at("outcome/cached_expiry_unix");
            Some(expiry.and_then(Value::as_f64).ok_or("records no expiry")?)
        }
    };
    // In whole seconds. In the past is in the past: a negative lifetime is none.
    let expiry = expiry.map(|at| at.max(FROZEN.1 as f64) as u64);
    same("expires at", ours.expires_at, expiry)?;
    let refresh = record
        .at("outcome/cached_refresh_token")
        .ok_or("records no refresh token")?;
    same("refresh token", ours.refresh.as_deref(), refresh.as_str())
}

/// httpx_auth raises. Where the answer has a token all the same, we send it; else ours is an error too, and where the
/// server gave reasons, it gives the same.
fn refused(answer: &Response<Bytes>, raises: &str, outcome: &Value, ours: &Ours) -> Judged {
    let class = raises.rsplit('.').next().unwrap_or_default();
    let message = outcome.text("message")?;
    let known = outcome
        .at("is_httpx_auth_exception")
        .and_then(Value::as_bool);
    let known = known.ok_or("records no kind")?;
    same("kind", known, raises.starts_with("httpx_auth._errors."))?;
    let found = present(answer).filter(|_| answer.status().is_success());
    let found = found.map(|present| sends(&present, ours));
    match (class, found) {
        ("TokenExpiryNotProvided", Some(sent))
            if message.starts_with("Expiry (exp) is not provided in ") =>
        {
            sent
        }
        ("GrantNotProvided", found) if message.starts_with("access_token not provided within ") => {
            found.unwrap_or_else(|| lacks_token(answer, &ours.result))
        }
        ("InvalidGrantRequest", None) => same_words(answer, message, &ours.result),
        // Its own exceptions apart, it breaks: on what we read, or else ours says what is wrong.
        (_, Some(sent)) if !known => sent,
        (_, None) if !known => error_of(&ours.result).map(drop),
        _ => Err(format!("nothing judges {raises} with {message:?}").into()),
    }
}

/// The token that is there, for as long as the server says: 100 years at most, without end when it does not say.
fn sends(present: &Present, ours: &Ours) -> Judged {
    let token = match &ours.result {
        Ok(token) => token,
        Err(error) => return Err(format!("no token: {error}").into()),
    };
    same("token", token, &present.token)?;
    let end = expires_at(token, present.expires_in.as_ref(), FROZEN.1 as f64);
    same("expires at", ours.expires_at, end.map(|end| end as u64))
}

/// When a token is no good any more, by its answer and by itself; in seconds.
pub(crate) fn expires_at(token: &str, expires_in: Option<&Value>, now: f64) -> Option<f64> {
    const MOST: f64 = 100.0 * 365.0 * 86_400.0;
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let seconds = seconds
        .filter(|seconds: &f64| !seconds.is_nan())
        .or_else(|| Some(exp_of(token)? - now))?;
    Some(now + seconds.clamp(0.0, MOST).floor())
}

/// What a JSON Web Token says, where it says something.
pub(crate) fn exp_of(token: &str) -> Option<f64> {
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("exp")?.as_f64().filter(|exp| *exp != 0.0)
}

fn error_of(result: &Result<String, AuthError>) -> Result<&TokenError, Why> {
    match result {
        Ok(token) => Err(format!("sends {token:?}").into()),
        Err(error) => {
            TokenError::of(error).ok_or_else(|| format!("an error without a cause: {error}").into())
        }
    }
}

fn lacks_token(response: &Response<Bytes>, result: &Result<String, AuthError>) -> Judged {
    let error = error_of(result)?;
    match error.kind() {
        TokenErrorKind::Malformed => Ok(()),
        TokenErrorKind::Response if response.status().is_success() => Ok(()),
        TokenErrorKind::Redirected if response.status().is_redirection() => Ok(()),
        _ => Err(format!("another error: {error}").into()),
    }
}

/// The words of the server: the same lines; all else that it sent, which is JSON here and Python there.
fn same_words(
    response: &Response<Bytes>,
    message: &str,
    result: &Result<String, AuthError>,
) -> Judged {
    let error = error_of(result)?.response();
    let error = error.ok_or("not the server's own words")?;
    same("status", error.status(), response.status())?;
    match json_of(response.body()) {
        Some(Value::Object(sent)) => same_fields(&sent, message, error),
        json => same_text(response, json.as_ref(), error),
    }
}

fn same_fields(sent: &Map<String, Value>, message: &str, error: &ErrorResponse) -> Judged {
    let standard = ["error", "error_description", "error_uri"];
    let mut rest = sent.clone();
    rest.retain(|name, _| !standard.contains(&&**name));
    same("fields", shown(error.fields()), shown(&rest))?;
    if !sent.contains_key("error") {
        // Nothing but what was sent.
        return python_has(message, sent);
    }
    let (words, more) = match message.split_once(MORE) {
        Some((words, more)) => (words, Some(more)),
        None => (message, None),
    };
    match more {
        Some(more) if !rest.is_empty() => python_has(more, &rest)?,
        None if rest.is_empty() => {}
        _ => return Err(format!("fields {:?}, recorded {more:?}", error.fields()).into()),
    }
    let ours = error.explanation();
    let ours = ours.split(MORE).next().unwrap_or_default();
    let of_another_rfc = || {
        let described = error.code().is_some() && !sent.contains_key("error_description");
        let (code, uri) = words.split_once(URI).unwrap_or((words, ""));
        described && ours.starts_with(&format!("{code}: ")) && ours.ends_with(uri)
    };
    // Of a code that RFC 6749 has no words for, we may have those of its own RFC.
    if ours != words && (words.contains(": ") || !of_another_rfc()) {
        same("words", ours, words)?;
    }
    Ok(())
}

/// Fields without the values of those that may be secrets, which are taken out.
fn shown(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = fields.clone();
    for (name, value) in &mut fields {
        if name.contains("token") {
            *value = Value::Null;
        }
    }
    fields
}

/// A body that is no object: a form is read as one, whatever its type, and markup is shown to nobody.
fn same_text(response: &Response<Bytes>, json: Option<&Value>, error: &ErrorResponse) -> Judged {
    let body = response.body();
    let text = String::from_utf8_lossy(body);
    let kind = response.headers().get(CONTENT_TYPE);
    let html = kind.is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("html")));
    let is_form = json.is_none()
        && text.split('&').next().is_some_and(|it| it.contains('='))
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>{\"".contains(&b));
    if is_form {
        let find = |name: &str| {
            let mut form = form_urlencoded::parse(body);
            form.find(|(known, _)| known == name)
                .map(|(_, value)| value)
        };
        same("code", error.error(), find("error").as_deref())?;
        return same("text", error.text(), None);
    }
    let shown = !html && !text.trim().is_empty() && !text.trim_start().starts_with('<');
    match error.text() {
        Some(ours) if shown && text.trim().starts_with(ours) && !ours.is_empty() => Ok(()),
        None if !shown => Ok(()),
        ours => Err(format!("ours {ours:?}, sent {text:?}").into()),
    }
}

/// A printed Python dictionary has these names and values.
fn python_has(printed: &str, fields: &Map<String, Value>) -> Judged {
    for (name, value) in fields {
        let one = repr(&Value::Object(Map::from_iter([(
            name.clone(),
            value.clone(),
        )])));
        let inner = &one[1..one.len() - 1];
        if !printed.contains(inner) {
            return Err(format!("the record {printed:?} lacks {inner}").into());
        }
    }
    Ok(())
}

/// The message of an error as we word it: texts as they are, in one line and bounded; other values as JSON; nothing about
/// what is not there, or is empty.
pub(crate) fn as_we_say(record: &mut Value) {
    let Some(Value::Object(sent)) = answer(record).ok().and_then(|it| json_of(it.body())) else {
        return;
    };
    let said = |name: &str| {
        let value = match sent.get(name)? {
            Value::Array(values) => values.first()?,
            value => value,
        };
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!text.is_empty()).then(|| one_line(&text))
    };
    let recorded = record.maybe("outcome/message").unwrap_or_default();
    let (recorded, more) = match recorded.split_once(MORE) {
        Some((words, more)) => (words, Some(more)),
        None => (recorded, None),
    };
    let status = record.number("status").unwrap_or_default();
    let code = said("error");
    let mut message = code.clone().unwrap_or_else(|| format!("status {status}"));
    let of_rfc = recorded
        .split(URI)
        .next()
        .and_then(|words| words.split_once(": "))
        .map(|(_, words)| words)
        .filter(|words| *words != "None" && sent.get("error_description").is_none_or(is_false));
    // Without a code there is nothing that the RFC could describe.
    let of_rfc = of_rfc.filter(|_| code.is_some()).map(str::to_owned);
    if let Some(description) = said("error_description").or(of_rfc) {
        message.push_str(&format!(": {description}"));
    }
    if let Some(uri) = said("error_uri") {
        message.push_str(&format!("{URI}{uri}"));
    }
    if let Some(more) = more {
        message.push_str(&format!("{MORE}{more}"));
    }
    record["outcome"]["message"] = message.into();
}

fn one_line(text: &str) -> String {
    const MOST: usize = 300;
    let mut characters = text.trim().chars();
    let shown = characters.by_ref().take(MOST);
    let mut line: String = shown
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}
