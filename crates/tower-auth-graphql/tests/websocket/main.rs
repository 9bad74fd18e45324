//! Subscriptions over WebSockets: against async-graphql's own server, and against servers that misbehave.
#![cfg(all(feature = "ws", feature = "login"))]

mod faults;
#[cfg(feature = "ws-http2")]
mod http2;
mod peer;
mod reconnect;
mod scripted;

use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Duration;
use tower_auth_graphql::{Body, Error, Response, Subscription, WebSocket};

type Http = Hyper<HttpConnector, Body>;

fn http() -> Http {
    Hyper::builder(TokioExecutor::new()).build_http()
}

/// Quick to notice, and quick to try again.
fn quick() -> WebSocket {
    WebSocket::new()
        .reconnect_delay(Duration::from_millis(10), Duration::from_millis(50))
        .ack_timeout(Duration::from_secs(5))
}

/// The next result, which has to come in time.
async fn next(results: &mut Subscription) -> Option<Result<Response, Error>> {
    tokio::time::timeout(Duration::from_secs(10), results.next())
        .await
        .expect("it hangs")
}

async fn value(results: &mut Subscription) -> serde_json::Value {
    let response = next(results).await.expect("it is over").expect("it failed");
    response.decode().unwrap().data.unwrap_or_default()
}

async fn failure(results: &mut Subscription) -> Error {
    let error = loop {
        match next(results).await.expect("it completed") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        next(results).await.is_none(),
        "nothing comes after an error"
    );
    error
}
