//! `httpx_auth_token_responses`: what becomes of the answers of a token endpoint.

use super::{each, has, server::answering};
use crate::{
    case::{Case, Verdict},
    formats::Format,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};
use std::{
    error::Error as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::{ErrorResponse, OAuth2, TokenError, TokenErrorKind};
use tower_auth_token::store::{MemoryStore, Store as _};

pub(crate) struct TokenResponses;

const NAME: &str = "httpx_auth_token_responses";
/// How httpx_auth says that there is no token.
const LACKS: &str = "access_token not provided within ";
/// `2024-01-01T00:00:00+00:00`, to which all records are frozen.
const FROZEN: (&str, u64) = ("2024-01-01T00:00:00+00:00", 1_704_067_200);

impl Format for TokenResponses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, "outcome") && has(file, "response")
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let frozen = file.get("frozen_time").and_then(Value::as_str) == Some(FROZEN.0);
        each(NAME, file, |id, vector| {
            if !frozen {
                return Case::unknown(id, "is frozen to a time that is not known");
            }
            Case::new(id, async move { Verdict::from(judge(&vector).await) })
        })
    }
}

/// What we made of an answer.
struct Ours {
    result: Result<String, tower_auth_core::AuthError>,
    expires_at: Option<u64>,
    refresh: Option<String>,
}

async fn judge(vector: &Value) -> Result<(), String> {
    let response = response(vector)?;
    let outcome = vector.get("outcome").ok_or("has no outcome")?;
    let ours = run(response.clone()).await?;
    match outcome.get("raises").and_then(Value::as_str) {
        None => accepted(&response, outcome, &ours),
        Some(raises) => refused(&response, raises, outcome, &ours),
    }
}

fn response(vector: &Value) -> Result<Response<Bytes>, String> {
    let status = vector
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|s| u16::try_from(s).ok());
    let status = status
        .and_then(|s| StatusCode::from_u16(s).ok())
        .ok_or("has no status")?;
    let answer = vector
        .get("response")
        .and_then(Value::as_object)
        .ok_or("has no response")?;
    let mut body = None;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    for (name, value) in answer {
        match (&**name, value) {
            ("json", value) => body = Some(value.to_string().into_bytes()),
            ("text", Value::String(text)) => body = Some(text.clone().into_bytes()),
            // Bytes, written as latin-1 where they are, as UTF-8 where they are not.
            ("content", Value::String(text)) => {
                let bytes: Option<Vec<u8>> = text
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).ok())
                    .collect();
                body = Some(bytes.unwrap_or_else(|| text.clone().into_bytes()));
            }
            ("headers", Value::Object(headers)) => {
                for (name, value) in headers {
                    let name: http::HeaderName = name.parse().map_err(|_| "has an odd header")?;
                    let value = value.as_str().and_then(|value| value.parse().ok());
                    response
                        .headers_mut()
                        .insert(name, value.ok_or("has an odd header")?);
                }
            }
            (name, _) => return Err(format!("nothing judges `{name}` of a response")),
        }
    }
    *response.body_mut() = body.ok_or("has no body")?.into();
    Ok(response)
}

async fn run(response: Response<Bytes>) -> Result<Ours, String> {
    let (http, _) = answering(move |_| response.clone());
    let store = MemoryStore::new();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(FROZEN.1));
    let auth = OAuth2::client_credentials("https://provide_access_token", "id", "secret")
        .http_client(http)
        .clock(Clock::new(clock))
        .store(store.clone())
        .store_key("k")
        .build()
        .map_err(|error| error.to_string())?;
    let result = auth.token().await.map(|token| token.expose().to_owned());
    let stored = store.load("k").await.map_err(|error| error.to_string())?;
    let seconds = |at: SystemTime| {
        at.duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    };
    Ok(Ours {
        result,
        expires_at: stored
            .as_ref()
            .and_then(|stored| stored.expires_at())
            .map(seconds),
        refresh: stored
            .as_ref()
            .and_then(|stored| stored.refresh())
            .map(|token| token.expose().to_owned()),
    })
}

/// The token that is in a body, whoever reads it, and how it is in a form before it is decoded.
struct Present {
    token: String,
    raw: String,
    expires_in: Option<Value>,
}

fn has_no_number(present: &Present) -> bool {
    matches!(present.expires_in, Some(Value::Bool(_)))
}

