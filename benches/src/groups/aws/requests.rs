//! Requests as callers make them: with a `Host`, as the peers want it.

use crate::Body;
use bytes::Bytes;
use http::Request;
use std::sync::LazyLock;

fn request(method: &str, uri: &'static str, body: Bytes) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "api.example.com")
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("x-request-id", "3f0e6c1c-7d0a-4a3e-9d7b-0d6b5b2f9a11")
        .body(Body::new(body))
        .expect("a constant request")
}

pub(super) fn get() -> Request<Body> {
    request("GET", "https://api.example.com/v1/items", Bytes::new())
}

/// reqsign leaves the host out of no request, and signs what is there.
pub(super) fn get_for_reqsign() -> Request<Body> {
    get()
}

pub(super) fn post() -> Request<Body> {
    static BODY: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b'x'; 1024]));
    request("POST", "https://api.example.com/v1/items", BODY.clone())
}

pub(super) fn put() -> Request<Body> {
    static BODY: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b'x'; 1024 * 1024]));
    request("PUT", "https://api.example.com/bucket/key", BODY.clone())
}
