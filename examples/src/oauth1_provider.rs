//! An OAuth 1.0a provider that checks every signature, with a verifier of its own: it shares no code with the signer.

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Method, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha1::Sha1;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// The client that the provider knows.
pub const CLIENT: &str = "printer";
/// Its secret.
pub const SECRET: &str = "a secret & more";

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How far the clocks of client and server may be apart, in seconds.
const LATE: u64 = 300;

/// A provider: `POST /initiate`, `GET /authorize`, `POST /token`; everything else wants a token.
#[derive(Clone, Debug, Default)]
pub struct Provider(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    issued: usize,
    nonces: HashSet<(String, String)>,
    temporary: HashMap<String, Temporary>,
    tokens: HashMap<String, String>,
    saw: String,
}

#[derive(Clone, Debug)]
struct Temporary {
    secret: String,
    callback: String,
    verifier: Option<String>,
}

/// A request as it arrived.
struct Arrived {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

type Params = HashMap<String, String>;

impl Provider {
    /// Its routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/initiate", post(initiate))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .fallback(any(resource))
            .with_state(self.clone())
    }

    /// What it saw of the last request.
    pub fn saw(&self) -> String {
        self.with(|inner| inner.saw.clone())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down what was seen, and answers.
    fn answer(&self, answer: Result<(String, String), &str>) -> Response {
        let (status, saw, body) = match answer {
            Ok((saw, body)) => (StatusCode::OK, saw, body),
            Err(why) => (StatusCode::UNAUTHORIZED, why.to_owned(), why.to_owned()),
        };
        self.with(|inner| inner.saw = saw);
        (status, body).into_response()
    }
}

impl Inner {
    /// A name that nobody else has, with characters that have to be escaped.
    fn issue(&mut self, what: &str) -> String {
        self.issued += 1;
        format!("{what}/{}+=", self.issued)
    }

    /// The protocol parameters, when the signature is right and the request is new.
    fn check(
        &mut self,
        request: &Arrived,
        secret_of: impl Fn(&Self, &str) -> Option<String>,
    ) -> Result<Params, &'static str> {
        let mut all = pairs(request.uri.query().unwrap_or(""));
        let media_type = request.headers.get("content-type");
        if media_type.is_some_and(|value| value == "application/x-www-form-urlencoded") {
            all.extend(pairs(&String::from_utf8_lossy(&request.body)));
        }
        all.extend(from_header(&request.headers)?);
        let params: Params = all.iter().cloned().collect();
        let get = |name: &str| params.get(name).map(String::as_str).ok_or("no signature");
        let signature = get("oauth_signature")?;
        if get("oauth_consumer_key")? != CLIENT || get("oauth_signature_method")? != "HMAC-SHA1" {
            return Err("an unknown client or method");
        }
        let token_secret = match params.get("oauth_token") {
            None => String::new(),
            Some(token) => secret_of(self, token).ok_or("an unknown token")?,
        };
        all.retain(|(name, _)| name != "oauth_signature");
        if sign(request, &all, &token_secret).as_deref() != Some(signature) {
            return Err("a signature that is wrong");
        }
        let seconds: u64 = get("oauth_timestamp")?.parse().map_err(|_| "no time")?;
        if now().abs_diff(seconds) > LATE {
            return Err("a time that is long past");
        }
        let nonce = (
            get("oauth_timestamp")?.to_owned(),
            get("oauth_nonce")?.to_owned(),
        );
        if !self.nonces.insert(nonce) {
            return Err("a nonce that was used before");
        }
        Ok(params)
    }
}

async fn initiate(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Arrived {
        method,
        uri,
        headers,
        body,
    };
    let answer = provider.with(|inner| {
        let params = inner.check(&request, |_, _| None)?;
        let callback = params.get("oauth_callback").ok_or("no callback")?.clone();
        let (token, secret) = (inner.issue("temporary"), inner.issue("secret"));
        let answer = token_answer(&token, &secret) + "&oauth_callback_confirmed=true";
        let temporary = Temporary {
            secret,
            callback,
            verifier: None,
        };
        inner.temporary.insert(token, temporary);
        Ok(("the client and a callback".to_owned(), answer))
    });
    provider.answer(answer)
}

