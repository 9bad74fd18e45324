//! Signatures in the query of a request.

use crate::percent;
use bytes::Bytes;
use http::{Uri, uri::PathAndQuery};
use tower_auth_core::{AuthError, ErrorKind};

/// What presigning writes.
const WRITTEN: [&str; 9] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Region-Set",
    "X-Amz-S3session-Token",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The first parameter that presigning writes, if there is one.
pub(crate) fn presigning(uri: &Uri) -> Option<&'static str> {
    uri.query()?.split('&').find_map(written)
}

/// The first that makes a signature: a date or an expiry by itself is a parameter like any other.
pub(crate) fn signature(uri: &Uri) -> Option<&'static str> {
    let plain = [
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Region-Set",
        "X-Amz-SignedHeaders",
    ];
    let mut names = uri.query()?.split('&').filter_map(written);
    names.find(|name| !plain.contains(name))
}

fn written(piece: &str) -> Option<&'static str> {
    let name = piece.split('=').next().unwrap_or("");
    if name.len() < 10 {
        return None; // shorter than all of them
    }
    let mut names = WRITTEN.into_iter();
    names.find(|written| percent::spells(name.as_bytes(), written.as_bytes()))
}

/// The same without these.
pub(crate) fn without_signature(uri: &Uri) -> Result<Uri, AuthError> {
    let kept = uri.query().unwrap_or("").split('&');
    let kept: Vec<_> = kept.filter(|piece| written(piece).is_none()).collect();
    let mut target = uri.path().to_owned();
    if !kept.is_empty() {
        target.push('?');
        target.push_str(&kept.join("&"));
    }
    with_target(uri, target.into())
}

/// The same, with another path and query.
pub(crate) fn with_target(uri: &Uri, target: Vec<u8>) -> Result<Uri, AuthError> {
    let error = |why| AuthError::new(ErrorKind::Request, why);
    let mut parts = uri.clone().into_parts();
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target))
        .map_err(|_| error("the request URI grows too long with the signature"))?;
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| error("a URI without scheme and host cannot be signed"))
}
