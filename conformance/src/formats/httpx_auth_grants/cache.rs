//! `httpx_auth_token_cache`: what a cache does when tokens come and go.

use super::{
    each, has,
    server::{Sent, answering, field, form, json},
};
use crate::{
    case::{Case, Verdict},
    formats::Format,
};
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json as object};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::OAuth2;
use tower_auth_token::store::{MemoryStore, Store as _, StoreError, StoredToken};

pub(crate) struct TokenCache;

const NAME: &str = "httpx_auth_token_cache";
const START: (&str, u64) = ("2024-01-01T00:00:00+00:00", 1_704_067_200);

impl Format for TokenCache {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, "steps")
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        each(NAME, file, |id, vector| {
            Case::new(id, async move { Verdict::from(judge(&vector).await) })
        })
    }
}

async fn judge(vector: &Value) -> Result<(), String> {
    if vector.get("start_time").and_then(Value::as_str) != Some(START.0) {
        return Err("starts at a time that is not known".to_owned());
    }
    let steps = vector
        .get("steps")
        .and_then(Value::as_array)
        .ok_or("has no steps")?;
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(START.1));
    let trace = Trace {
        clock: Clock::new(hands.clone()),
        hands,
        store: MemoryStore::new(),
    };
    let mut keys = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(other) = other_state(step) {
            // What follows looks for the token there.
            return trace.stays_at_home(step, other).await;
        }
        trace
            .step(step, &mut keys)
            .await
            .map_err(|why| format!("step {index}: {why}"))?;
        trace
            .check(step, &keys)
            .await
            .map_err(|why| format!("step {index}: {why}"))?;
    }
    Ok(())
}

/// The state that a callback returns, when it is another than the key that was asked for.
fn other_state(step: &Value) -> Option<&str> {
    let key = step.pointer("/args/0")?.as_str()?;
    ["missing", "expired"].into_iter().find_map(|callback| {
        let state = step.pointer(&format!("/args/1/{callback}/0"))?.as_str()?;
        (state != key).then_some(state)
    })
}

/// A store that many schemes look into, and the time.
struct Trace {
    hands: ManualClock,
    clock: Clock,
    store: MemoryStore,
}

