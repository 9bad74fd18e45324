//! `oauth_body_hash` (draft-eaton-oauth-bodyhash-00).

use crate::escape;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// With which hash: the draft names SHA-1 only, and leaves those of other signature methods to these.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BodyHash {
    Sha1,
    Sha256,
}

impl BodyHash {
    /// Base64 of the hash of the body, escaped once.
    pub(crate) fn escaped(self, body: &[u8]) -> String {
        escape::escaped(&match self {
            Self::Sha1 => STANDARD.encode(Sha1::digest(body)),
            Self::Sha256 => STANDARD.encode(Sha256::digest(body)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_draft() {
        let escaped = |body| BodyHash::Sha1.escaped(body);
        assert_eq!(escaped(b"Hello World!"), "Lve95gjOVATpfV8EL5X4nxwjKHE%3D");
        assert_eq!(escaped(b""), "2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D");
    }

    #[test]
    fn the_other_hash() {
        let empty = "47DEQpj8HBSa%2B%2FTImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D";
        assert_eq!(BodyHash::Sha256.escaped(b""), empty);
    }
}
