//! `oauth1_vectors.json`: signatures of OAuth 1.0a (RFC 5849).

mod asked;
mod drafts;
mod probe;
mod published;
mod recorded;
mod sent;
mod wiki;

use super::Format;
use crate::case::Case;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(crate) struct OAuth1Vectors;

const NAME: &str = "oauth1_vectors";

impl Format for OAuth1Vectors {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        ["random", "random_hard", "probes"]
            .iter()
            .any(|part| first(file, part).is_some_and(is_signature))
            || file
                .get("published")
                .is_some_and(|published| published.get("rfc5849").is_some())
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let key = rsa_key(file);
        file.iter()
            .flat_map(|(part, content)| match part.as_str() {
                "random" | "random_hard" => each(part, content, |id, entry| {
                    judged(id, entry, |id, entry| {
                        recorded::case(id, entry, key.clone())
                    })
                }),
                "probes" => each(part, content, |id, entry| {
                    judged(id, entry, |id, entry| probe::case(id, entry, key.clone()))
                }),
                "published" => published::cases(content),
                // About the file; and what the cases sign with.
                "meta" | "rsa_key" => Vec::new(),
                // Where the recorded libraries disagree with each other on `random`: none, or the record is of no use.
                "random_disagreements" if content.as_array().is_some_and(Vec::is_empty) => {
                    Vec::new()
                }
                _ => vec![Case::unknown(
                    format!("{NAME}/{part}"),
                    "nothing judges this part",
                )],
            })
            .collect()
    }
}

fn first<'a>(file: &'a Map<String, Value>, part: &str) -> Option<&'a Value> {
    file.get(part)?.as_array()?.first()
}

fn is_signature(entry: &Value) -> bool {
    entry
        .get("case")
        .unwrap_or(entry)
        .get("signature_method")
        .is_some()
}

/// The key of all cases whose method is RSA, in PKCS#8.
fn rsa_key(file: &Map<String, Value>) -> Option<String> {
    let key = file.get("rsa_key")?.get("pkcs8_pem")?;
    key.as_str().map(str::to_owned)
}

/// A case for each entry of a list, named by its `id` or index.
fn each(part: &str, content: &Value, case: impl Fn(String, &Value) -> Case) -> Vec<Case> {
    let Some(list) = content.as_array() else {
        return vec![Case::unknown(format!("{NAME}/{part}"), "is not a list")];
    };
    let entries = list.iter().enumerate().map(|(index, entry)| {
        let name = entry.get("id").and_then(Value::as_str).map(str::to_owned);
        let name = name.unwrap_or_else(|| index.to_string());
        case(format!("{NAME}/{part}/{name}"), entry)
    });
    entries.collect()
}

/// A case of an entry that is as the format has it.
fn judged<T: DeserializeOwned>(
    id: String,
    entry: &Value,
    case: impl FnOnce(String, T) -> Case,
) -> Case {
    match serde_json::from_value(entry.clone()) {
        Ok(entry) => case(id, entry),
        Err(error) => Case::unknown(id, error.to_string()),
    }
}

/// Compares, and says what differs.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, recorded: T) -> Result<(), String> {
    if ours == recorded {
        Ok(())
    } else {
        Err(format!("{what}: ours {ours:?}, recorded {recorded:?}"))
    }
}

#[cfg(test)]
mod tests;
