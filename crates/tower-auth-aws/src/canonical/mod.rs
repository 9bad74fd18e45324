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
use tower_auth_core::RequestHead;

/// Writes the canonical request: no newline at its end.
pub(crate) fn put_request(
    sink: &mut impl Sink,
    request: RequestHead<'_>,
    path: PathRules,
    headers: &SignedHeaders<'_>,
    names: &[u8],
    payload: &[u8],
) {
    sink.put(request.method.as_str().as_bytes());
    sink.put_byte(b'\n');
    put_path(sink, request.uri.path().as_bytes(), path);
    sink.put_byte(b'\n');
    put_query(sink, request.uri.query().unwrap_or("").as_bytes());
    sink.put_byte(b'\n');
    headers.put_lines(sink);
    sink.put_byte(b'\n');
    sink.put(names);
    sink.put_byte(b'\n');
    sink.put(payload);
}
