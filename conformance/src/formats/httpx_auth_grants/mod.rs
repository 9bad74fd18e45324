//! The formats of httpx_auth's grants that need no browser: token requests, token answers, cache keys, the token cache.

mod cache;
mod keys;
mod requests;
mod responses;
pub(super) mod server;
mod settings;

pub(crate) use self::{
    cache::TokenCache, keys::CacheKeys, requests::TokenRequests, responses::TokenResponses,
};

use crate::case::Case;
use serde_json::{Map, Value};

/// Whether a file is httpx_auth's, with vectors that have this field.
fn has(file: &Map<String, Value>, field: &str) -> bool {
    file.get("library").and_then(Value::as_str) == Some("httpx_auth")
        && vectors(file)
            .iter()
            .any(|vector| vector.get(field).is_some())
}

fn vectors(file: &Map<String, Value>) -> &[Value] {
    file.get("vectors")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A case for every vector, by its name.
fn each(
    format: &'static str,
    file: &Map<String, Value>,
    case: impl Fn(String, Value) -> Case,
) -> Vec<Case> {
    let cases = vectors(file).iter().enumerate().map(|(index, vector)| {
        match vector.get("name").and_then(Value::as_str) {
            Some(name) => case(format!("{format}/{name}"), vector.clone()),
            None => Case::unknown(format!("{format}/{index}"), "has no name"),
        }
    });
    cases.collect()
}
