//! What several tests need.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses its part

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};
use tower::{service_fn, util::BoxCloneSyncService};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth1::{NonceSource, OAuth1};

pub type Body = Full<Bytes>;
pub type Client = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The same nonce again and again.
#[derive(Debug)]
pub struct Always(pub &'static str);

impl NonceSource for Always {
    fn nonce(&self) -> String {
        self.0.to_owned()
    }
}

/// At this time, with this nonce.
pub fn at<P, R>(oauth: OAuth1<P, R>, seconds: u64, nonce: &'static str) -> OAuth1<P, R> {
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(seconds));
    oauth.clock(Clock::new(clock)).nonces(Always(nonce))
}

/// Requests as they arrived.
pub type Seen = Arc<Mutex<Vec<Request<Body>>>>;

/// A server that remembers requests and answers always the same.
pub fn server(status: u16, answer: impl Into<Bytes>) -> (Client, Seen) {
    let seen = Seen::default();
    let writes = Arc::clone(&seen);
    let answer = answer.into();
    let service = service_fn(move |request: Request<Body>| {
        writes.lock().unwrap().push(request);
        let mut response = Response::new(Body::from(answer.clone()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        std::future::ready(Ok(response))
    });
    (BoxCloneSyncService::new(service), seen)
}

/// As the client of three legs.
#[cfg(feature = "legs")]
pub fn http(client: Client) -> tower_auth_oauth1::HttpClient {
    let whole = |request: Request<tower_auth_oauth1::Body>| {
        request.map(|body| Full::new(body.into_bytes()))
    };
    tower_auth_oauth1::HttpClient::new(
        tower::ServiceBuilder::new()
            .map_request(whole)
            .service(client),
    )
}

/// The value of a parameter of an `Authorization` header, as it stands there.
pub fn parameter(request: &Request<Body>, name: &str) -> Option<String> {
    let header = request.headers().get("authorization")?.to_str().unwrap();
    let (_, rest) = header.split_once(&format!("{name}=\""))?;
    Some(rest.split('"').next().unwrap().to_owned())
}
