//! A login session with cookies.
#![cfg(feature = "cookies")]

mod support;

use axum::{
    Router,
    http::{HeaderMap, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
    routing::post,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use support::{http, serve};
use tower_auth_graphql::{Client, CookieJar, CookieLayer, Reply};
use tower_layer::Layer as _;

static NUMBER: AtomicUsize = AtomicUsize::new(0);

async fn log_in() -> impl IntoResponse {
    let cookie = format!("session={}; Path=/; HttpOnly", NUMBER.fetch_add(1, SeqCst));
    (
        AppendHeaders([(SET_COOKIE, cookie)]),
        axum::Json(json!({"data": {"ok": true}})),
    )
}

async fn me(headers: HeaderMap) -> impl IntoResponse {
    let cookie = headers
        .get("cookie")
        .map(|value| value.to_str().unwrap().to_owned());
    axum::Json(json!({"data": {"cookie": cookie}}))
}

async fn server() -> String {
    serve(
        Router::new()
            .route("/login", post(log_in))
            .route("/graphql", post(me)),
    )
    .await
}

#[tokio::test]
async fn a_session_survives_requests_and_stays_at_its_origin() {
    let (one, other) = (server().await, server().await);
    let jar = CookieJar::new();
    let layer = CookieLayer::new(jar.clone()).only_to(one.as_str()).unwrap();
    let client = |path: &str| Client::builder(path).unwrap().build(layer.layer(http()));
    let cookie = async |endpoint: String| {
        client(&endpoint)
            .query("{ cookie }")
            .data::<Value>()
            .await
            .unwrap()["cookie"]
            .clone()
    };

    assert_eq!(cookie(format!("{one}/graphql")).await, Value::Null);
    client(&format!("{one}/login"))
        .query("{ ok }")
        .data::<Value>()
        .await
        .unwrap();
    assert!(
        cookie(format!("{one}/graphql"))
            .await
            .as_str()
            .unwrap()
            .starts_with("session=")
    );
    // Another port of the same host is another origin.
    assert_eq!(cookie(format!("{other}/graphql")).await, Value::Null);

    let own = http::HeaderValue::from_static("mine=1");
    let endpoint = format!("{one}/graphql");
    let client = client(&endpoint);
    let call = client.query("{ cookie }").header(http::header::COOKIE, own);
    assert_eq!(call.data::<Value>().await.unwrap()["cookie"], "mine=1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_share_the_jar() {
    let server = server().await;
    let jar = CookieJar::new();
    let layer = CookieLayer::new(jar.clone());
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = Client::builder(format!("{server}/login"))
                .unwrap()
                .build(layer.layer(http()));
            tokio::spawn(async move { client.query("{ ok }").reply().await })
        })
        .collect();
    for call in calls {
        assert!(matches!(
            call.await.unwrap().unwrap().body(),
            Reply::Single(_)
        ));
    }
    assert_eq!(jar.len(), 1);
}
