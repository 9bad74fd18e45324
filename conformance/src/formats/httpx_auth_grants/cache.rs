//! `httpx_auth_token_cache`: what a cache does when tokens come and go.

use super::{
    each, has,
    responses::{FROZEN, expires_at},
};
use crate::{
    case::{Case, Judged, Why},
    formats::Format,
    python::print,
    record::{Read as _, Record, same, text},
    server::{Log, Sent, answering, field, form, json},
};
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json as object};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::OAuth2;
use tower_auth_token::store::{MemoryStore, Store as _, StoreError, StoredToken};

pub(crate) struct TokenCache;

impl Format for TokenCache {
    fn name(&self) -> &'static str {
        "httpx_auth_token_cache"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["steps"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, judge)
    }
}

/// How long before its end a token is not used any more, when nothing is said.
const EARLY: f64 = 30.0;

async fn judge(record: Record) -> Judged {
    same("time", record.text("start_time")?, FROZEN.0)?;
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(FROZEN.1));
    let trace = Trace {
        clock: Clock::new(hands.clone()),
        hands,
        store: MemoryStore::new(),
    };
    let mut keys = Vec::new();
    for (index, step) in record.list("steps")?.iter().enumerate() {
        let at = |why: Why| Why::from(format!("step {index}: {why}"));
        trace.step(step, &mut keys).await.map_err(at)?;
        trace.check(step, &keys).await.map_err(at)?;
    }
    Ok(())
}

/// A store that many schemes look into, and the time.
struct Trace {
    hands: ManualClock,
    clock: Clock,
    store: MemoryStore,
}

impl Trace {
    async fn step(&self, step: &Value, keys: &mut Vec<String>) -> Judged {
        let key = step.maybe("args/0").unwrap_or_default().to_owned();
        if step.maybe("args/0").is_some() && !keys.contains(&key) {
            keys.push(key.clone());
        }
        match step.text("op")? {
            "advance" => {
                let seconds = step.at("args/0").and_then(Value::as_f64);
                let seconds = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                self.hands
                    .advance(seconds.ok_or("advances by something odd")?);
                Ok(())
            }
            "clear" => {
                for key in keys.iter() {
                    let (auth, _) = self.scheme(key, &Map::new())?;
                    auth.clear().await?;
                }
                Ok(())
            }
            // A token with a lifetime, or one whose lifetime is in it, arrives from a server.
            "add_access" | "add_bearer" => {
                self.store.remove(&key).await.map_err(text)?;
                let options = Map::from_iter([("missing".to_owned(), added(step))]);
                let (result, _) = self.get(&key, &options).await?;
                let raises = step.maybe("raises");
                same("raises", result.is_err(), raises.is_some())
            }
            "get" => {
                let (result, called) = self.get(&key, step.object("args/1")?).await?;
                let recorded = step
                    .list("callbacks")?
                    .iter()
                    .map(|callback| match callback {
                        Value::Array(pair) => pair.iter().map(print).collect::<Vec<_>>().join(" "),
                        other => print(other),
                    });
                same("callbacks", called, recorded.collect::<Vec<_>>())?;
                match (result, step.at("result"), step.maybe("raises")) {
                    (Ok(ours), Some(token), None) => same("token", ours, shown(token)),
                    (Err(_), None, Some(_)) => Ok(()),
                    (ours, ..) => Err(format!("gives {ours:?}, recorded {}", object!(step)).into()),
                }
            }
            op => Err(format!("nothing judges `{op}`").into()),
        }
    }

    /// A scheme whose server plays both callbacks: a refresh token asks for the one, a password for the other.
    fn scheme(&self, key: &str, options: &Map<String, Value>) -> Result<(OAuth2, Log<Sent>), Why> {
        let [missing, expired] = ["missing", "expired"].map(|name| options.get(name).cloned());
        let (http, log) = answering(move |sent| answer(sent, missing.as_ref(), expired.as_ref()));
        let mut builder = OAuth2::password("https://as.example/token", "u", "p")
            .http_client(http)
            .clock(self.clock.clone())
            .store(self.store.clone())
            .store_key(key);
        if let Some(seconds) = options.get("early_expiry").and_then(Value::as_f64) {
            builder = builder.early_expiry(Duration::try_from_secs_f64(seconds).map_err(text)?);
        }
        Ok((builder.build()?, log))
    }