fn present(response: &Response<Bytes>) -> Option<Present> {
    let body = response.body();
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        let token = match json.get("access_token")? {
            Value::String(token) if !token.is_empty() => token.clone(),
            Value::Number(token) => token.to_string(),
            _ => return None,
        };
        let expires_in = json.get("expires_in").cloned();
        return Some(Present {
            raw: token.clone(),
            token,
            expires_in,
        });
    }
    let text = std::str::from_utf8(body).ok()?;
    let raw = text
        .split('&')
        .find_map(|pair| pair.strip_prefix("access_token="))?;
    let find = |name: &str| {
        let mut pairs = form_urlencoded::parse(body);
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    Some(Present {
        token: find("access_token").filter(|token| !token.is_empty())?,
        raw: raw.to_owned(),
        expires_in: find("expires_in").map(Value::from),
    })
}

/// httpx_auth sends this token; so do we, until the same time.
fn accepted(response: &Response<Bytes>, outcome: &Value, ours: &Ours) -> Result<(), String> {
    let recorded = outcome.get("authorization").and_then(Value::as_str);
    let recorded = recorded
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or("records no token")?;
    let token = ours
        .result
        .as_ref()
        .map_err(|error| format!("no token: {error}"))?;
    if token != recorded {
        // It does not decode what is in a form (RFC 6749 appendix B), so its token is the one before that.
        let present =
            present(response).filter(|present| present.raw == recorded && present.token == *token);
        present.ok_or_else(|| format!("ours {token:?}, recorded {recorded:?}"))?;
    }
    // To Python, `true` is one second; to us it is no lifetime.
    if let Some(present) = present(response).filter(has_no_number) {
        return sends(&present, ours);
    }
    let expiry = outcome
        .get("cached_expiry_unix")
        .and_then(Value::as_f64)
        .ok_or("records no expiry")?;
    let at = ours.expires_at.map(|at| at as f64);
    // In the past is in the past: a negative lifetime is none.
    if at != Some(expiry) && !(expiry < FROZEN.1 as f64 && at == Some(FROZEN.1 as f64)) {
        return Err(format!("expires at {at:?}, recorded {expiry}"));
    }
    match outcome.get("cached_refresh_token") {
        Some(Value::Null) if ours.refresh.is_none() => Ok(()),
        other => Err(format!(
            "keeps refresh token {:?}, recorded {other:?}",
            ours.refresh
        )),
    }
}

/// httpx_auth raises. Where the answer has a token all the same, we send it; else ours is an error too, and where the
/// server gave reasons, it gives the same.
fn refused(
    response: &Response<Bytes>,
    raises: &str,
    outcome: &Value,
    ours: &Ours,
) -> Result<(), String> {
    let class = raises.rsplit('.').next().unwrap_or_default();
    let message = outcome
        .get("message")
        .and_then(Value::as_str)
        .ok_or("records no message")?;
    let known = outcome
        .get("is_httpx_auth_exception")
        .and_then(Value::as_bool)
        .ok_or("records no kind")?;
    let crashes = [
        "AttributeError",
        "JSONDecodeError",
        "OverflowError",
        "TypeError",
        "ValueError",
    ];
    let odd = match raises.strip_suffix(class) {
        Some("httpx_auth._errors.") => !known,
        Some("builtins." | "json.decoder.") => known || !crashes.contains(&class),
        _ => true,
    };
    let begins = match class {
        "TokenExpiryNotProvided" => "Expiry (exp) is not provided in ",
        "GrantNotProvided" => LACKS,
        _ => "",
    };
    if odd || !message.starts_with(begins) {
        return Err(format!("nothing judges {raises} with {message:?}"));
    }
    let found = present(response).filter(|_| response.status().is_success());
    match (class, found) {
        ("InvalidGrantRequest", None) => same_words(response, message, &ours.result),
        ("GrantNotProvided", None) => lacks_token(response, &ours.result),
        // Its own exceptions where it finds no lifetime, no form of this type, or no such character.
        ("TokenExpiryNotProvided" | "GrantNotProvided", Some(present)) => sends(&present, ours),
        (_, Some(present)) if !known => sends(&present, ours),
        // It breaks; an error of ours says what is wrong.
        (_, None) if !known => match &ours.result {
            Err(error) if error.source().is_some_and(|cause| cause.is::<TokenError>()) => Ok(()),
            Err(error) => Err(format!("an error without a cause: {error}")),
            Ok(token) => Err(format!("sends {token:?}, where there is no token")),
        },
        _ => Err(format!("nothing judges {raises} here")),
    }
}

/// The token that is there, for as long as the server says: 100 years at most, without end when it does not say.
fn sends(present: &Present, ours: &Ours) -> Result<(), String> {
    let token = ours
        .result
        .as_ref()
        .map_err(|error| format!("no token: {error}"))?;
    if *token != present.token {
        return Err(format!("ours {token:?}, sent {:?}", present.token));
    }
    let seconds = match &present.expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let most = 100.0 * 365.0 * 86_400.0;
    let expected = match seconds.filter(|seconds| !seconds.is_nan()) {
        Some(seconds) => Some(FROZEN.1 + seconds.clamp(0.0, most) as u64),
        None => exp_of(token),
    };
    if ours.expires_at == expected {
        Ok(())
    } else {
        Err(format!(
            "expires at {:?} instead of {expected:?}",
            ours.expires_at
        ))
    }
}

