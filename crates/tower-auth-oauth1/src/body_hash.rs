//! `oauth_body_hash` (draft-eaton-oauth-bodyhash-00).

use crate::escape;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

/// Base64 of the SHA-1 of the body, escaped once.
pub(crate) fn escaped(body: &[u8]) -> String {
    escape::escaped(&STANDARD.encode(Sha1::digest(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_draft() {
        assert_eq!(escaped(b"Hello World!"), "Lve95gjOVATpfV8EL5X4nxwjKHE%3D");
        assert_eq!(escaped(b""), "2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D");
    }
}
