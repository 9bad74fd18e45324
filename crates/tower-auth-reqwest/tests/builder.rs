//! The request builder: what it sends through the layers, and how it fails.
#![cfg(all(feature = "json", feature = "query", feature = "form"))]

use axum::{Json, Router, body::Bytes, extract::Request, http::HeaderMap};
use http::StatusCode;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::{BoxError, ServiceBuilder, timeout::TimeoutLayer, util::BoxCloneSyncServiceLayer};
use tower_auth_aws::SigV4;
use tower_auth_core::{Basic, ErrorKind, HeaderApiKey, QueryApiKey, SchemeExt};
use tower_auth_reqwest::{Client, NormalizeUri, SendErrorKind};

/// Answers with what it was sent, as JSON.
async fn echo() -> String {
    serve(Router::new().fallback(async |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let headers: serde_json::Map<_, _> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
            .collect();
        Json(json!({
            "method": parts.method.as_str(),
            "target": parts.uri.to_string(),
            "headers": headers,
            "body": String::from_utf8_lossy(&body),
        }))
    }))
    .await
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    origin
}

fn reqwest() -> Client {
    Client::new(reqwest::Client::builder().no_proxy()).unwrap()
}

#[tokio::test]
async fn what_reqwest_builds_arrives_with_credentials() {
    let origin = echo().await;
    let auth = HeaderApiKey::new("key").unwrap() + QueryApiKey::new("secret").unwrap();
    let client = reqwest().layer(auth.only_to(&origin).unwrap());
    let seen: Value = client
        .post(format!("{origin}/users?a=1"))
        .query(&[("b", "x y")])
        .header("x-other", "1")
        .json(&json!({"name": "Ada"}))
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/users?a=1&b=x+y&api_key=secret");
    assert_eq!(seen["headers"]["x-api-key"], "key");
    assert_eq!(seen["headers"]["x-other"], "1");
    assert_eq!(seen["headers"]["content-type"], "application/json");
    assert_eq!(seen["body"], r#"{"name":"Ada"}"#);

    let seen: Value = client
        .put(&origin)
        .form(&[("a", "1 2")])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["body"], "a=1+2");
}

#[tokio::test]
async fn a_body_of_the_builder_is_signed() {
    let origin = echo().await;
    let keys = tower_auth_aws::Credentials::new("AKIDEXAMPLE", "secret").unwrap();
    let auth = SigV4::new("execute-api", "eu-west-1", keys).unwrap();
    let client = reqwest()
        .layer(auth.only_to(&origin).unwrap())
        .layer(NormalizeUri::new());
    let seen: Value = client
        .post(format!("{origin}/a/../b?q='x'"))
        .json(&json!({"a": 1}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let authorization = seen["headers"]["authorization"].as_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 "));
    assert_eq!(seen["target"], "/b?q=%27x%27");
    assert_eq!(seen["body"], r#"{"a":1}"#);
}

#[tokio::test]
async fn an_answer_with_a_bad_status_is_no_error_until_it_is_asked_for() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let origin = serve(
        Router::new().fallback(async move |_: HeaderMap, body: Bytes| {
            count.fetch_add(1, Ordering::Relaxed);
            (StatusCode::UNAUTHORIZED, body)
        }),
    )
    .await;
    let auth = Basic::new("user", "password").unwrap();
    let client = reqwest().layer(auth.only_to(&origin).unwrap());
    let response = client.post(&origin).body("text").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.error_for_status().is_err());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_answer_knows_its_url_and_not_what_the_layers_added_to_it() {
    let origin = serve(Router::new().fallback(async || StatusCode::FORBIDDEN)).await;
    let key = QueryApiKey::new("planted").unwrap();
    let client = reqwest().layer(key.only_to(&origin).unwrap());
    let url = format!("{origin}/a?b=1");
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.url().as_str(), url);
    let error = response.error_for_status().unwrap_err();
    assert!(error.to_string().contains(&url), "{error}");
    assert!(!format!("{error:?}").contains("planted"), "{error:?}");
}

#[tokio::test]
async fn every_failure_says_who_failed() {
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let auth = Basic::new("user", "password").unwrap();
    let client = reqwest().layer(auth.clone());

    let error = client.get("not a url").send().await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Client);

    let error = client
        .get(format!("{nobody}/path?key=planted"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    assert!(!shown.contains("planted"), "{shown}");

    let error = client.get("http://a.example/").send().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), ErrorKind::Insecure);
    assert_eq!(error.kind(), SendErrorKind::Auth);

    // The same below two schemes, which is an error in an error.
    let two = client.clone().layer(HeaderApiKey::new("key").unwrap());
    let error = two.get(&nobody).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(error.kind(), SendErrorKind::Client);
    let error = two.get("http://a.example/").send().await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Auth);

    let silent = serve(Router::new().fallback(async || std::future::pending::<()>().await)).await;
    let late = Duration::from_millis(50);
    let error = client.get(&silent).timeout(late).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");

    let client = client.layer(TimeoutLayer::new(late));
    let error = client.get(&silent).send().await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Layer);
    let _: BoxError = error.into();
}

#[tokio::test]
async fn a_stream_is_refused_before_anything_is_sent() {
    let origin = echo().await;
    let pieces = tokio_stream::iter(["a", "b"].map(Ok::<_, Infallible>));
    let body = reqwest::Body::wrap(http_body_util::StreamBody::new(
        tokio_stream::StreamExt::map(pieces, |piece| {
            piece.map(|piece| http_body::Frame::data(axum::body::Bytes::from(piece)))
        }),
    ));
    let error = reqwest()
        .post(&origin)
        .with(|builder| builder.body(body))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Streaming);
    assert!(error.to_string().contains("Client::get_ref"));
}

#[tokio::test]
async fn a_client_over_a_boxed_stack_is_a_client() {
    let origin = echo().await;
    let auth = Basic::new("user", "password").unwrap();
    let layers = ServiceBuilder::new()
        .map_err(BoxError::from)
        .layer(auth.only_to(&origin).unwrap());
    let client = reqwest().layer(BoxCloneSyncServiceLayer::new(layers));
    let response = client.get(&origin).send().await.unwrap();
    let seen: Value = response.json().await.unwrap();
    assert_eq!(
        seen["headers"]["authorization"],
        "Basic dXNlcjpwYXNzd29yZA=="
    );
}
