//! `httpx_auth_aws4.json`: what httpx_auth's AWS4Auth signs, and whether botocore agrees.

use super::reference;
use crate::case::Why;
use crate::{
    case::{Case, Judged},
    formats::Format,
    record::{Read as _, Record as Vector, entries, same, text},
};
use http::{HeaderName, HeaderValue, Method, Request};
use serde::Deserialize;
use serde_json::{Map, Value};
use tower_auth_aws::{Credentials, NEVER_SIGNED, PayloadHash, Signer};
use tower_auth_core::AuthError;

pub(crate) struct HttpxAuthAws4;

impl Format for HttpxAuthAws4 {
    fn name(&self) -> &'static str {
        "httpx_auth_aws4"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.maybe("library") == Some("httpx_auth")
            && file.contains_key("botocore")
            && file
                .get("vectors")
                .is_some_and(|vectors| vectors[0].get("auth").is_some())
    }

    fn cases(&self, file: &Vector) -> Vec<Case> {
        let vectors = file.at("vectors").cloned().unwrap_or_default();
        let vectors = entries(file, "", &vectors).into_iter();
        vectors
            .map(|vector| Case::at_once(vector, |vector| judge(vector)))
            .collect()
    }
}

#[derive(Deserialize)]
struct Auth {
    access_id: String,
    secret_key: String,
    region: String,
    service: String,
    security_token: Option<String>,
    include_headers: Vec<String>,
}

#[derive(Deserialize)]
struct Wire {
    method: String,
    scheme: String,
    authority: String,
    target: String,
    headers: Vec<(String, Text)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Repeated { repeat: String, times: usize },
}

#[derive(Deserialize)]
struct Record {
    frozen_time: String,
    auth: Auth,
    wire: Wire,
    body: Value,
    expected: Map<String, Value>,
    signed_headers: String,
    canonical_request: Option<String>,
    botocore: Botocore,
}

#[derive(Deserialize)]
struct Botocore {
    agrees: bool,
    differs_in: Vec<String>,
}

fn judge(vector: &Value) -> Judged {
    let record: Record = vector.read("")?;
    let (credentials, signer) = scheme(&record.auth)?;
    compare(&record, &credentials, &signer)
}

fn scheme(auth: &Auth) -> Result<(Credentials, Signer), AuthError> {
    let mut credentials = Credentials::new(&auth.access_id, auth.secret_key.as_str())?;
    if let Some(token) = auth
        .security_token
        .as_deref()
        .filter(|token| !token.is_empty())
    {
        credentials = credentials.with_session_token(token)?;
    }
    let signer = Signer::new(&auth.service, &auth.region).and_then(|signer| {
        signer.include_headers(auth.include_headers.iter().map(String::as_str))
    })?;
    Ok((credentials, signer.payload_header(true)))
}