/// The user who is here always says yes.
async fn authorize(State(provider): State<Provider>, Query(query): Query<Params>) -> Response {
    let target = provider.with(|inner| {
        let token = query.get("oauth_token")?;
        let verifier = inner.issue("verifier");
        let temporary = inner.temporary.get_mut(token)?;
        temporary.verifier = Some(verifier.clone());
        let separator = if temporary.callback.contains('?') {
            '&'
        } else {
            '?'
        };
        let query = [
            ("oauth_token", token.as_str()),
            ("oauth_verifier", &verifier),
        ];
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let target = format!("{}{separator}{query}", temporary.callback);
        inner.saw = "a user who says yes".to_owned();
        Some(target)
    });
    match target {
        Some(target) => Redirect::to(&target).into_response(),
        None => provider.answer(Err("an unknown token")),
    }
}

async fn token(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Arrived {
        method,
        uri,
        headers,
        body,
    };
    let answer = provider.with(|inner| {
        let secret = |inner: &Inner, token: &str| Some(inner.temporary.get(token)?.secret.clone());
        let params = inner.check(&request, secret)?;
        let temporary = params
            .get("oauth_token")
            .and_then(|token| inner.temporary.remove(token));
        let verifier = temporary.ok_or("no token")?.verifier;
        if verifier.is_none() || verifier.as_ref() != params.get("oauth_verifier") {
            return Err("a verifier that is wrong");
        }
        let (token, secret) = (inner.issue("token"), inner.issue("secret"));
        let answer = token_answer(&token, &secret) + "&user_id=alice";
        inner.tokens.insert(token, secret);
        Ok(("the client and a verifier".to_owned(), answer))
    });
    provider.answer(answer)
}

async fn resource(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Arrived {
        method,
        uri,
        headers,
        body,
    };
    let answer = provider.with(|inner| {
        let params = inner.check(&request, |inner, token| inner.tokens.get(token).cloned())?;
        params.get("oauth_token").ok_or("no token")?;
        Ok(("OAuth 1 of alice".to_owned(), "OAuth 1 of alice".to_owned()))
    });
    provider.answer(answer)
}

fn token_answer(token: &str, secret: &str) -> String {
    let pairs = [("oauth_token", token), ("oauth_token_secret", secret)];
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn pairs(form: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect()
}

/// The parameters of `Authorization: OAuth name="value", …`, without the realm.
fn from_header(headers: &HeaderMap) -> Result<Vec<(String, String)>, &'static str> {
    let Some(header) = headers.get("authorization") else {
        return Ok(Vec::new());
    };
    let list = header
        .to_str()
        .ok()
        .and_then(|header| header.strip_prefix("OAuth "));
    let mut params = Vec::new();
    for param in list.ok_or("another Authorization")?.split(", ") {
        let (name, value) = param.split_once('=').ok_or("a header that is broken")?;
        if name != "realm" {
            let value = percent_decode_str(value.trim_matches('"')).decode_utf8_lossy();
            params.push((name.to_owned(), value.into_owned()));
        }
    }
    Ok(params)
}

/// RFC 5849 sections 3.4.1 and 3.4.2, word by word.
fn sign(request: &Arrived, params: &[(String, String)], token_secret: &str) -> Option<String> {
    let escape = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let host = request.headers.get("host")?.to_str().ok()?;
    let mut params: Vec<_> = params.iter().map(|(n, v)| (escape(n), escape(v))).collect();
    params.sort();
    let params: Vec<_> = params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let base_uri = format!("http://{host}{}", request.uri.path());
    let base_string = [request.method.as_str(), &base_uri, &params.join("&")]
        .map(escape)
        .join("&");
    let key = format!("{}&{}", escape(SECRET), escape(token_secret));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(base_string.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[allow(clippy::disallowed_methods)] // a server of its own, with the clock of the machine
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
