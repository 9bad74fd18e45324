//! Redirects: not below the layers, and above them without credentials for strangers.

use crate::{
    KEY,
    reqwest::{builder, client},
    server::Server,
    stack,
};
use axum::{Router, extract::Query, response::Redirect, routing::get};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use std::collections::HashMap;
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::reqwest_client::{NormalizeUri, ReqwestService};
use tower_http::follow_redirect::FollowRedirectLayer;

/// Sends `/to?uri=…` there; answers 200 to everything else.
async fn redirecting() -> Server {
    let to =
        async |Query(query): Query<HashMap<String, String>>| Redirect::temporary(&query["uri"]);
    Server::new(Router::new().route("/to", get(to)).fallback(async || ())).await
}

fn request(from: &Server, to: &str) -> Request<Full<Bytes>> {
    let uri = from.uri(&format!("/to?uri={to}"));
    Request::get(uri).body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_redirect_is_not_followed_below_the_layers() {
    let (home, elsewhere) = (redirecting().await, Server::echo().await);
    let follows = builder().redirect(::reqwest::redirect::Policy::limited(5));
    let stack = stack(&home.origin, ReqwestService::new(follows).unwrap());
    let request = request(&home, &elsewhere.uri("/next"));
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers()["location"], elsewhere.uri("/next"));
    home.only().assert_credentials();
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_that_is_followed_above_the_layers_carries_no_credentials_elsewhere() {
    let (home, elsewhere) = (redirecting().await, Server::echo().await);
    let stack = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(NormalizeUri::new())
        .service(stack(&home.origin, client()));
    let request = request(&home, &elsewhere.uri("/next"));
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    home.only().assert_credentials();
    assert_eq!(elsewhere.only().target, "/next");
    elsewhere.only().assert_no_credentials();
}

#[tokio::test]
async fn every_hop_to_the_same_origin_is_authenticated_and_normalized() {
    let home = redirecting().await;
    let stack = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(NormalizeUri::new())
        .service(stack(&home.origin, client()));
    let response = stack.oneshot(request(&home, "/next?q='x'")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let [first, second] = <[_; 2]>::try_from(home.seen()).unwrap();
    first.assert_credentials();
    assert_eq!(second.target, "/next?q=%27x%27");
    second.assert_credentials();
}

/// Why [`ReqwestService::new`] does not take a finished client.
#[tokio::test]
async fn a_finished_client_that_follows_redirects_takes_the_api_key_along() {
    let (home, elsewhere) = (redirecting().await, Server::echo().await);
    let client = ReqwestService::danger_from_client(builder().build().unwrap());
    let stack = stack(&home.origin, client);
    let request = request(&home, &elsewhere.uri("/next"));
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(elsewhere.only().all("x-api-key"), [KEY]);
}