fn exp_of(token: &str) -> Option<u64> {
    let payload = token.split('.').nth(1)?;
    let claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.get("exp")?.as_u64().filter(|exp| *exp > 0)
}

fn answered(result: &Result<String, tower_auth_core::AuthError>) -> Result<&TokenError, String> {
    match result {
        Ok(token) => Err(format!("sends {token:?}")),
        Err(error) => error
            .source()
            .and_then(|cause| cause.downcast_ref())
            .ok_or_else(|| format!("an error without a cause: {error}")),
    }
}

fn lacks_token(
    response: &Response<Bytes>,
    result: &Result<String, tower_auth_core::AuthError>,
) -> Result<(), String> {
    let error = answered(result)?;
    match error.kind() {
        TokenErrorKind::Malformed => Ok(()),
        TokenErrorKind::Response if response.status().is_success() => Ok(()),
        TokenErrorKind::Redirected if response.status().is_redirection() => Ok(()),
        _ => Err(format!("another error: {error}")),
    }
}

/// The lines of the message are ours; what else the server sent is JSON here and Python there.
fn same_words(
    response: &Response<Bytes>,
    message: &str,
    result: &Result<String, tower_auth_core::AuthError>,
) -> Result<(), String> {
    const MORE: &str = "\nAdditional information: ";
    let error = answered(result)?.response();
    let error: &ErrorResponse = error.ok_or("not the server's own words")?;
    if error.status() != response.status() {
        return Err(format!(
            "status {} instead of {}",
            error.status(),
            response.status()
        ));
    }
    let sent = serde_json::from_slice(response.body());
    if let Ok(Value::Object(sent)) = sent {
        let standard = ["error", "error_description", "error_uri"];
        let mut rest = sent.clone();
        rest.retain(|name, _| !standard.contains(&&**name) || sent.get("error").is_none());
        let (words, more) = match message.split_once(MORE) {
            Some((words, more)) => (words, Some(more)),
            None => (message, None),
        };
        if sent.get("error").is_none_or(Value::is_null) {
            rest.retain(|name, _| !standard.contains(&&**name));
            return python_has(message, &sent).and_then(|()| {
                (error.fields() == &rest)
                    .then_some(())
                    .ok_or_else(|| "lost a field".to_owned())
            });
        }
        let ours = error.explanation();
        let ours_words = ours.split(MORE).next().unwrap_or_default();
        // Without words of RFC 6749 section 5.2 for it, Python prints `None`; we may have those of another RFC.
        let code = words.strip_suffix(": None");
        let code = code.filter(|_| sent.get("error_description").is_none_or(Value::is_null));
        let same = match code {
            Some(code) => error.error() == Some(code) && ours_words.starts_with(code),
            None => ours_words == words,
        };
        if !same {
            return Err(format!("ours {ours_words:?}, recorded {words:?}"));
        }
        return match (more, rest.is_empty()) {
            (None, true) => Ok(()),
            (Some(more), false) if error.fields() == &rest => python_has(more, &rest),
            _ => Err(format!("fields {:?}, recorded {more:?}", error.fields())),
        };
    }
    let text = String::from_utf8_lossy(response.body());
    if message != text {
        return Err("the recorded message is not the body".to_owned());
    }
    // A form is read as one, whatever its type; markup is shown to nobody.
    let mut form = form_urlencoded::parse(response.body());
    if let Some((_, code)) = form.find(|(name, _)| name == "error") {
        let same = error.error() == Some(&*code);
        return same
            .then_some(())
            .ok_or_else(|| format!("another code than {code}"));
    }
    let kind = response.headers().get(http::header::CONTENT_TYPE);
    let html = kind.is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("html")));
    let shown = !html && !text.trim().is_empty() && !text.trim_start().starts_with('<');
    match error.text() {
        Some(ours) if shown && text.trim().starts_with(ours) => Ok(()),
        None if !shown => Ok(()),
        other => Err(format!("ours {other:?}, recorded {message:?}")),
    }
}

/// A printed Python dictionary has these names and texts.
fn python_has(printed: &str, fields: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in fields {
        let text = value.as_str().map_or_else(String::new, ToOwned::to_owned);
        if !printed.contains(&format!("'{name}'")) || !printed.contains(&text) {
            return Err(format!("the record {printed:?} lacks {name}"));
        }
    }
    Ok(())
}
