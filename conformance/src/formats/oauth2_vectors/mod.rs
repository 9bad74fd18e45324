//! `oauth2_vectors.json`: facts of the OAuth RFCs, in parts.

mod answers;
mod basic;
mod device;
mod facts;
mod keys;

use super::Format;
use crate::case::{Case, Verdict};
use serde_json::{Map, Value};

pub(crate) struct OAuth2Vectors;

const NAME: &str = "oauth2_vectors";

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
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.keys().any(|key| PARTS.contains(&key.as_str()))
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let parts = file.iter().filter(|(part, _)| !part.starts_with('_'));
        parts
            .flat_map(|(part, content)| match part.as_str() {
                "basic" => basic::cases(content),
                // A case for each entry, so that the count shows how much is not judged.
                _ => leaves(part, content)
                    .into_iter()
                    .map(|(path, entry)| {
                        let (file, part, whole) = (file.clone(), part.clone(), content.clone());
                        let id = format!("{NAME}/{part}/{}", path.join("/"));
                        Case::new(id, async move {
                            Verdict::from(judge(&file, &part, &whole, &path, &entry).await)
                        })
                    })
                    .collect(),
            })
            .collect()
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

async fn judge(
    file: &Map<String, Value>,
    part: &str,
    whole: &Value,
    path: &[String],
    entry: &Value,
) -> Result<(), String> {
    let (name, index) = (&*path[0], path.get(1).map_or("", String::as_str));
    match (part, name) {
        ("rfc6749_examples", name) => answers::example(name, entry).await,
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
            keys::proof(whole, entry)
        }
        ("rfc7523_client_assertion", name) => facts::client_assertion(file, whole, name).await,
        ("rfc7662_introspection", _) => answers::introspection(entry).await,
        ("rfc8414_metadata", name) => facts::metadata(name, index, entry),
        ("rfc8628_device", "poll_rules") => device::rule(whole, entry),
        ("rfc8628_device", name) => device::judge(whole, name),
        ("rfc8693_token_exchange", name) => answers::exchange(whole, name).await,
        ("loopback_and_https_rules", list) => facts::url(list, entry),
        _ => Err("nothing judges this part".to_owned()),
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

#[cfg(test)]
mod tests {
    use crate::{
        exceptions::Exceptions,
        run::{End, tests::judged},
    };
    use serde_json::json;

    #[test]
    fn a_part_that_nothing_judges_fails_unless_it_is_an_exception() {
        let file = json!({"rfc7636_pkce": {"one": {}, "two": {}}, "rfc0_new": ["three"]});
        let (end, out) = judged(&file.to_string(), &Exceptions::default());
        assert_eq!(end, End::Failed);
        assert!(
            out.contains("FAIL oauth2_vectors/rfc7636_pkce/one: "),
            "{out}"
        );
        assert!(out.ends_with("0 passed, 3 failed, 0 skipped\n"), "{out}");
        let (end, out) = judged(&file.to_string(), &Exceptions::embedded().unwrap());
        assert_eq!(end, End::Failed);
        assert!(
            out.contains("SKIP oauth2_vectors/rfc7636_pkce/two: "),
            "{out}"
        );
        assert!(out.contains("FAIL oauth2_vectors/rfc0_new/0: "), "{out}");
        assert!(out.ends_with("0 passed, 1 failed, 2 skipped\n"), "{out}");
    }

    #[test]
    fn what_the_rfcs_say_passes_and_anything_else_fails() {
        let outcome = |file: serde_json::Value| judged(&file.to_string(), &Exceptions::default());
        for (good, bad) in [
            (
                json!({"loopback_and_https_rules": {"refuse": ["http://as.example/"]}}),
                json!({"loopback_and_https_rules": {"allow_plain_http": ["http://as.example/"]}}),
            ),
            (
                json!({"rfc6750_www_authenticate": [{"header": "A, B c=d", "parsed": [
                    {"scheme": "A", "params": {}}, {"scheme": "B", "params": {"c": "d"}},
                ]}]}),
                json!({"rfc6750_www_authenticate": [{"header": "A, B c=d", "parsed": [{"scheme": "A", "params": {}}]}]}),
            ),
            (
                json!({"rfc8414_metadata": {"reject": [{"fetched_for": "https://a", "issuer_in_document": "https://b"}]}}),
                json!({"rfc8414_metadata": {"reject": [{"fetched_for": "https://a", "issuer_in_document": "https://a"}]}}),
            ),
            (
                json!({"rfc6749_token_response": {"quirks_seen_in_the_wild": [
                    {"body": "{\"access_token\":\"a\",\"expires_in\":\"7\"}", "expect": {"expires_in": 7}},
                ]}}),
                json!({"rfc6749_token_response": {"quirks_seen_in_the_wild": [
                    {"body": "{\"access_token\":\"a\",\"expires_in\":\"7\"}", "expect": {"expires_in": 8}},
                ]}}),
            ),
            (
                json!({"rfc8628_device": {"response": {
                    "device_code": "d", "user_code": "u", "verification_uri": "https://v", "expires_in": 99, "interval": 3,
                }, "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "poll_rules": [
                    {"error": "slow_down", "do": "interval += 5"}, {"error": "access_denied", "do": "stop"},
                ]}}),
                json!({"rfc8628_device": {"response": {
                    "device_code": "d", "user_code": "u", "verification_uri": "https://v", "expires_in": 99,
                }, "poll_rules": [{"error": "slow_down", "do": "wait interval"}]}}),
            ),
            (
                json!({"rfc6749_examples": {"password_body": "grant_type=password&username=u&password=p"}}),
                json!({"rfc6749_examples": {"password_body": "grant_type=password&username=u&password=p&scope=s"}}),
            ),
        ] {
            let (end, out) = outcome(good);
            assert_eq!(end, End::Passed, "{out}");
            let (end, out) = outcome(bad);
            assert_eq!(end, End::Failed, "{out}");
        }
    }
}
