//! What tells one token from another.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What tells one token from another, hashed as it is told.
///
/// Every part goes in with its name and both their lengths, so that no two lists of parts are the same bytes.
pub(crate) struct Identity(Sha256);

impl Identity {
    pub(crate) fn new() -> Self {
        let mut identity = Self(Sha256::new());
        identity.add("tower-auth-oauth2", b"2"); // the version of what follows
        identity
    }

    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), value] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
