//! A login session with cookies.
#![cfg(feature = "cookies")]

mod support;

use axum::{
    Router,
    extract::Query,
    http::{
        HeaderMap, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse},
    routing::{get, post},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use support::{http, serve};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_auth_graphql::{Body, Client, CookieJar, CookieLayer, Reply};
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

/// Sets a cookie and sends on to where the query says.
async fn send_on(Query(to): Query<std::collections::HashMap<String, String>>) -> impl IntoResponse {
    let headers = [
        (SET_COOKIE, "hop=1; Path=/".to_owned()),
        (LOCATION, to["to"].clone()),
    ];
    (StatusCode::FOUND, AppendHeaders(headers))
}

#[tokio::test]
async fn cookies_of_a_redirect_are_kept_and_go_to_their_own_host_only() {
    let app = || {
        Router::new()
            .route("/to", get(send_on))
            .route("/me", get(me))
    };
    let one = serve(app()).await;
    // The same machine under another name: cookies know nothing of ports.
    let other = serve(app()).await.replace("127.0.0.1", "localhost");
    let jar = CookieJar::new();
    let http = ServiceBuilder::new()
        .layer(tower_http::follow_redirect::FollowRedirectLayer::new())
        .layer(CookieLayer::new(jar.clone()))
        .service(http());
    let cookie = async |uri: String| {
        let request = http::Request::get(uri).body(Body::empty()).unwrap();
        let response = http.clone().oneshot(request).await.unwrap();
        let json = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&json).unwrap()["data"]["cookie"].clone()
    };
    assert_eq!(cookie(format!("{one}/to?to={other}/me")).await, Value::Null);
    assert_eq!(jar.len(), 1);
    assert_eq!(cookie(format!("{other}/me")).await, Value::Null);
    assert_eq!(cookie(format!("{one}/me")).await, "hop=1");
    // Set on the way, and sent at the next hop.
    jar.clear();
    assert_eq!(cookie(format!("{one}/to?to=/me")).await, "hop=1");
}

#[tokio::test]
async fn no_cookie_goes_in_the_clear_to_another_machine_unless_told() {
    let jar = CookieJar::new();
    let sent = async |layer: &CookieLayer, uri: &'static str| {
        let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
        let http = layer.layer(tower::service_fn(move |request: http::Request<()>| {
            sender
                .send(request.headers().get("cookie").cloned())
                .unwrap();
            let set = http::Response::builder()
                .header(SET_COOKIE, "id=1; Path=/")
                .body(());
            std::future::ready(Ok::<_, std::convert::Infallible>(set.unwrap()))
        }));
        for _ in 0..2 {
            http.clone()
                .oneshot(http::Request::get(uri).body(()).unwrap())
                .await
                .unwrap();
        }
        sent.recv().await.unwrap();
        sent.recv()
            .await
            .unwrap()
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let layer = CookieLayer::new(jar);
    assert_eq!(sent(&layer, "http://h.example/").await, None);
    assert_eq!(
        sent(&layer, "https://h.example/").await.as_deref(),
        Some("id=1")
    );
    for here in ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/"] {
        assert_eq!(sent(&layer, here).await.as_deref(), Some("id=1"), "{here}");
    }
    let told = layer.danger_allow_plaintext();
    assert_eq!(
        sent(&told, "http://other.example/").await.as_deref(),
        Some("id=1")
    );
}

#[tokio::test]
async fn a_request_whose_headers_are_full_goes_without_cookies() {
    let layer = CookieLayer::new(CookieJar::new());
    let http = layer.layer(tower::service_fn(|request: http::Request<()>| {
        let set = http::Response::builder().header(SET_COOKIE, "id=1; Path=/");
        std::future::ready(Ok::<_, std::convert::Infallible>(
            set.body(request.headers().contains_key("cookie")).unwrap(),
        ))
    }));
    let mut full = http::Request::get("https://h.example/").body(()).unwrap();
    for name in 0_u32.. {
        let name = http::HeaderName::try_from(format!("n{name}")).unwrap();
        if full
            .headers_mut()
            .try_insert(name, http::HeaderValue::from_static("x"))
            .is_err()
        {
            break;
        }
    }
    for (request, has_cookie) in [(full.clone(), false), (full, false)] {
        assert_eq!(
            *http.clone().oneshot(request).await.unwrap().body(),
            has_cookie
        );
    }
    let request = http::Request::get("https://h.example/").body(()).unwrap();
    assert!(*http.clone().oneshot(request).await.unwrap().body());
}
