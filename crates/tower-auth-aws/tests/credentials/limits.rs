//! Whatever a service sends, it is bounded.

use crate::support::{Answer, Machine, Server, text};
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::{Request, StatusCode};
use tower_auth_aws::credentials::{
    Body as Sent, Container, CredentialsErrorKind, HttpClient, ProvideCredentials,
};

async fn fetch(answer: fn() -> Answer) -> CredentialsErrorKind {
    let server = Server::start(move |_, _| answer()).await;
    let machine = Machine::new().set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url());
    let error = Container::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 1_000);
    error.kind()
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let kind = fetch(|| text(200, "x".repeat(64 * 1024 + 1))).await;
    assert_eq!(kind, CredentialsErrorKind::Malformed);
    let kind = fetch(|| Answer::Now(Response::new(Body::new(Endless)))).await;
    assert_eq!(kind, CredentialsErrorKind::Malformed);
}

#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn without_tls_the_default_client_says_what_to_turn_on() {
    let machine = Machine::new().set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://127.0.0.1:1/");
    let result = Container::new(&machine.context()).provide().await;
    assert_eq!(
        result.as_ref().unwrap_err().kind(),
        CredentialsErrorKind::Unreachable
    );
    assert!(crate::support::told_of(result).contains("`rustls`"));
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_over_https() {
    let server = Server::start(|_, _| text(200, "")).await;
    let url = server.url().replace("http:", "https:");
    let machine = Machine::new()
        .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2");
    let error = Container::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Unreachable);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_cut() {
    let kind = fetch(|| {
        let body = format!(
            r#"{{"code":"{}","message":"{}"}}"#,
            "c".repeat(20_000),
            "m".repeat(20_000)
        );
        text(StatusCode::FORBIDDEN.as_u16(), body)
    })
    .await;
    assert_eq!(kind, CredentialsErrorKind::Refused);
}

/// A client whose answers go on forever, and never wait.
#[test]
fn an_answer_of_empty_pieces_is_not_read_forever() {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let client = HttpClient::new(tower::service_fn(async |_: Request<Sent>| {
            Ok::<_, std::convert::Infallible>(Response::new(Empty))
        }));
        let machine = Machine::new().set(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://localhost:1/credentials",
        );
        let provider = Container::new(&machine.context().with_http_client(client));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let error = runtime.unwrap().block_on(provider.provide()).unwrap_err();
        done.send(error.kind()).unwrap();
    });
    let kind = result.recv_timeout(std::time::Duration::from_secs(20));
    assert_eq!(kind.unwrap(), CredentialsErrorKind::Malformed);
}

struct Empty;

impl http_body::Body for Empty {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::new()))))
    }
}

struct Endless;

impl http_body::Body for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let data = axum::body::Bytes::from_static(&[b' '; 4096]);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(data))))
    }
}