    /// The token that a fresh scheme finds or fetches, and which of the given callbacks ran.
    async fn get(
        &self,
        key: &str,
        options: &Map<String, Value>,
    ) -> Result<(Result<String, String>, Vec<String>), Why> {
        for (name, value) in options {
            match (&**name, value) {
                ("early_expiry", Value::Number(_)) | ("missing" | "expired", Value::Array(_)) => {}
                ("expired", Value::String(error)) if ERRORS.contains(&&**error) => {}
                _ => return Err(format!("nothing judges that `{name}` is {value}").into()),
            }
        }
        let (scheme, log) = self.scheme(key, options)?;
        let result = scheme.token().await;
        self.as_httpx_auth_writes(key).await.map_err(text)?;
        let sent = log.take();
        let called = sent.iter().filter_map(|sent| {
            let form = form(sent.body());
            match field(&form, "refresh_token") {
                Some(token) if options.contains_key("expired") => Some(format!("expired {token}")),
                None if options.contains_key("missing") => Some("missing".to_owned()),
                _ => None,
            }
        });
        let called = called.collect();
        let result = result.map(|token| token.expose().to_owned());
        Ok((result.map_err(|error| error.to_string()), called))
    }

    /// In a recorded trace httpx_auth writes what it finds later: lists of three, without the lifetime that ours notes.
    async fn as_httpx_auth_writes(&self, key: &str) -> Result<(), StoreError> {
        let Some(stored) = self.store.load(key).await? else {
            return Ok(());
        };
        let list = StoredToken::new(stored.token())
            .with_expires_at(stored.expires_at())
            .with_refresh(stored.refresh().cloned());
        self.store.save(key, &list).await
    }

    /// All that is recorded is there. What httpx_auth dropped and we keep has expired: it is of no use, or ours to refresh.
    async fn check(&self, step: &Value, keys: &[String]) -> Judged {
        let recorded = step.object("tokens_after")?;
        for key in keys.iter().chain(recorded.keys()) {
            let stored = self.store.load(key).await.map_err(text)?;
            match (stored, recorded.get(key)) {
                (None, None) => {}
                (Some(stored), Some(entry)) => same_entry(&stored, entry)?,
                (None, Some(entry)) => {
                    return Err(format!("{key} is not there, recorded {entry}").into());
                }
                (Some(stored), None) => {
                    let early = step.at("args/1/early_expiry").and_then(Value::as_f64);
                    let end = stored.expires_at().map(seconds);
                    let has_expired = end.is_some_and(|end| {
                        end - early.unwrap_or(EARLY) < seconds(self.clock.now())
                    });
                    if !has_expired {
                        return Err(format!("{key} is there, and was not recorded").into());
                    }
                }
            }
        }
        Ok(())
    }
}

const ERRORS: [&str; 2] = ["InvalidGrantRequest", "GrantNotProvided"];

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// The tuple of an addition, as a callback would return it.
fn added(step: &Value) -> Value {
    let mut tuple = step.list("args").unwrap_or_default().to_vec();
    if step.maybe("op") == Some("add_bearer") {
        tuple.truncate(2);
    }
    tuple.into()
}

/// A token as it goes into a header. A number is one, too.
fn shown(token: &Value) -> String {
    print(token)
}

fn same_entry(stored: &StoredToken, entry: &Value) -> Judged {
    let ours = (
        stored.token().expose().to_owned(),
        stored.expires_at().map(seconds),
        stored.refresh().map(|token| token.expose().to_owned()),
    );
    let recorded = (
        shown(entry.at("0").unwrap_or(&Value::Null)),
        entry.at("1").and_then(Value::as_f64),
        entry.maybe("2").map(str::to_owned),
    );
    same("keeps", ours, recorded)
}

