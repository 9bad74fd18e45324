//! The formats of vector files. A further format is a further module, and a line in [`ALL`].

mod aws;
pub(crate) mod httpx_auth_grants;
pub(crate) mod httpx_auth_simple;
mod jws;
mod jwt_assertion_vectors;
pub(crate) mod oauth1_vectors;
mod oauth2_vectors;
pub(crate) mod url;

pub(crate) use self::oauth2_vectors::basic as oauth2_basic;

use crate::{
    case::{Case, Why},
    record::{Record, text},
};
use serde_json::{Map, Value};

/// A format: tells its files, and makes cases of them.
pub(crate) trait Format {
    /// What ids of its cases begin with.
    fn name(&self) -> &'static str;

    /// Whether a file is of this format, by its top-level keys, and by those of its first entries where other formats
    /// have the same.
    fn recognizes(&self, file: &Map<String, Value>) -> bool;

    /// All cases of a file. What is not understood becomes a [`Case::unknown`], never silence.
    fn cases(&self, file: &Record) -> Vec<Case>;
}

/// All formats.
pub(crate) const ALL: &[&dyn Format] = &[
    &aws::Suite,
    &aws::BotocoreRandom,
    &aws::HttpxAuthAws4,
    &httpx_auth_simple::HttpxAuthSimple,
    &oauth1_vectors::OAuth1Vectors,
    &httpx_auth_grants::AuthorizationUrls,
    &httpx_auth_grants::CacheKeys,
    &httpx_auth_grants::CallbackServer,
    &httpx_auth_grants::ProofKeys,
    &httpx_auth_grants::TokenCache,
    &httpx_auth_grants::TokenRequests,
    &httpx_auth_grants::TokenResponses,
    &jwt_assertion_vectors::JwtAssertionVectors,
    &oauth2_vectors::OAuth2Vectors,
];

/// The bytes of hexadecimal digits.
fn hex(digits: &str) -> Result<Vec<u8>, Why> {
    if digits.len() % 2 != 0 || !digits.is_ascii() {
        return Err("is not hexadecimal".into());
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(text))
        .collect()
}
