//! The cases in which our code may differ from the record, by kind: a predicate on the case, a reason, and what our code
//! has to do instead.

mod answers;
mod grants;
mod signatures;

use crate::record::{Read as _, Record};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use tower_auth_core::{AuthError, ErrorKind};

/// Some cases, and why they are exceptions.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) name: &'static str,
    /// Printed with every skip.
    pub(crate) reason: &'static str,
    /// Where the reason comes from: an RFC, the documentation of an item.
    pub(crate) source: &'static str,
    /// Whether a case is one: no more of them than the reason has.
    pub(crate) covers: fn(&Record) -> bool,
    pub(crate) ours: Ours,
}

/// What our code does with such a case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ours {
    /// There is nothing to compare, so that it is not run.
    Nothing,
    /// It is run, and has to end with such an error.
    Refused(fn(&AuthError) -> bool),
    /// It is run, and our answer has to be the recorded one with this change.
    Otherwise(fn(&mut Value)),
}

impl Exception {
    pub(crate) fn is_this(&self, error: &AuthError) -> bool {
        matches!(self.ours, Ours::Refused(is_this) if is_this(error))
    }
}

/// All of them, in the order in which they are looked at.
pub(crate) const ALL: &[&[Exception]] = &[
    grants::ALL,
    answers::ALL,
    signatures::ALL,
    &[
        Exception {
            name: "hashes of an ID token",
            reason: "of an ID token the nonce is compared and nothing else is verified, so that its hashes are never made",
            source: "the documentation of tower_auth_oauth2, logins in a browser",
            covers: |record| record.is("oauth2_vectors", "oidc_hashes"),
            ours: Ours::Nothing,
        },
        Exception {
            name: "verifier of somebody else",
            reason: "our verifiers are made of bytes, so that they are base64url, and none is taken from elsewhere",
            source: "the documentation of tower_auth_oauth2::Pkce",
            covers: |record| {
                let verifier = record.maybe("verifier").unwrap_or_default();
                record.is("oauth2_vectors", "rfc7636_pkce")
                    && record.name.starts_with("more_valid/")
                    && BASE64_URL_SAFE_NO_PAD.decode(verifier).is_err()
            },
            ours: Ours::Nothing,
        },
        Exception {
            name: "metadata of a protected resource",
            reason: "a resource server's own metadata are looked for by nothing here",
            source: "the public items of tower_auth_oauth2: there is no RFC 9728",
            covers: |record| record.is("oauth2_vectors", "rfc9728_protected_resource"),
            ours: Ours::Nothing,
        },
        Exception {
            name: "words",
            reason: "words about the other entries, with nothing in them to compare",
            source: "the entries themselves: texts, or lists of texts",
            covers: |record| {
                let texts = record.as_array().map_or(&[][..], Vec::as_slice);
                let is_text = record.is_string() || texts.iter().any(Value::is_string);
                let names = ["json_serialisation", "note", "rule", "rules"];
                let is_about = names.contains(&&*record.name) || record.name.starts_with("quirks/");
                record.format == "oauth2_vectors" && is_text && is_about
            },
            ours: Ours::Nothing,
        },
    ],
];

/// A constructor refuses, for this parameter.
fn blames(error: &AuthError, parameters: &[&str]) -> bool {
    let blamed = error.parameter();
    error.kind() == ErrorKind::Configuration
        && blamed.is_some_and(|parameter| parameters.contains(&parameter))
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_control())
}

/// Whether a value is there and is something.
fn given(value: &Value, path: &str) -> bool {
    value.at(path).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_exception_has_a_name_of_its_own_a_reason_and_a_source() {
        let mut names = HashSet::new();
        for exception in ALL.iter().copied().flatten() {
            assert!(names.insert(exception.name), "{}", exception.name);
            assert!(
                exception.reason.len() > 20 && exception.source.len() > 7,
                "{}",
                exception.name
            );
        }
    }
}
