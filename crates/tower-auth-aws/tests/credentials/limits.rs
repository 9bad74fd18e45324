//! Whatever a service sends, it is bounded.

use crate::support::{Answer, Machine, Server, text};
use axum::{body::Body, response::Response};
use http::StatusCode;
use tower_auth_aws::credentials::{Container, CredentialsErrorKind, ProvideCredentials};

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
