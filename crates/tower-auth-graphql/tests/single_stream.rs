//! Many subscriptions on one connection of server-sent events (GraphQL over SSE, single connection mode).
#![cfg(feature = "sse")]

mod support;

use axum::{
    Json, Router,
    body::{Body as ServerBody, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::put,
};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use support::{http, serve};
use tokio::sync::mpsc;
use tower_auth_core::Bearer;
use tower_auth_graphql::{
    AuthFailure, BoxClient, Client, ErrorKind, Limit, Response as Answer, SingleEventStream,
    Subscription,
};

#[derive(Default)]
struct Shared {
    events: Mutex<Option<mpsc::UnboundedSender<String>>>,
    reservations: AtomicUsize,
    /// The server accepts connections, and answers nothing.
    silent: std::sync::atomic::AtomicBool,
    cancelled: Mutex<Vec<String>>,
    operations: Mutex<Vec<String>>,
}

impl Shared {
    fn push(&self, id: &str, data: Value) {
        let data = json!({"id": id, "payload": {"data": data}});
        self.send(format!("event: next\ndata: {data}\n\n"));
    }

    fn complete(&self, id: &str) {
        let data = json!({"id": id});
        self.send(format!("event: complete\ndata: {data}\n\n"));
    }

    fn send(&self, event: String) {
        let events = self.events.lock().unwrap();
        let _ = events.as_ref().unwrap().send(event);
    }

    /// Cuts the stream off.
    fn cut(&self) {
        self.events.lock().unwrap().take();
    }
}

type World = State<Arc<Shared>>;

fn is_let_in(headers: &HeaderMap) -> bool {
    headers
        .get("authorization")
        .is_some_and(|value| value == "Bearer t")
}

async fn reserve(State(shared): World, headers: HeaderMap) -> Response {
    shared.reservations.fetch_add(1, SeqCst);
    if shared.silent.load(SeqCst) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    if !is_let_in(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    (StatusCode::CREATED, "the-token").into_response()
}

fn has_token(headers: &HeaderMap) -> bool {
    headers
        .get("x-graphql-event-stream-token")
        .is_some_and(|value| value == "the-token")
}

async fn open(State(shared): World, headers: HeaderMap) -> Response {
    if !is_let_in(&headers) || !has_token(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (sender, mut receiver) = mpsc::unbounded_channel::<String>();
    let _ = sender.send(":\n\n".to_owned());
    *shared.events.lock().unwrap() = Some(sender);
    let frames = futures_util::stream::poll_fn(move |cx| {
        receiver
            .poll_recv(cx)
            .map(|event| event.map(|event| Ok::<_, Infallible>(Frame::data(Bytes::from(event)))))
    });
    let body = ServerBody::new(StreamBody::new(frames));
    ([("content-type", "text/event-stream")], body).into_response()
}

async fn operate(State(shared): World, headers: HeaderMap, Json(json): Json<Value>) -> Response {
    if !is_let_in(&headers) || !has_token(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let id = json["extensions"]["operationId"].as_str().unwrap();
    if json["query"] == "subscription { nothing }" {
        let errors = json!({"errors": [{"message": "there is no such field"}]});
        return (StatusCode::BAD_REQUEST, Json(errors)).into_response();
    }
    shared.operations.lock().unwrap().push(id.to_owned());
    StatusCode::ACCEPTED.into_response()
}

async fn cancel(State(shared): World, uri: Uri) -> StatusCode {
    let query = uri.query().unwrap_or_default().to_owned();
    let mut cancelled = shared.cancelled.lock().unwrap();
    if cancelled.contains(&query) || query == "operationId=4" {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    cancelled.push(query);
    StatusCode::OK
}

async fn server() -> (String, Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    let methods = put(reserve).get(open).post(operate).delete(cancel);
    let app = Router::new()
        .route("/graphql", methods)
        .with_state(Arc::clone(&shared));
    (format!("{}/graphql", serve(app).await), shared)
}

fn client(endpoint: &str, token: &str, options: SingleEventStream) -> BoxClient {
    Client::builder(endpoint)
        .unwrap()
        .timeout(Duration::from_millis(500))
        .auth(Bearer::new(token).unwrap())
        .unwrap()
        .build(http())
        .single_event_stream(options)
        .boxed()
}

async fn begin(client: &BoxClient) -> Subscription {
    client
        .query("subscription { a }")
        .subscribe()
        .await
        .unwrap()
}

async fn next(results: &mut Subscription) -> Option<Result<Answer, tower_auth_graphql::Error>> {
    tokio::time::timeout(Duration::from_secs(10), results.next())
        .await
        .expect("it hangs")
}

async fn value(results: &mut Subscription) -> Value {
    let answer = next(results).await.unwrap().unwrap();
    answer.decode().unwrap().data.unwrap()
}

#[tokio::test]
async fn subscriptions_share_a_stream_and_each_gets_its_own_results() {
    let (endpoint, shared) = server().await;
    let client = client(&endpoint, "t", SingleEventStream::new());
    let mut one = begin(&client).await;
    let mut other = begin(&client).await;
    assert_eq!((one.id(), other.id()), (Some(1), Some(2)));
    for n in 0..10 {
        shared.push("1", json!({"a": n}));
        shared.push("2", json!({"a": -n}));
        shared.push("99", json!({"a": "nobody's"}));
    }
    shared.complete("1");
    for n in 0..10 {
        assert_eq!(value(&mut one).await, json!({"a": n}));
        assert_eq!(value(&mut other).await, json!({"a": -n}));
    }
    assert!(next(&mut one).await.is_none());
    assert_eq!(shared.reservations.load(SeqCst), 1);
    // The server hears of who does not want more, and of no other.
    drop(other);
    for _ in 0..500 {
        if !shared.cancelled.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(*shared.cancelled.lock().unwrap(), ["operationId=2"]);
    // Whoever wants to know it waits for the answer.
    begin(&client).await.unsubscribe().await.unwrap();
    assert_eq!(
        *shared.cancelled.lock().unwrap(),
        ["operationId=2", "operationId=3"]
    );
    let error = begin(&client).await.unsubscribe().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    let mut refused = client
        .query("subscription { nothing }")
        .subscribe()
        .await
        .unwrap();
    let answer = next(&mut refused).await.unwrap().unwrap();
    assert_eq!(answer.errors[0].message, "there is no such field");
    assert!(next(&mut refused).await.is_none());
}

#[tokio::test]
async fn a_slow_reader_loses_its_own_results_and_no_others() {
    for options in [
        SingleEventStream::new().buffer(3),
        SingleEventStream::new().buffered_bytes(30),
    ] {
        let (endpoint, shared) = server().await;
        let client = client(&endpoint, "t", options);
        let mut silent = begin(&client).await;
        let mut other = begin(&client).await;
        for n in 0..5 {
            shared.push("1", json!({"a": n}));
            shared.push("2", json!({"a": n}));
            assert_eq!(value(&mut other).await, json!({"a": n}));
        }
        let error = loop {
            match next(&mut silent).await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::Buffer));
        shared.push("2", json!({"a": 5}));
        assert_eq!(value(&mut other).await, json!({"a": 5}));
    }
}

#[tokio::test]
async fn a_stream_that_drops_ends_its_subscriptions_and_the_next_one_opens_another() {
    let (endpoint, shared) = server().await;
    let client = client(&endpoint, "t", SingleEventStream::new());
    let (mut one, mut other) = (begin(&client).await, begin(&client).await);
    shared.push("1", json!({"a": 1}));
    assert_eq!(value(&mut one).await, json!({"a": 1}));
    shared.cut();
    for results in [&mut one, &mut other] {
        let error = next(results).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert!(next(results).await.is_none());
    }
    let mut again = begin(&client).await;
    shared.push("3", json!({"a": 3}));
    assert_eq!(value(&mut again).await, json!({"a": 3}));
    assert_eq!(shared.reservations.load(SeqCst), 2);
}

#[tokio::test]
async fn every_request_of_a_stream_is_authenticated_and_a_refusal_is_the_error() {
    let (endpoint, shared) = server().await;
    let client = client(&endpoint, "wrong", SingleEventStream::new());
    let error = client
        .query("subscription { a }")
        .subscribe()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
    assert!(shared.operations.lock().unwrap().is_empty());
}

#[tokio::test]
async fn those_who_wait_for_a_stream_that_cannot_be_opened_fail_together() {
    let (endpoint, shared) = server().await;
    shared.silent.store(true, SeqCst);
    let client = client(&endpoint, "t", SingleEventStream::new());
    let all: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let begun = client.query("subscription { a }").subscribe().await;
                begun.err().map(|error| error.kind())
            })
        })
        .collect();
    // Each by itself would have its own half second, one after the other.
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        for one in all {
            let kind = one.await.unwrap();
            assert!(matches!(kind, Some(ErrorKind::Timeout(_))), "{kind:?}");
        }
    });
    ended.await.expect("they wait for one another");
    // And that is not for ever.
    shared.silent.store(false, SeqCst);
    begin(&client).await;
}
