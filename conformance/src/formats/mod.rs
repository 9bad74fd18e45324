//! The formats of vector files. A further format is a further module, and a line in [`ALL`].

mod httpx_auth_simple;
mod oauth2_vectors;

use crate::case::Case;
use serde_json::{Map, Value};

/// A format: tells its files, and makes cases of them.
pub(crate) trait Format {
    /// What ids of its cases begin with.
    fn name(&self) -> &'static str;

    /// Whether a file is of this format, by its top-level keys, and by those of its first entries where other formats
    /// have the same.
    fn recognizes(&self, file: &Map<String, Value>) -> bool;

    /// All cases of a file. What is not understood becomes a [`Case::unknown`], never silence.
    fn cases(&self, file: &Map<String, Value>) -> Vec<Case>;
}

/// All formats.
pub(crate) const ALL: &[&dyn Format] = &[
    &httpx_auth_simple::HttpxAuthSimple,
    &oauth2_vectors::OAuth2Vectors,
];
