//! Automatic persisted queries: a hash in the place of a document.

use crate::{GraphQlError, Reply, Request};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

const EXTENSION: &str = "persistedQuery";

/// Whether hashes are sent. A server that says that it does not know them is believed for the life of the client.
#[derive(Debug, Default)]
pub(crate) struct Persisted {
    on: AtomicBool,
}

/// What a server says to a hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Known,
    NotFound,
    NotSupported,
}

impl Persisted {
    pub(crate) fn on() -> Self {
        Self {
            on: AtomicBool::new(true),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(crate) fn add_hash(&self, request: &mut Request) {
        let Some(query) = &request.query else { return };
        let mut hash = String::with_capacity(64);
        for byte in Sha256::digest(query.as_bytes()) {
            // Writing to a text does not fail.
            let _ = write!(hash, "{byte:02x}");
        }
        let extension = json!({"version": 1, "sha256Hash": hash});
        request.extensions.insert(EXTENSION.to_owned(), extension);
    }

    pub(crate) fn remove_hash(&self, request: &mut Request) {
        self.on.store(false, Ordering::Relaxed);
        request.extensions.remove(EXTENSION);
    }

    pub(crate) fn judge(&self, reply: &Reply) -> Answer {
        let Reply::Single(response) = reply else {
            return Answer::Known;
        };
        // By message or code: servers differ in both.
        let says = |error: &GraphQlError, message, code| {
            error.message == message || error.code() == Some(code)
        };
        for error in &response.errors {
            if says(error, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND") {
                return Answer::NotFound;
            }
            if says(
                error,
                "PersistedQueryNotSupported",
                "PERSISTED_QUERY_NOT_SUPPORTED",
            ) {
                return Answer::NotSupported;
            }
        }
        Answer::Known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_lower_case_hexadecimal_of_the_exact_text() {
        let mut request = Request::new("{__typename}");
        Persisted::on().add_hash(&mut request);
        // Apollo's documentation computes this one.
        assert_eq!(
            request.extensions[EXTENSION]["sha256Hash"],
            "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"
        );
    }

    #[test]
    fn turning_it_off_leaves_other_extensions_alone() {
        let persisted = Persisted::on();
        let mut request = Request::new("{ a }").extension("trace", true);
        persisted.add_hash(&mut request);
        persisted.remove_hash(&mut request);
        assert!(!persisted.is_on());
        assert_eq!(request.extensions.len(), 1);
    }
}