impl Trace {
    async fn step(&self, step: &Value, keys: &mut Vec<String>) -> Result<(), String> {
        let op = step.get("op").and_then(Value::as_str).ok_or("has no op")?;
        let args = step
            .get("args")
            .and_then(Value::as_array)
            .ok_or("has no args")?;
        let arg = |index: usize| args.get(index).unwrap_or(&Value::Null);
        let key = arg(0).as_str().unwrap_or_default().to_owned();
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key.clone());
        }
        match op {
            "advance" => {
                let seconds = arg(0)
                    .as_f64()
                    .and_then(|s| Duration::try_from_secs_f64(s).ok());
                self.hands
                    .advance(seconds.ok_or("advances by something odd")?);
                Ok(())
            }
            "clear" => {
                for key in keys.iter() {
                    let auth = self.scheme(key, None, &Map::new())?;
                    auth.clear().await.map_err(|error| error.to_string())?;
                }
                Ok(())
            }
            // A token with a lifetime, or one whose lifetime is in it, arrives from a server.
            "add_access" | "add_bearer" => {
                let mut tuple = args.clone();
                tuple.resize(
                    if op == "add_bearer" { 2 } else { tuple.len() },
                    Value::Null,
                );
                let options = Map::from_iter([("missing".to_owned(), Value::from(tuple))]);
                self.store
                    .remove(&key)
                    .await
                    .map_err(|error| error.to_string())?;
                let (result, _) = self.get(&key, &options).await?;
                agree(step, result.as_ref().map(|_| None), arg(1))
            }
            "get" => {
                let options = arg(1).as_object().ok_or("has no options")?;
                let (result, called) = self.get(&key, options).await?;
                let recorded = step
                    .get("callbacks")
                    .and_then(Value::as_array)
                    .ok_or("has no callbacks")?;
                let recorded: Vec<_> = recorded
                    .iter()
                    .map(|callback| match callback {
                        Value::Array(pair) => pair
                            .iter()
                            .filter_map(Value::as_str)
                            .collect::<Vec<_>>()
                            .join(" "),
                        other => other.as_str().unwrap_or_default().to_owned(),
                    })
                    .collect();
                if called != recorded {
                    return Err(format!("calls {called:?}, recorded {recorded:?}"));
                }
                let last = match called.last().map(String::as_str) {
                    Some("missing") | None => "missing",
                    Some(_) => "expired",
                };
                let given = options.get(last).and_then(|tuple| tuple.get(1));
                agree(
                    step,
                    result.as_ref().map(|token| Some(&**token)),
                    given.unwrap_or(&Value::Null),
                )
            }
            op => Err(format!("nothing judges `{op}`")),
        }
    }

    /// httpx_auth keeps a token under the state that came with it. We keep it under the key of the scheme that asked, on
    /// purpose: a stranger could plant a token for somebody else (RFC 6749 section 10.12).
    async fn stays_at_home(&self, step: &Value, other: &str) -> Result<(), String> {
        let key = step.pointer("/args/0").and_then(Value::as_str);
        let key = key.ok_or("has no key")?;
        let mut own = step.pointer("/args/1").cloned().unwrap_or_default();
        for callback in ["missing", "expired"] {
            if let Some(state) = own.pointer_mut(&format!("/{callback}/0")) {
                *state = key.into();
            }
        }
        let own = own.as_object().ok_or("has no options")?;
        let (result, _) = self.get(key, own).await?;
        let recorded = step.get("result").and_then(Value::as_str);
        if result.as_deref().ok() != recorded {
            return Err(format!("gives {result:?}, recorded {recorded:?}"));
        }
        let error = |error: tower_auth_token::store::StoreError| error.to_string();
        let here = self.store.load(key).await.map_err(error)?;
        let there = self.store.load(other).await.map_err(error)?;
        let entry = step.get("tokens_after").and_then(|after| after.get(other));
        match (here, there, entry) {
            (Some(here), None, Some(entry)) => same(&here, entry),
            (_, _, None) => Err(format!("nothing is recorded for {other}")),
            _ => Err("is not where it was asked for".to_owned()),
        }
    }

    fn scheme(
        &self,
        key: &str,
        early_expiry: Option<f64>,
        options: &Map<String, Value>,
    ) -> Result<OAuth2, String> {
        self.logged(key, early_expiry, options)
            .map(|(scheme, _)| scheme)
    }

    /// A scheme whose server plays both callbacks: a refresh token asks for the one, a password for the other.
    fn logged(
        &self,
        key: &str,
        early_expiry: Option<f64>,
        options: &Map<String, Value>,
    ) -> Result<(OAuth2, super::server::Log), String> {
        let (missing, expired) = (
            options.get("missing").cloned(),
            options.get("expired").cloned(),
        );
        let (http, log) = answering(move |sent| answer(sent, missing.as_ref(), expired.as_ref()));
        let mut builder = OAuth2::password("https://as.example/token", "u", "p")
            .http_client(http)
            .clock(self.clock.clone())
            .store(self.store.clone())
            .store_key(key);
        if let Some(seconds) = early_expiry {
            let early =
                Duration::try_from_secs_f64(seconds).map_err(|_| "has an odd early_expiry")?;
            builder = builder.early_expiry(early);
        }
        Ok((builder.build().map_err(|error| error.to_string())?, log))
    }

    /// The token that a fresh scheme finds or fetches, and which of the given callbacks ran.
    async fn get(
        &self,
        key: &str,
        options: &Map<String, Value>,
    ) -> Result<(Result<String, String>, Vec<String>), String> {
        if let Some(odd) = options
            .keys()
            .find(|name| !["early_expiry", "missing", "expired"].contains(&&***name))
        {
            return Err(format!("nothing judges option `{odd}`"));
        }
        for name in ["missing", "expired"] {
            match options.get(name) {
                None => {}
                Some(Value::Array(tuple)) if tuple.first().and_then(Value::as_str) == Some(key) => {
                }
                Some(Value::String(error))
                    if name == "expired" && error == "InvalidGrantRequest" => {}
                Some(other) => return Err(format!("nothing judges that `{name}` gives {other}")),
            }
        }
        let early = options.get("early_expiry").and_then(Value::as_f64);
        let (scheme, log) = self.logged(key, early, options)?;
        let result = scheme.token().await;
        self.as_httpx_auth_writes(key)
            .await
            .map_err(|error| error.to_string())?;
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
        let result = result
            .map(|token| token.expose().to_owned())
            .map_err(|error| error.to_string());
        Ok((result, called))
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

    /// All that is recorded is there. What httpx_auth dropped and we keep is of no use any more, or ours to refresh.
    async fn check(&self, step: &Value, keys: &[String]) -> Result<(), String> {
        let recorded = step
            .get("tokens_after")
            .and_then(Value::as_object)
            .ok_or("has no tokens_after")?;
        for key in keys
            .iter()
            .chain(recorded.keys().filter(|key| !keys.contains(key)))
        {
            let stored = self
                .store
                .load(key)
                .await
                .map_err(|error| error.to_string())?;
            match (stored, recorded.get(key)) {
                (None, None) => {}
                (Some(stored), Some(entry)) => same(&stored, entry)?,
                (None, Some(entry)) => return Err(format!("{key} is not there, recorded {entry}")),
                (Some(stored), None) if self.may_stay(&stored, step) => {}
                (Some(_), None) => return Err(format!("{key} is there, and was not recorded")),
            }
        }
        Ok(())
    }

    /// It expires within the margin, or is one of those that httpx_auth cannot take for want of a lifetime.
    fn may_stay(&self, stored: &StoredToken, step: &Value) -> bool {
        let margin = step
            .pointer("/args/1/early_expiry")
            .and_then(Value::as_f64)
            .unwrap_or(30.0);
        let no_lifetime = step
            .get("raises")
            .and_then(Value::as_str)
            .is_some_and(wants_lifetime);
        match stored.expires_at() {
            Some(at) => seconds(at) - margin < seconds(self.clock.now()),
            None => no_lifetime,
        }
    }
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn same(stored: &StoredToken, entry: &Value) -> Result<(), String> {
    let ours = object!([
        stored.token().expose(),
        stored.expires_at().map(seconds),
        stored.refresh().map(|token| token.expose()),
    ]);
    let at = |value: &Value, index: usize| value.get(index).cloned().unwrap_or_default();
    let agrees = at(&ours, 0) == at(entry, 0)
        && at(&ours, 1).as_f64() == at(entry, 1).as_f64()
        && at(&ours, 2) == at(entry, 2);
    if agrees {
        Ok(())
    } else {
        Err(format!("keeps {ours}, recorded {entry}"))
    }
}

/// The errors of httpx_auth for what is no token, or not to be had.
fn is_known(raises: &str) -> bool {
    raises == "AuthenticationFailed: User was not authenticated."
        || raises.starts_with("InvalidToken: ") && raises.ends_with(" is invalid.")
        || wants_lifetime(raises)
}

/// The errors of httpx_auth for a token whose lifetime nobody knows: we use such a token until it is refused.
fn wants_lifetime(raises: &str) -> bool {
    [
        "TokenExpiryNotProvided: Expiry (exp) is not provided in ",
        "ValueError: not enough values to unpack (expected 3, got ",
        "JSONDecodeError: Expecting value: ",
        // It adds the lifetime of a refresh answer to the time before it looks whether there is one.
        "TypeError: ",
    ]
    .iter()
    .any(|error| raises.starts_with(error))
}

/// `token` is what the server gave.
fn agree(step: &Value, ours: Result<Option<&str>, &String>, token: &Value) -> Result<(), String> {
    let raises = step.get("raises").and_then(Value::as_str);
    let result = step.get("result").and_then(Value::as_str);
    match (ours, raises) {
        (_, Some(raises)) if !is_known(raises) => Err(format!("nothing judges {raises:?}")),
        (Err(error), None) => Err(format!("an error, {error:?}, where none is recorded")),
        (Err(_), Some(_)) if token.as_str().is_none_or(str::is_empty) => Ok(()),
        (Err(error), Some(raises)) if wants_lifetime(raises) => {
            Err(format!("refuses a token that a server may accept: {error}"))
        }
        (Err(_), Some(_)) => Ok(()),
        (Ok(None), None) => Ok(()),
        (Ok(Some(ours)), None) if Some(ours) == result => Ok(()),
        (Ok(ours), Some(raises)) if wants_lifetime(raises) => match ours {
            Some(ours) if Some(ours) != token.as_str() => Err(format!("another token: {ours:?}")),
            _ => Ok(()),
        },
        (Ok(ours), raises) => Err(format!(
            "gives {ours:?}, recorded {result:?} and {raises:?}"
        )),
    }
}

/// What the callbacks return, as a server says it: `(state, token)`, then lifetime and refresh token.
fn answer(sent: &Sent, missing: Option<&Value>, expired: Option<&Value>) -> Response<Bytes> {
    let form = form(sent.body());
    let callback = match field(&form, "grant_type") {
        Some("refresh_token") => expired,
        _ => missing,
    };
    match callback.and_then(Value::as_array) {
        Some(tuple) => {
            let names = ["", "access_token", "expires_in", "refresh_token"];
            let fields = names.iter().zip(tuple).skip(1);
            json(
                200,
                &fields
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect::<Map<_, _>>()
                    .into(),
            )
        }
        None => json(400, &object!({"error": "invalid_grant"})),
    }
}
