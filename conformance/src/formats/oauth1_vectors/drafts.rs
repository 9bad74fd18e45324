//! `bodyhash_draft`: the examples of draft-eaton-oauth-bodyhash-00. They print no secrets, so the base string counts.

use super::{asked::Asked, each, judged, published::from_params, same, sent::Pairs};
use crate::case::{Case, Verdict};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashed {
    #[serde(rename = "id")]
    _id: String,
    method: String,
    url: String,
    raw_body: String,
    body_hash: String,
    oauth_params: Pairs,
    base_string: String,
    #[serde(rename = "published_signature")]
    _signature: Option<String>,
    #[serde(rename = "published_signature_reproducible")]
    _reproducible: Option<bool>,
    #[serde(rename = "note")]
    _note: Option<String>,
}

pub(super) fn cases(part: &str, content: &Value) -> Vec<Case> {
    each(part, content, |id, entry| judged(id, entry, case))
}

fn case(id: String, entry: Hashed) -> Case {
    Case::new(id, async move {
        let asked = Asked {
            method: entry.method,
            url: entry.url,
            body: Some(entry.raw_body),
            body_hash: true,
            ..from_params(&entry.oauth_params, None)
        };
        let (base_string, sent) = match (asked.base_string().await, asked.sent().await) {
            (Ok(base_string), Ok(sent)) => (base_string, sent),
            (Err(error), _) | (_, Err(error)) => return Verdict::Differs(format!("{error:?}")),
        };
        let params = match sent.oauth_params(asked.placement) {
            Ok(params) => params,
            Err(why) => return Verdict::Differs(why),
        };
        let hash = params
            .into_iter()
            .find(|(name, _)| name == "oauth_body_hash");
        let hash = hash.map(|(_, value)| value);
        same("hash", hash, Some(entry.body_hash))
            .and_then(|()| same("base string", base_string, entry.base_string))
            .into()
    })
}
