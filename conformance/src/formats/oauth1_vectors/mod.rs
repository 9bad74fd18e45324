//! `oauth1_vectors.json`: signatures of OAuth 1.0a (RFC 5849).

mod asked;
mod published;
mod sent;
#[cfg(test)]
mod tests;
mod whole;

pub(crate) use self::asked::{Asked, Placement};

use super::Format;
use crate::{
    case::{Case, Judged},
    record::{Read as _, Record, entries},
};
use serde_json::{Map, Value};

pub(crate) struct OAuth1Vectors;

/// Parts that may be empty.
const PARTS: [&str; 9] = [
    "probes",
    "published/bodyhash_draft",
    "published/rfc5849",
    "published/rfc5849_base_uri_3_4_1_2",
    "published/rfc5849_not_recomputable",
    "published/twitter",
    "random",
    "random_disagreements",
    "random_hard",
];

impl Format for OAuth1Vectors {
    fn name(&self) -> &'static str {
        "oauth1_vectors"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        let is_signature = |part: &&str| {
            let entry = file.get(*part).and_then(|entries| entries.get(0));
            entry.is_some_and(|entry| {
                let entry = entry.get("case").unwrap_or(entry);
                entry.get("signature_method").is_some()
            })
        };
        ["random", "random_hard", "probes"].iter().any(is_signature)
            || file
                .get("published")
                .is_some_and(|published| published.get("rfc5849").is_some())
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        let mut records = Vec::new();
        for (part, content) in file.value.as_object().into_iter().flatten() {
            match part.as_str() {
                // About the file; and what the cases sign with.
                "meta" | "rsa_key" => {}
                // Where the recorded libraries disagree with each other on `random`: none, or the record is of no use.
                "random_disagreements" if content.as_array().is_some_and(Vec::is_empty) => {}
                "published" => {
                    for (part, content) in content.as_object().into_iter().flatten() {
                        let part = format!("published/{part}");
                        match part.as_str() {
                            "published/oauth_core_wiki" => {
                                for (group, content) in content.as_object().into_iter().flatten() {
                                    records.extend(group_of(file, &part, group, content));
                                }
                            }
                            "published/rfc5849_normalized_3_4_1_3_2" => {
                                records.push(file.with(&part, "", content.clone()));
                            }
                            _ => records.extend(entries(file, &part, content)),
                        }
                    }
                }
                _ => records.extend(entries(file, part, content)),
            }
        }
        // A part that nothing judges fails, also when it is empty.
        let others = [("", &file.value), ("published/", &file.value["published"])];
        for (prefix, content) in others {
            for (name, content) in content.as_object().into_iter().flatten() {
                let part = format!("{prefix}{name}");
                let is_empty = content.as_array().is_some_and(Vec::is_empty);
                if is_empty && !PARTS.contains(&&*part) {
                    records.push(file.with(&part, "", content.clone()));
                }
            }
        }
        let judge = async |record: Record| judge(&record).await;
        records
            .into_iter()
            .map(|record| Case::new(record, judge))
            .collect()
    }
}

/// A group of the wiki: a list, or one example of its own.
fn group_of(file: &Record, part: &str, group: &str, content: &Value) -> Vec<Record> {
    let part = format!("{part}/{group}");
    match content {
        Value::Array(_) => entries(file, &part, content),
        one => vec![file.with(&part, "", one.clone())],
    }
}

async fn judge(record: &Record) -> Judged {
    match &*record.part {
        "random" | "random_hard" | "probes" => whole::judge(record).await,
        _ => published::judge(record).await,
    }
}

/// The key of all cases whose method is RSA, in PKCS#8.
fn rsa_key(record: &Record) -> Option<String> {
    record.file.maybe("rsa_key/pkcs8_pem").map(str::to_owned)
}
