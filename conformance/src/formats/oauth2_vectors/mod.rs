//! `oauth2_vectors.json`: facts of the OAuth RFCs, in parts.

mod answers;
pub(crate) mod basic;
mod device;
mod dpop;
mod facts;
mod keys;
mod logins;
#[cfg(test)]
mod tests;

use super::Format;
use crate::{
    case::{Case, Judged},
    record::{Read as _, Record},
};
use serde_json::{Map, Value};

pub(crate) struct OAuth2Vectors;

/// The parts of the format. Keys with a leading underscore are about the file.
const PARTS: [&str; 21] = [
    "basic",
    "loopback_and_https_rules",
    "oidc_hashes",
    "rfc6749_examples",
    "rfc6749_token_response",
    "rfc6750_www_authenticate",
    "rfc7009_revocation",
    "rfc7515_jws",
    "rfc7523_client_assertion",
    "rfc7636_pkce",
    "rfc7638_thumbprint",
    "rfc7662_introspection",
    "rfc8037_eddsa",
    "rfc8414_metadata",
    "rfc8628_device",
    "rfc8693_token_exchange",
    "rfc8705_mtls",
    "rfc9126_par",
    "rfc9207_iss",
    "rfc9449_dpop",
    "rfc9728_protected_resource",
];

impl Format for OAuth2Vectors {
    fn name(&self) -> &'static str {
        "oauth2_vectors"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.keys().any(|key| PARTS.contains(&key.as_str()))
    }

    /// A case for each entry, so that the count shows how much is not judged.
    fn cases(&self, file: &Record) -> Vec<Case> {
        let parts = file.value.as_object().into_iter().flatten();
        let parts = parts.filter(|(part, _)| !part.starts_with('_'));
        let records = parts.flat_map(|(part, content)| match part.as_str() {
            "basic" => basic::records(file, content),
            _ => leaves(part, content)
                .into_iter()
                .map(|(path, entry)| file.with(part, &path.join("/"), entry))
                .collect(),
        });
        records.map(|record| Case::new(record, judge)).collect()
    }
}

/// The entries of a part, and of those of its entries that are lists of facts themselves.
fn leaves(part: &str, content: &Value) -> Vec<(Vec<String>, Value)> {
    let nested = |name: &str| {
        matches!(
            (part, name),
            (
                "loopback_and_https_rules",
                "allow_plain_http" | "allow_only_if_opted_in" | "refuse"
            ) | ("rfc6749_token_response", "quirks_seen_in_the_wild")
                | (
                    "rfc8414_metadata",
                    "defaults_when_absent" | "well_known_urls" | "reject"
                )
                | ("rfc8628_device", "poll_rules" | "quirks")
                | ("rfc7636_pkce", "invalid_verifiers" | "more_valid")
                | ("rfc9207_iss", "matrix")
        )
    };
    if part == "rfc8037_eddsa" {
        // One example, of many fields.
        let mut leaves = vec![(vec!["example".to_owned()], content.clone())];
        let thumbprint = content.get("thumbprint_sha256");
        leaves
            .extend(thumbprint.map(|value| (vec!["thumbprint_sha256".to_owned()], value.clone())));
        return leaves;
    }
    entries(content)
        .filter(|(name, _)| (part, &**name) != ("rfc7515_jws", "payload_utf8"))
        .flat_map(|(name, entry)| {
            if nested(&name) {
                let inner =
                    entries(entry).map(|(inner, entry)| (vec![name.clone(), inner], entry.clone()));
                inner.collect()
            } else {
                vec![(vec![name], entry.clone())]
            }
        })
        .collect()
}

async fn judge(record: Record) -> Judged {
    let (file, part, entry) = (&*record.file, &*record.part, &record.value);
    if part.starts_with("basic") {
        return basic::judge(&record).await;
    }
    let whole = file.at(part).unwrap_or(&Value::Null);
    let (name, index) = record.name.split_once('/').unwrap_or((&record.name, ""));
    match (part, name) {
        ("rfc6749_examples", name)
            if name.starts_with("authorization") || name == "code_request_body" =>
        {
            logins::example(name, entry.text("")?).await
        }
        ("rfc6749_examples", name) => answers::example(name, entry).await,
        ("rfc7636_pkce", name) => logins::proof_key(name, entry),
        ("rfc8705_mtls", _) => keys::certificate(whole),
        ("rfc9126_par", name) => logins::pushed(whole, name).await,
        ("rfc9207_iss", name) => logins::issuer(whole, name, entry).await,
        ("rfc6749_token_response", "quirks_seen_in_the_wild") => answers::quirk(entry).await,
        ("rfc6749_token_response", name) => answers::standard(name, entry).await,
        ("rfc6750_www_authenticate", _) => facts::challenge(entry),
        ("rfc7009_revocation", name) => answers::revocation(name, entry).await,
        ("rfc7515_jws", _) | ("rfc8037_eddsa", "example") => facts::jws(entry),
        ("rfc8037_eddsa", "thumbprint_sha256") => keys::thumbprint(&whole["jwk_private"], entry),
        ("rfc7638_thumbprint", _) => keys::thumbprint(&entry["jwk"], &entry["sha256"]),
        ("rfc9449_dpop", "jwk_public" | "jkt") => {
            keys::thumbprint(&whole["jwk_public"], &whole["jkt"])
        }
        ("rfc9449_dpop", "token_request_proof" | "resource_request_proof") => {
            keys::proof(whole, entry)?;
            dpop::proof(whole, entry).await
        }
        ("rfc9449_dpop", "access_token" | "ath") => dpop::hash(whole).await,
        ("rfc9449_dpop", "challenges") => dpop::challenges(entry),
        ("rfc9449_dpop", "as_nonce_error") => dpop::nonce(entry).await,
        ("rfc9449_dpop", "htu_normalisation") => dpop::target(entry).await,
        ("rfc7523_client_assertion", name) => facts::client_assertion(file, whole, name).await,
        ("rfc7662_introspection", _) => answers::introspection(entry).await,
        ("rfc8414_metadata", name) => facts::metadata(name, index, entry),
        ("rfc8628_device", "poll_rules") => device::rule(whole, entry),
        ("rfc8628_device", name) => device::judge(whole, name),
        ("rfc8693_token_exchange", name) => answers::exchange(whole, name).await,
        ("loopback_and_https_rules", list) => facts::url(list, entry),
        _ => Err("nothing judges this part".into()),
    }
}

/// The entries of a list or an object, with their index or name. Anything else is one entry.
fn entries(content: &Value) -> Box<dyn Iterator<Item = (String, &Value)> + '_> {
    match content {
        Value::Array(list) => Box::new(list.iter().enumerate().map(|(i, v)| (i.to_string(), v))),
        Value::Object(map) => Box::new(map.iter().map(|(k, v)| (k.clone(), v))),
        other => Box::new(std::iter::once(("value".to_owned(), other))),
    }
}
