//! hyper-util's client.

use crate::{
    server::{Server, nobody},
    stack,
};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::ServiceExt;
use tower_auth::Error;

pub(crate) fn client<B>() -> Client<HttpConnector, B>
where
    B: http_body::Body<Data: Send> + Send,
{
    Client::builder(TokioExecutor::new()).build_http()
}

#[tokio::test]
async fn credentials_arrive() {
    let server = Server::echo().await;
    let client = stack(&server.origin, client());
    let request = Request::post(server.uri("/path?query"))
        .body(Full::new(Bytes::from("text")))
        .unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "text");
    let seen = server.only();
    assert_eq!(seen.target, "/path?query");
    seen.assert_credentials();
}

#[tokio::test]
async fn the_error_of_hyper_keeps_its_type() {
    let origin = nobody().await;
    let client = stack(&origin, client());
    let request = Request::get(origin).body(Full::<Bytes>::default()).unwrap();
    let error = client.oneshot(request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Inner(e) if e.is_connect()),
        "{error:?}"
    );
}
