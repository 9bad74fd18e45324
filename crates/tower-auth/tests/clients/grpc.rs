//! Refusals and errors as gRPC has them, through a tonic channel, against tonic's server half.

use crate::{
    server::{Server, nobody},
    tonic::{METHOD, Raw, channel, echo, say},
};
use ::tonic::{
    Code, Request, Response, Status,
    body::Body,
    client::{Grpc, GrpcService},
};
use axum::{Router, response::IntoResponse, routing::post};
use bytes::Bytes;
use http::{StatusCode, Uri, uri::PathAndQuery};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tower::{BoxError, ServiceBuilder, service_fn};
use tower_auth::{
    AuthError, BodyBytes, BufferBody, SchemeExt,
    grpc::GrpcLayer,
    oauth2::OAuth2,
    replay::Cloned,
    token::{Fetched, Source, Token, TokenAuth},
};

const STREAM: &str = "/echo.Echo/Stream";

/// A server that has revoked the token `t1`: an unary call is told so in the headers, a stream in the trailers, after a
/// message.
async fn server() -> Server {
    let revoked = |request: &axum::extract::Request| {
        (request.headers()["authorization"] == "Bearer t1")
            .then(|| Status::unauthenticated("the token was revoked"))
    };
    let unary = async move |request: axum::extract::Request| match revoked(&request) {
        Some(status) => status.into_http::<Body>(),
        None => echo(request).await,
    };
    let stream = async move |request: axum::extract::Request| {
        let end = revoked(&request);
        let messages = service_fn(move |request: Request<Bytes>| {
            let end = end.clone().map(Err);
            let messages = [Ok(request.into_inner())].into_iter().chain(end);
            let messages = tokio_stream::iter(messages.collect::<Vec<_>>());
            std::future::ready(Ok::<_, Status>(Response::new(messages)))
        });
        let mut server = ::tonic::server::Grpc::new(Raw);
        server.server_streaming(messages, request).await
    };
    let router = Router::new().route(METHOD, post(unary));
    Server::new(router.route(STREAM, post(stream))).await
}

/// Tokens `t1`, `t2` and so on.
fn numbered() -> TokenAuth<impl Source<Value = Token>> {
    let issued = Arc::<AtomicUsize>::default();
    TokenAuth::bearer(move || {
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(Ok::<_, AuthError>(Fetched::new(Token::from(format!(
            "t{number}"
        )))))
    })
}

/// Reads the stream of an answer to its end.
async fn stream<T>(mut client: Grpc<T>) -> (Vec<Bytes>, Option<Status>)
where
    T: GrpcService<Body, ResponseBody: Send + 'static>,
    <T::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    assert!(client.ready().await.is_ok());
    let request = Request::new(tokio_stream::once(Bytes::from("hello")));
    let path = PathAndQuery::from_static(STREAM);
    let answer = client.streaming(request, path, Raw).await;
    let (mut answer, mut messages) = (answer.unwrap().into_inner(), Vec::new());
    loop {
        match answer.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(status) => return (messages, Some(status)),
        }
    }
}

fn tokens(server: &Server) -> Vec<String> {
    let seen = server.seen();
    seen.iter()
        .map(|seen| seen.all("authorization").concat())
        .collect()
}

#[tokio::test]
async fn a_unary_call_that_is_refused_is_made_again_with_another_token() {
    let server = server().await;
    let auth = numbered().replay(Cloned).only_to(&server.origin).unwrap();
    let stack = ServiceBuilder::new()
        .layer(BufferBody::new(4 << 20))
        .layer(auth.for_grpc())
        .map_request(|request: http::Request<BodyBytes>| request.map(Body::new))
        .service(channel(&server.origin));
    let answer = say(Grpc::with_origin(stack, server.origin.clone())).await;
    assert_eq!(answer.unwrap(), "hello");
    assert_eq!(tokens(&server), ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_refusal_in_the_trailers_of_a_stream_renews_the_token_for_the_next_call() {
    let server = server().await;
    let auth = numbered().only_to(&server.origin).unwrap().for_grpc();
    let stack = ServiceBuilder::new()
        .layer(auth)
        .service(channel(&server.origin));
    let client = || Grpc::with_origin(stack.clone(), server.origin.clone());
    let (messages, status) = stream(client()).await;
    assert_eq!(messages, ["hello"]);
    assert_eq!(status.unwrap().code(), Code::Unauthenticated);
    let (messages, status) = stream(client()).await;
    assert_eq!(messages, ["hello"]);
    assert!(status.is_none());
    assert_eq!(tokens(&server), ["Bearer t1", "Bearer t2"]);
}

/// What a call answers whose tokens come from this endpoint.
async fn status_of(token_endpoint: Uri) -> Status {
    let server = server().await;
    let url = format!("{token_endpoint}token");
    let auth = OAuth2::client_credentials(&url, "client", "planted-secret");
    let auth = auth.build().unwrap();
    let layer: GrpcLayer<_> = auth.only_to(&server.origin).unwrap().for_grpc();
    let stack = ServiceBuilder::new()
        .layer(layer)
        .service(channel(&server.origin));
    let answer = say(Grpc::with_origin(stack, server.origin.clone())).await;
    assert!(server.seen().is_empty());
    answer.unwrap_err()
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_is_unavailable_and_a_wrong_secret_unauthenticated() {
    let status = status_of(nobody().await).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let message = status.message().to_owned();
    assert!(message.contains("refused the connection"), "{message}");

    let answering = |status: StatusCode, body: &'static str| async move {
        let json = [("content-type", "application/json")];
        let answer = async move || (status, json, body).into_response();
        let issuer = Server::new(Router::new().route("/token", post(answer))).await;
        status_of(issuer.origin.clone()).await
    };
    let invalid = r#"{"error":"invalid_client"}"#;
    let status = answering(StatusCode::UNAUTHORIZED, invalid).await;
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert!(status.message().contains("invalid_client"), "{status:?}");
    assert!(!status.message().contains("planted"), "{status:?}");
    let status = answering(StatusCode::SERVICE_UNAVAILABLE, "{}").await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn a_call_without_an_origin_is_internal_and_says_why() {
    let server = server().await;
    let auth = numbered().only_to(&server.origin).unwrap().for_grpc();
    let stack = ServiceBuilder::new()
        .layer(auth)
        .service(channel(&server.origin));
    let status = say(Grpc::new(stack)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(
        status.message().contains("no scheme and host"),
        "{status:?}"
    );
    assert!(server.seen().is_empty());
}