/// What the callbacks return, as a server says it: `(state, token)`, then lifetime and refresh token.
fn answer(sent: &Sent, missing: Option<&Value>, expired: Option<&Value>) -> Response<Bytes> {
    let form = form(sent.body());
    let callback = match field(&form, "grant_type") {
        Some("refresh_token") => expired,
        _ => missing,
    };
    match callback {
        Some(Value::Array(tuple)) => {
            let names = ["", "access_token", "expires_in", "refresh_token"];
            let fields = names.iter().zip(tuple).skip(1);
            let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
            json(200, &fields.collect::<Map<_, _>>().into())
        }
        Some(Value::String(error)) if error == "GrantNotProvided" => json(200, &object!({})),
        _ => json(400, &object!({"error": "invalid_grant"})),
    }
}

/// A trace as ours has to be, where it is another than that of httpx_auth: the same cache by our rules.
///
/// A token is kept under the key that was asked for, as long as its server says: without end when nobody knows. A refresh
/// token that is not replaced stays. After a refresh whose answer has no token nobody is asked to log in: what became of the
/// refresh token is not known.
pub(crate) fn as_ours(trace: &mut Value) {
    let mut now = FROZEN.1 as f64;
    let mut tokens: BTreeMap<String, (String, Option<f64>, Option<String>)> = BTreeMap::new();
    let steps = trace.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten() {
        let key = step.maybe("args/0").unwrap_or_default().to_owned();
        let options = step.at("args/1").cloned().unwrap_or_default();
        let mut called: Vec<Value> = Vec::new();
        let old = tokens.get(&key).and_then(|(_, _, refresh)| refresh.clone());
        // What a server gives for a tuple, if it is something that can be sent.
        let issued = |tuple: &Value, old: Option<&String>| {
            let token = token_of(tuple.at("1")?)?;
            let end = expires_at(&token, tuple.at("2"), now);
            let refresh = tuple.maybe("3").filter(|refresh| !refresh.is_empty());
            let refresh = refresh.map(str::to_owned).or_else(|| old.cloned());
            Some((token, end, refresh))
        };
        let mut found = None;
        let mut refused = false;
        let mut margin = now + EARLY;
        match step.maybe("op") {
            Some("advance") => {
                now += step.at("args/0").and_then(Value::as_f64).unwrap_or(0.0);
            }
            Some("clear") => tokens.clear(),
            Some("add_access" | "add_bearer") => {
                tokens.remove(&key);
                found = issued(&added(step), None);
            }
            _ => {
                let early = options.at("early_expiry").and_then(Value::as_f64);
                margin = now + early.unwrap_or(EARLY);
                let known = tokens.get(&key).cloned();
                found = known.filter(|(_, end, _)| end.is_none_or(|end| end >= margin));
                let mut asks = found.is_none();
                if let (true, Some(refresh), Some(expired)) = (asks, &old, options.at("expired")) {
                    called.push(object!(["expired", refresh]));
                    found = issued(expired, Some(refresh));
                    asks = expired.as_str() == Some("InvalidGrantRequest");
                }
                if let (true, Some(missing)) = (asks, options.at("missing")) {
                    called.push("missing".into());
                    found = issued(missing, None);
                    asks = false;
                }
                refused = asks;
            }
        }
        for member in ["result", "raises", "callbacks"] {
            step.as_object_mut().map(|step| step.remove(member));
        }
        let is_get = step.maybe("op") == Some("get");
        if is_get {
            step["callbacks"] = called.into();
        }
        match found {
            None if ["advance", "clear"].contains(&step.maybe("op").unwrap_or_default()) => {}
            None => step["raises"] = "an error of ours".into(),
            Some(found) => {
                if is_get {
                    step["result"] = (*found.0).into();
                }
                tokens.insert(key.clone(), found);
            }
        }
        if refused {
            // No server takes what there was.
            tokens.remove(&key);
        }
        let failed = step.maybe("raises").is_some();
        let counts = |end: &Option<f64>| !failed || end.is_none_or(|end| end >= margin);
        let after = tokens
            .iter()
            .filter(|(_, (_, end, _))| counts(end))
            .map(|(key, (token, end, refresh))| (key.clone(), object!([token, end, refresh])));
        step["tokens_after"] = after.collect::<Map<_, _>>().into();
    }
}

/// A token that can be sent: a text in a header, or a number.
pub(crate) fn token_of(value: &Value) -> Option<String> {
    let token = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let can_be_sent = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    can_be_sent.then_some(token)
}
