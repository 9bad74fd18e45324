//! The formats of httpx_auth's grants: authorization URLs, token requests, token answers, cache keys, the token cache, proof
//! keys, the listener.

mod cache;
mod callback;
mod keys;
mod requests;
mod responses;
mod settings;
#[cfg(test)]
mod tests;
mod urls;

pub(crate) use self::{
    cache::token_of,
    cache::{TokenCache, as_ours as cache_as_ours},
    callback::{CallbackServer, ProofKeys, brought, callback_as_ours, has_state, turned_away},
    keys::CacheKeys,
    requests::TokenRequests,
    responses::{
        FROZEN, Present, TokenResponses, answer, as_we_say, exp_of, expires_at, json_of, present,
    },
    settings::NEVER_SAID,
    urls::AuthorizationUrls,
};

use crate::{
    case::{Case, Judged},
    record::{Read as _, Record, entries},
};
use serde_json::{Map, Value};

/// Whether a file is httpx_auth's, with vectors that have these fields.
fn has(file: &Map<String, Value>, fields: &[&str]) -> bool {
    let vectors = file.get("vectors").and_then(Value::as_array);
    let has_all = |vector: &Value| fields.iter().all(|field| vector.get(field).is_some());
    file.get("library").and_then(Value::as_str) == Some("httpx_auth")
        && vectors.is_some_and(|vectors| vectors.iter().any(has_all))
}

/// A case for every vector.
fn each<F: Future<Output = Judged> + 'static>(
    file: &Record,
    judge: impl Fn(Record) -> F + Copy + 'static,
) -> Vec<Case> {
    let vectors = file.at("vectors").cloned().unwrap_or_default();
    let records = entries(file, "", &vectors);
    let cases = records.into_iter().map(|record| Case::new(record, judge));
    cases.collect()
}
