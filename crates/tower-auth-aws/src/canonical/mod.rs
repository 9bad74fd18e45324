//! The canonical request: the one form in which client and server spell a request, so that both hash the same bytes.
//!
//! It is a pure function of what goes on the wire: method, target, headers, and the payload line.

mod headers;
mod path;
mod query;

pub use self::{headers::NEVER_SIGNED, path::PathRules};
pub(crate) use self::{
    headers::{HeaderRules, SignedHeaders},
    path::is_s3,
    path::put_path,
    query::put_query,
};

use crate::sink::Sink;
use http::Method;
use tower_auth_core::RequestHead;

/// The query of a request.
#[derive(Clone, Copy)]
pub(crate) enum Query<'a> {
    /// As it is on the wire.
    Wire(Option<&'a str>),
    /// In the one form that is hashed.
    Canonical(&'a [u8]),
}

/// What of a request comes before its headers.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Query<'a>,
}

impl<'a> From<RequestHead<'a>> for Target<'a> {
    fn from(request: RequestHead<'a>) -> Self {
        Self {
            method: request.method,
            path: request.uri.path(),
            query: Query::Wire(request.uri.query()),
        }
    }
}

/// Writes the canonical request: no newline at its end.
pub(crate) fn put_request(
    sink: &mut impl Sink,
    target: Target<'_>,
    rules: PathRules,
    headers: &SignedHeaders<'_>,
    names: &[u8],
    payload: &[u8],
) {
    sink.put(target.method.as_str().as_bytes());
    sink.put_byte(b'\n');
    put_path(sink, target.path.as_bytes(), rules);
    sink.put_byte(b'\n');
    match target.query {
        Query::Wire(query) => put_query(sink, query.unwrap_or("").as_bytes()),
        Query::Canonical(query) => sink.put(query),
    }
    sink.put_byte(b'\n');
    headers.put_lines(sink);
    sink.put_byte(b'\n');
    sink.put(names);
    sink.put_byte(b'\n');
    sink.put(payload);
}
