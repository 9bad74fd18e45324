//! gRPC: what refuses credentials there, when a call is sent once more, and what errors of a scheme are.

mod support;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use std::{
    collections::VecDeque,
    convert::Infallible,
    future::ready,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use support::{Body, Numbered, Strict, get};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_auth_core::{
    AuthError, AuthLayer, Authorize, Basic, Claim, Error, ErrorKind, HeaderApiKey, Scheme,
    SchemeExt, fixed_scheme,
    grpc::{GrpcBody, GrpcStatus},
    replay::Cloned,
};

/// A body of these frames.
#[derive(Debug, Default)]
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

/// How a server answers: status in the headers, whether there is a message, status in the trailers.
type Answer = (Option<&'static str>, bool, Option<&'static str>);

const GOOD: Answer = (None, true, Some("0"));

fn fields(status: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())])
}

fn response((headers, message, trailers): Answer) -> Response<Frames> {
    let data = message.then(|| Frame::data(Bytes::from("message")));
    let trailers = trailers.map(|status| Frame::trailers(fields(status)));
    let mut response = Response::new(Frames(data.into_iter().chain(trailers).collect()));
    response
        .headers_mut()
        .extend(headers.map(fields).unwrap_or_default());
    response
}

/// Refuses the first token in this way, and accepts all others. Counts calls.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn server(
        &self,
        refusal: Answer,
    ) -> impl Service<Request<Body>, Response = Response<Frames>, Error = Infallible, Future: Send>
    + Clone
    + use<> {
        let calls = self.0.clone();
        Strict::new(service_fn(move |request: Request<Body>| {
            calls.fetch_add(1, Ordering::SeqCst);
            let first = request.headers()[AUTHORIZATION] == "Bearer t1";
            ready(Ok(response(if first { refusal } else { GOOD })))
        }))
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// The status of a call that was read to its end.
async fn status<S>(service: S) -> String
where
    S: Service<Request<Body>, Response = Response<GrpcBody<Frames>>>,
    S::Error: std::fmt::Debug,
{
    let response = service.oneshot(get("https://h/")).await.unwrap();
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().unwrap_or(&headers);
    trailers["grpc-status"].to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_drops_the_token_and_is_sent_once_more_only_when_nothing_was_streamed() {
    for (refusal, first, calls) in [
        ((Some("16"), false, None), "0", 2),
        ((Some("16"), true, None), "16", 1), // against the rules: a body after the status
        ((None, false, Some("16")), "16", 1),
        ((None, true, Some("16")), "16", 1),
    ] {
        let (numbered, server) = (Numbered::default(), Calls::default());
        let auth = numbered.clone().replay(Cloned);
        let service = auth.for_grpc().layer(server.server(refusal));
        assert_eq!(status(service.clone()).await, first, "{refusal:?}");
        assert_eq!(server.take(), calls, "{refusal:?}");
        // However it was said, the next call has another token.
        assert_eq!(status(service).await, "0", "{refusal:?}");
        assert_eq!((server.take(), numbered.issued()), (1, 2), "{refusal:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_status_says_anything_of_the_token() {
    for code in ["0", "7", "14", "160", "1", ""] {
        for answer in [(Some(code), false, None), (None, true, Some(code))] {
            let (numbered, server) = (Numbered::default(), Calls::default());
            let service = numbered.clone().replay(Cloned).for_grpc();
            let service = service.layer(server.server(answer));
            for _ in 0..2 {
                assert_eq!(status(service.clone()).await, code);
            }
            assert_eq!((server.take(), numbered.issued()), (2, 1), "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_sent_again_without_replay_and_the_token_is_dropped_in_a_sum_too() {
    let (numbered, server) = (Numbered::default(), Calls::default());
    let sum = HeaderApiKey::new("key").unwrap() + numbered.clone();
    let service = sum.only_to("https://h").unwrap().for_grpc();
    let service = service.layer(server.server((None, true, Some("16"))));
    assert_eq!(status(service.clone()).await, "16");
    assert_eq!(status(service).await, "0");
    assert_eq!((server.take(), numbered.issued()), (2, 2));
}

#[tokio::test]
async fn an_error_of_a_scheme_is_an_answer_of_headers_only_and_one_of_the_client_stays_what_it_is()
{
    let broken = Numbered::default();
    broken.0.broken.store(1, Ordering::SeqCst);
    let service = AuthLayer::new(broken)
        .for_grpc()
        .layer(Calls::default().server(GOOD));
    let response = service.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "16");
    let error = response.extensions().get::<AuthError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(
        response.headers()["grpc-message"],
        error.to_string().as_str()
    );
    assert!(response.body().is_end_stream());
    assert!(response.into_body().frame().await.is_none());

    let fixed = AuthLayer::new(Basic::new("user", "password").unwrap()).for_grpc();
    let client = service_fn(|_: Request<Body>| ready(Err::<Response<Frames>, _>(std::fmt::Error)));
    let service = fixed.layer(client);
    let error = service
        .clone()
        .oneshot(get("https://h/"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Inner(_)));
    let no_origin = service.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(no_origin.headers()["grpc-status"], "13");
    let insecure = service.oneshot(get("http://h.example/")).await.unwrap();
    assert_eq!(insecure.headers()["grpc-status"], "16");
}

#[test]
fn every_error_has_its_status() {
    use ErrorKind::{Configuration, Credentials, Insecure, NoOrigin, Request};
    for (kind, status, code) in [
        (Configuration, GrpcStatus::Internal, 13),
        (NoOrigin, GrpcStatus::Internal, 13),
        (Request, GrpcStatus::Internal, 13),
        (Insecure, GrpcStatus::Unauthenticated, 16),
        (Credentials, GrpcStatus::Unauthenticated, 16),
    ] {
        let error = AuthError::new(kind, "x");
        assert_eq!((error.grpc_status(), status.code()), (status, code));
    }
    let error = AuthError::new(Credentials, "x").transient();
    assert_eq!(error.grpc_status(), GrpcStatus::Unavailable);
    assert_eq!(GrpcStatus::Unavailable.code(), 14);
}

/// Authorizes nothing, for a reason that takes some writing.
#[derive(Clone, Debug)]
struct Failing;

impl Scheme for Failing {
    fixed_scheme!();

    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for Failing {
    fn authorize(&self, (): (), _: &mut Request<B>) -> Result<(), AuthError> {
        Err(AuthError::new(ErrorKind::Request, "100 % „no“\u{7f}"))
    }
}

#[tokio::test]
async fn a_message_is_written_as_the_protocol_wants_it() {
    let layer = AuthLayer::new(Failing).for_grpc();
    let service = layer.layer(Calls::default().server(GOOD));
    let response = service.oneshot(get("https://h/")).await.unwrap();
    let message = &response.headers()["grpc-message"];
    assert_eq!(message, "100 %25 %E2%80%9Eno%E2%80%9C%7F");
}
