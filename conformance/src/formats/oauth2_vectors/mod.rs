//! `oauth2_vectors.json`: facts of the OAuth RFCs, in parts. The part that is judged is `basic`.

mod basic;

use super::Format;
use crate::case::Case;
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
                _ => entries(content)
                    .map(|(name, _)| {
                        Case::unknown(format!("{NAME}/{part}/{name}"), "nothing judges this part")
                    })
                    .collect(),
            })
            .collect()
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
}
