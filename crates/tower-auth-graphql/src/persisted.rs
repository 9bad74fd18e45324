//! Automatic persisted queries: a hash in the place of a document.

use crate::{GraphQlError, OperationKind, Reply, Request, Response};
use http::StatusCode;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

const EXTENSION: &str = "persistedQuery";

/// Whether hashes are sent. A server that turns out not to know them is believed for the life of the client.
#[derive(Debug, Default)]
pub(crate) struct Persisted {
    on: AtomicBool,
    /// The server has understood a hash.
    understood: AtomicBool,
}

/// What a server says to a hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Known,
    NotFound,
    NotSupported,
    /// It seems that the server misses the document, and has never heard of hashes.
    NotUnderstood,
}

impl Persisted {
    pub(crate) fn on() -> Self {
        Self {
            on: AtomicBool::new(true),
            understood: AtomicBool::new(false),
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
        request.extensions.remove(EXTENSION);
    }

    /// What this answer to a hash says.
    pub(crate) fn judge(
        &self,
        reply: &http::Response<Reply>,
        kind: Option<OperationKind>,
    ) -> Answer {
        let answer = match reply.body() {
            Reply::Single(response) => self.judge_response(response, reply.status(), kind),
            // Whoever does not even see an operation may answer with a page.
            Reply::NotGraphQl(_) if misses_something(reply.status()) => Answer::NotUnderstood,
            _ => return Answer::Known,
        };
        match answer {
            Answer::NotUnderstood if self.understood.load(Ordering::Relaxed) => Answer::Known,
            Answer::Known | Answer::NotFound => {
                self.understood.store(true, Ordering::Relaxed);
                answer
            }
            answer => answer,
        }
    }

    fn judge_response(
        &self,
        response: &Response,
        status: StatusCode,
        kind: Option<OperationKind>,
    ) -> Answer {
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
        // Nothing was executed: no data, and no field that failed. Of a mutation the status has to say so too.
        let refused = response.data.is_none()
            && response.auth_failure.is_none()
            && response.errors.iter().all(|error| error.path.is_empty());
        let is_query = kind == Some(OperationKind::Query);
        if refused && (misses_something(status) || (is_query && status.is_success())) {
            return Answer::NotUnderstood;
        }
        Answer::Known
    }

    /// What the answer to the document says of the hash before it.
    pub(crate) fn learn(&self, answer: Answer, reply: &Reply) {
        let executed = matches!(reply, Reply::Single(response) if response.data.is_some());
        if answer == Answer::NotSupported || (answer == Answer::NotUnderstood && executed) {
            self.on.store(false, Ordering::Relaxed);
        }
    }
}

/// A status that says that a request lacks something, and was not executed.
fn misses_something(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 405 | 415 | 422)
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
        assert_eq!(request.extensions.len(), 1);
        persisted.learn(Answer::NotSupported, &Reply::Batch(Vec::new()));
        assert!(!persisted.is_on());
    }
}
