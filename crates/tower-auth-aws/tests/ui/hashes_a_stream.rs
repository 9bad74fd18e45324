use bytes::Bytes;
use http::Request;
use http_body_util::combinators::BoxBody;
use tower_auth_aws::SigV4;
use tower_auth_core::Authorize;

fn sign(scheme: &SigV4, request: &mut Request<BoxBody<Bytes, std::io::Error>>) {
    let _ = scheme.authorize((), request);
}

fn main() {}