fn compare(record: &Record, credentials: &Credentials, signer: &Signer) -> Judged {
    let time = time(&record.frozen_time)?;
    let mut request = request(&record.wire)?;
    // A hash that the caller declared would be another body's.
    request.headers_mut().remove("x-amz-content-sha256");
    let payload = payload(&record.body)?;
    let signature = signer
        .sign(credentials, time, &mut request, payload)
        .map_err(text)?;
    for name in ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
        let ours = request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or(""));
        let recorded = record
            .expected
            .get(name)
            .and_then(Value::as_str)
            .filter(|value| !value.is_empty());
        same(name, ours.unwrap_or(""), recorded.unwrap_or(""))?;
    }
    let authorization = request
        .headers_mut()
        .remove("authorization")
        .ok_or("is not signed")?;
    let authorization = authorization.to_str().map_err(text)?.to_owned();
    let recorded = record.expected.maybe("authorization");
    let recorded = recorded.ok_or("records no authorization")?;
    let before = |text: &str| text.split("Signature=").next().unwrap_or("").to_owned();
    let credential = |text: &str| text.split("SignedHeaders=").next().unwrap_or("").to_owned();
    let named = |name: &str| {
        record
            .auth
            .include_headers
            .iter()
            .any(|named| named.trim() == name)
    };
    // We sign every `x-amz-*`; `*` is all, as httpx_auth documents it, and its code does not do it; `authorization` cannot
    // be verified when it has been replaced.
    let other_headers = named("*")
        || record
            .auth
            .include_headers
            .iter()
            .any(|name| name.eq_ignore_ascii_case("authorization"))
        || request.headers().contains_key("x-amz-client-context");
    if record.botocore.agrees && !other_headers {
        return same("authorization", &authorization, recorded);
    }

    // Elsewhere ours has to be what servers recompute, and all the rest as recorded.
    let signed: Vec<&str> = record.signed_headers.split(';').collect();
    let signs = |name: &str| {
        name != "authorization"
            && (signed.contains(&name)
                || name.starts_with("x-amz-")
                || (named("*") && !NEVER_SIGNED.contains(&name)))
    };
    let s3 = record.auth.service.eq_ignore_ascii_case("s3");
    let parts = reference::parts(&request, s3, signs);
    let canonical = signer.canonical_request((&request).into(), payload);
    let lines: Vec<&[u8]> = canonical.split(|&byte| byte == b'\n').collect();
    let line = |at: usize| String::from_utf8_lossy(lines[at]).into_owned();
    same("path", &line(1), &parts.path)?;
    same("query", &line(2), &parts.query)?;
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(n, v)| format!("{n}:{v}"))
        .collect();
    let ours: Vec<_> = lines[3..lines.len() - 3]
        .iter()
        .map(|line| reference::text(line))
        .collect();
    same("headers", &ours.join("\n"), &headers.join("\n"))?;
    let names: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    same("signed headers", &line(lines.len() - 2), &names.join(";"))?;
    if !other_headers {
        same("signed headers", &names.join(";"), &record.signed_headers)?;
        same("authorization", &before(&authorization), &before(recorded))?;
    }
    same(
        "authorization",
        &credential(&authorization),
        &credential(recorded),
    )?;
    same("payload", line(lines.len() - 1), payload.as_str())?;
    if let Some(theirs) = &record.canonical_request {
        let theirs: Vec<&str> = theirs.split('\n').collect();
        for (at, part) in [(0, "method"), (1, "uri"), (2, "query")] {
            if !record
                .botocore
                .differs_in
                .iter()
                .any(|differs| differs == part)
            {
                same(part, line(at), theirs[at])?;
            }
        }
    }
    let string_to_sign = signer.string_to_sign(time, &canonical);
    let again = signer
        .signature(credentials, time, &string_to_sign)
        .map_err(text)?;
    same("signature", signature.as_str(), &again)
}

impl Text {
    fn text(&self) -> String {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Repeated { repeat, times } => repeat.repeat(*times),
        }
    }
}

/// The request, as it was sent; headers are latin-1.
fn request(wire: &Wire) -> Result<Request<()>, Why> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(wire.method.as_bytes()).map_err(text)?;
    let url = format!("{}://{}{}", wire.scheme, wire.authority, wire.target);
    *request.uri_mut() = url.parse().map_err(text)?;
    let is_none = || AuthError::configuration("header", "is none that http can hold");
    for (name, value) in &wire.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| is_none())?;
        let value = value.text();
        let bytes = value.chars().map(|c| u8::try_from(u32::from(c)));
        let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().map_err(text)?;
        let value = HeaderValue::from_bytes(&bytes).map_err(|_| is_none())?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

fn payload(body: &Value) -> Result<PayloadHash, Why> {
    if let Some(hex) = body["hex"].as_str() {
        return Ok(PayloadHash::of(&super::hex(hex)?));
    }
    match body["sha256"].as_str() {
        Some(hash) => PayloadHash::parse(hash.as_bytes()).map_err(text),
        None => Err("records no body".into()),
    }
}

/// `2018-10-11T15:05:05.663979+00:00`
fn time(at: &str) -> Result<std::time::SystemTime, Why> {
    let digits: String = at.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let seconds = digits.get(..15).ok_or("is no time")?;
    let (_, zone) = at.split_at(at.len().saturating_sub(6));
    let shift: i64 = match zone.split_once(':') {
        Some((hours, minutes)) if hours.starts_with(['+', '-']) => {
            let number = |digits: &str| digits.parse::<i64>().map_err(text);
            let sign = if hours.starts_with('-') { -1 } else { 1 };
            (number(hours)?.abs() * 3600 + number(minutes)? * 60) * sign
        }
        _ => 0,
    };
    let time = super::time(&format!("{seconds}Z"))?;
    let shifted = if shift >= 0 {
        time.checked_sub(std::time::Duration::from_secs(shift.unsigned_abs()))
    } else {
        time.checked_add(std::time::Duration::from_secs(shift.unsigned_abs()))
    };
    shifted.ok_or_else(|| "is out of range".into())
}
