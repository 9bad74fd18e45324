//! The reqwest adapter: what is sent, and how it fails.

use crate::{
    BASIC, KEY, hyper,
    server::{Server, nobody},
    stack,
};
use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use std::{error::Error as _, time::Duration};
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};
use tower_auth::{Error, NoAuth, reqwest_client::ReqwestService};

pub(crate) fn builder() -> ::reqwest::ClientBuilder {
    ::reqwest::Client::builder().no_proxy()
}

pub(crate) fn client() -> ReqwestService {
    ReqwestService::new(builder()).unwrap()
}

#[tokio::test]
async fn credentials_arrive_with_any_body() {
    let server = Server::echo().await;
    let stack = BoxCloneSyncService::new(stack(&server.origin, client()));
    // axum's body is not `Sync`, and reqwest wants that.
    let body = Body::from_stream(tokio_stream::iter(["te", "xt"].map(Ok::<_, BoxError>)));
    let request = Request::post(server.uri("/path?query")).body(body).unwrap();
    let response = stack.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "text");
    let seen = server.only();
    assert_eq!(seen.target, "/path?query");
    assert_eq!(seen.all("transfer-encoding"), ["chunked"]);
    seen.assert_credentials();
}

#[tokio::test]
async fn a_body_of_known_size_is_framed_as_hyper_frames_it() {
    let server = Server::echo().await;
    for body in ["text", ""] {
        let post = || Request::post(server.uri("/")).body(Full::new(Bytes::from(body)));
        hyper::client().request(post().unwrap()).await.unwrap();
        client().oneshot(post().unwrap()).await.unwrap();
        let [.., of_hyper, ours] = &server.seen()[..] else {
            panic!("two requests were sent");
        };
        for name in ["content-length", "transfer-encoding"] {
            assert_eq!(ours.all(name), of_hyper.all(name), "{body:?}");
        }
        assert!(ours.all("transfer-encoding").is_empty());
    }
}

#[tokio::test]
async fn the_host_is_the_one_of_the_uri_unless_the_caller_says_otherwise() {
    let server = Server::echo().await;
    let stack = stack(&server.origin, client());
    let request = Request::get(server.uri("/")).body(Body::empty()).unwrap();
    stack.oneshot(request).await.unwrap();
    let request = Request::get(server.uri("/")).header("host", "other.example");
    let request = request.body(Body::empty()).unwrap();
    // Credentials would not go along with it: nobody could say whose they were.
    client().oneshot(request).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].all("host"), [server.authority()]);
    assert_eq!(seen[1].all("host"), ["other.example"]);
}

#[tokio::test]
async fn default_headers_fill_only_what_is_empty() {
    let server = Server::echo().await;
    let defaults = HeaderMap::from_iter([
        (
            header::AUTHORIZATION,
            HeaderValue::from_static("Basic default"),
        ),
        (header::USER_AGENT, HeaderValue::from_static("agent")),
    ]);
    let client = ReqwestService::new(builder().default_headers(defaults)).unwrap();
    let stack = stack(&server.origin, client);
    let request = Request::get(server.uri("/")).body(Body::empty()).unwrap();
    stack.clone().oneshot(request).await.unwrap();
    // As the documentation warns, they are no place for credentials.
    let request = Request::get(server.uri("/")).extension(NoAuth);
    stack
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].all("authorization"), [BASIC]);
    assert_eq!(seen[0].all("x-api-key"), [KEY]);
    assert_eq!(seen[0].all("user-agent"), ["agent"]);
    assert_eq!(seen[1].all("authorization"), ["Basic default"]);
}

#[tokio::test]
async fn the_error_of_reqwest_keeps_its_type_and_shows_no_query() {
    let origin = nobody().await;
    let stack = stack(&origin, client());
    let uri = format!("{origin}path?api_key=planted");
    let request = Request::get(uri).body(Body::empty()).unwrap();
    let error = stack.oneshot(request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Inner(e) if e.is_connect()),
        "{error:?}"
    );

    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    assert!(shown.contains("/path"), "{shown}");
    assert!(!shown.contains("planted"), "{shown}");

    let error = error.into_inner().unwrap();
    assert_eq!(error.client().unwrap().url().unwrap().path(), "/path");
}

#[tokio::test]
async fn a_timeout_of_reqwest_is_told_from_other_errors() {
    let silent = axum::Router::new().fallback(async || std::future::pending::<()>().await);
    let server = Server::new(silent).await;
    let client = ReqwestService::new(builder().timeout(Duration::from_millis(50))).unwrap();
    let stack = stack(&server.origin, client);
    let request = Request::get(server.uri("/")).body(Body::empty()).unwrap();
    let error = stack.oneshot(request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Inner(e) if e.is_timeout() && !e.is_connect()),
        "{error:?}"
    );
}
