//! URIs that reqwest would change.

use crate::{reqwest::client, server::Server, stack};
use axum::body::Body;
use http::{Request, StatusCode};
use std::sync::{Arc, Mutex};
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::{
    NoAuth,
    reqwest_client::{NormalizeUri, UriError},
};

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_uri_that_reqwest_would_change_is_refused() {
    let server = Server::echo().await;
    let stack = stack(&server.origin, client());
    let port = server.origin.port_u16().unwrap();
    for (uri, refusal) in [
        (server.uri("/a/../b"), UriError::Rewritten),
        (server.uri("/?q='secret'"), UriError::Rewritten),
        (format!("http://127.1:{port}/"), UriError::Rewritten),
        (
            format!("http://u:secret@127.0.0.1:{port}/"),
            UriError::UserInfo,
        ),
    ] {
        let error = stack.clone().oneshot(get(&uri)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{uri}");
        let error = error.into_inner().unwrap();
        assert_eq!(error.uri(), Some(refusal), "{uri}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_uri_without_origin_is_refused_also_when_nothing_is_authenticated() {
    let server = Server::echo().await;
    let mut request = get("/path");
    request.extensions_mut().insert(NoAuth);
    let stack = ServiceBuilder::new()
        .layer(NormalizeUri::new())
        .service(stack(&server.origin, client()));
    let error = stack.oneshot(request).await.unwrap_err();
    let error = error.into_inner().unwrap();
    assert_eq!(error.uri(), Some(UriError::NotAbsolute));
}

#[tokio::test]
async fn a_normalized_uri_is_the_one_that_is_authenticated_and_the_one_that_is_sent() {
    let server = Server::echo().await;
    let port = server.origin.port_u16().unwrap();
    let authenticated = Arc::<Mutex<Vec<String>>>::default();
    let log = authenticated.clone();
    let stack = ServiceBuilder::new()
        .layer(NormalizeUri::new())
        // Stands where a signer would.
        .map_request(move |request: Request<Body>| {
            log.lock().unwrap().push(request.uri().to_string());
            request
        })
        .service(stack(&server.origin, client()));
    // The host is another spelling of the one that the credentials are for.
    let uri = format!("http://127.1:{port}/a/../b?q='x'");
    let response = stack.oneshot(get(&uri)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let seen = server.only();
    assert_eq!(seen.target, "/b?q=%27x%27");
    seen.assert_credentials();
    assert_eq!(*authenticated.lock().unwrap(), [server.uri(&seen.target)]);
}
