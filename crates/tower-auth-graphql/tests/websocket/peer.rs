//! async-graphql's own server, both protocols.

use crate::{failure, http, next, quick, value};
use async_graphql::{Context, Data, Object, Schema, Subscription as Subscribes};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::Stream;
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use std::time::Duration;
use tower_auth_core::{Basic, Bearer, HeaderApiKey, SchemeExt as _};
use tower_auth_graphql::{
    AuthFailure, Client, CookieJar, CookieLayer, End, ErrorKind, Subprotocol, WebSocket,
};
use tower_layer::Layer as _;

#[derive(Default)]
pub(crate) struct Shared {
    mutations: AtomicUsize,
    pub(crate) handshakes: AtomicUsize,
    running: AtomicUsize,
    headers: Mutex<HeaderMap>,
    /// What the connection parameters have to be, or the handshake's `Authorization`, `Cookie`, `X-API-Key`.
    pub(crate) wanted: Mutex<Option<String>>,
}

struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn count(&self, ctx: &Context<'_>) -> usize {
        let shared = ctx.data_unchecked::<Arc<Shared>>();
        shared.mutations.fetch_add(1, SeqCst) + 1
    }
}

struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

struct Numbers;

#[Subscribes]
impl Numbers {
    async fn numbers(
        &self,
        ctx: &Context<'_>,
        from: i32,
        count: i32,
    ) -> impl Stream<Item = i32> + use<> {
        let shared = Arc::clone(ctx.data_unchecked::<Arc<Shared>>());
        shared.running.fetch_add(1, SeqCst);
        let running = Running(shared);
        futures_util::stream::unfold((from, running), move |(at, running)| async move {
            if at >= from + count {
                return None;
            }
            tokio::task::yield_now().await;
            Some((at, (at + 1, running)))
        })
    }

    async fn forever(&self, ctx: &Context<'_>) -> impl Stream<Item = i32> + use<> {
        let shared = Arc::clone(ctx.data_unchecked::<Arc<Shared>>());
        shared.running.fetch_add(1, SeqCst);
        let running = Running(shared);
        futures_util::stream::unfold((0, running), |(at, running)| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((at, (at + 1, running)))
        })
    }
}

type Served = (Schema<Query, Mutation, Numbers>, Arc<Shared>);

async fn upgrade(
    State((schema, shared)): State<Served>,
    protocol: GraphQLProtocol,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    shared.handshakes.fetch_add(1, SeqCst);
    let wanted = shared.wanted.lock().unwrap().clone();
    let has = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let seen: Vec<_> = ["authorization", "cookie", "x-api-key"]
        .into_iter()
        .filter_map(has)
        .collect();
    *shared.headers.lock().unwrap() = headers.clone();
    if headers.contains_key("x-judge-handshake")
        && wanted.as_ref().is_some_and(|wanted| !seen.contains(wanted))
    {
        return (
            axum::http::StatusCode::UNAUTHORIZED,
            [("www-authenticate", "Bearer")],
        )
            .into_response();
    }
    let judges_params = !headers.contains_key("x-judge-handshake");
    upgrade
        .protocols(async_graphql::http::ALL_WEBSOCKET_PROTOCOLS)
        .on_upgrade(move |stream| {
            GraphQLWebSocket::new(stream, schema, protocol)
                .on_connection_init(move |params: Value| async move {
                    match wanted {
                        Some(wanted) if judges_params && !params.to_string().contains(&wanted) => {
                            Err(async_graphql::Error::new("Forbidden"))
                        }
                        _ => Ok(Data::default()),
                    }
                })
                .serve()
        })
}

pub(crate) fn app() -> (Router, Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    let schema = Schema::build(Query, Mutation, Numbers)
        .data(Arc::clone(&shared))
        .finish();
    let app = Router::new()
        .route("/graphql", any(upgrade)) // extended CONNECT is no GET
        .with_state((schema, Arc::clone(&shared)));
    (app, shared)
}

async fn server() -> (String, Arc<Shared>) {
    let (app, shared) = app();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/graphql", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (endpoint, shared)
}

const BOTH: [Subprotocol; 2] = [Subprotocol::TransportWs, Subprotocol::Legacy];

async fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happens");
}

#[tokio::test]
async fn results_come_in_order_and_end_with_both_protocols() {
    for protocol in BOTH {
        let (endpoint, shared) = server().await;
        let client = Client::builder(endpoint).unwrap().build(http());
        let client = client.websocket(quick().subprotocols([protocol]));
        let call = client.query("subscription($n: Int!) { numbers(from: $n, count: 100) }");
        let mut results = call.variables(json!({"n": 5})).subscribe().await.unwrap();
        assert_eq!(results.id(), Some(1));
        for number in 5..105 {
            assert_eq!(value(&mut results).await, json!({"numbers": number}));
        }
        assert!(next(&mut results).await.is_none());
        assert!(matches!(results.end(), Some(End::Completed)));
        // Queries and mutations have one result, and go over the same socket.
        let mut hello = client.query("{ hello }").subscribe().await.unwrap();
        assert_eq!(value(&mut hello).await, json!({"hello": "world"}));
        assert!(next(&mut hello).await.is_none());
        let all = client
            .clone()
            .websocket(quick().subprotocols([protocol]).all_operations(true));
        assert_eq!(
            all.query("mutation { count }")
                .data::<Value>()
                .await
                .unwrap(),
            json!({"count": 1})
        );
        assert_eq!(
            all.query("{ hello }").data::<Value>().await.unwrap(),
            json!({"hello": "world"})
        );
        assert_eq!(shared.handshakes.load(SeqCst), 2);
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_operation_is_a_result_with_errors_and_the_end() {
    for protocol in BOTH {
        let (endpoint, _) = server().await;
        let client = Client::builder(endpoint).unwrap().build(http());
        let client = client.websocket(quick().subprotocols([protocol]));
        for document in ["subscription { nothing }", "subscription {"] {
            let mut results = client.query(document).subscribe().await.unwrap();
            let response = next(&mut results).await.unwrap().unwrap();
            assert!(
                !response.errors.is_empty() && response.data.is_none(),
                "{response:?}"
            );
            assert!(next(&mut results).await.is_none());
        }
        let mut good = client
            .query("subscription { numbers(from: 0, count: 1) }")
            .subscribe()
            .await
            .unwrap();
        assert_eq!(value(&mut good).await, json!({"numbers": 0}));
    }
}

#[tokio::test]
async fn the_server_is_told_when_a_stream_is_dropped() {
    for protocol in BOTH {
        let (endpoint, shared) = server().await;
        let client = Client::builder(endpoint).unwrap().build(http());
        let client = client.websocket(quick().subprotocols([protocol]));
        let mut one = client
            .query("subscription { forever }")
            .subscribe()
            .await
            .unwrap();
        let mut other = client
            .query("subscription { forever }")
            .subscribe()
            .await
            .unwrap();
        value(&mut one).await;
        value(&mut other).await;
        assert_eq!(shared.running.load(SeqCst), 2);
        drop(one);
        until(|| shared.running.load(SeqCst) == 1).await;
        value(&mut other).await;
        other.unsubscribe().await.unwrap();
        until(|| shared.running.load(SeqCst) == 0).await;
        assert_eq!(shared.handshakes.load(SeqCst), 1);
    }
}

#[tokio::test]
async fn connection_parameters_are_fixed_or_from_headers_or_asked_for_and_refused_when_wrong() {
    for protocol in BOTH {
        let (endpoint, shared) = server().await;
        *shared.wanted.lock().unwrap() = Some("open sesame".to_owned());
        let client = |options: WebSocket| {
            let client = Client::builder(endpoint.as_str()).unwrap();
            client
                .auth(Bearer::new("open-sesame").unwrap())
                .unwrap()
                .build(http())
                .websocket(options.subprotocols([protocol]))
        };
        let works = async |options: WebSocket| {
            let client = client(options);
            let mut results = client
                .query("subscription { numbers(from: 0, count: 1) }")
                .subscribe()
                .await?;
            assert_eq!(value(&mut results).await, json!({"numbers": 0}));
            Ok::<_, tower_auth_graphql::Error>(())
        };
        works(
            quick()
                .params(json!({"username": "john", "password": "open sesame"}))
                .unwrap(),
        )
        .await
        .unwrap();
        works(quick().params_with(async |_| Ok::<_, std::io::Error>(Some(json!("open sesame")))))
            .await
            .unwrap();
        let error = works(quick().params(json!({"password": "wrong"})).unwrap())
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Auth(AuthFailure::Refused),
            "{error:?}"
        );
        assert!(error.closed().is_some() && !error.to_string().contains("wrong"));
        assert!(works(quick()).await.is_err());
        *shared.wanted.lock().unwrap() =
            Some(r#"{"headers":{"Authorization":"Bearer open-sesame"}}"#.to_owned());
        works(quick().params_from_headers([http::header::AUTHORIZATION]))
            .await
            .unwrap();
        let failing = quick()
            .params_with(async |_| Err::<Option<Value>, _>(std::io::Error::other("no token")));
        assert_eq!(works(failing).await.unwrap_err().kind(), ErrorKind::Request);
    }
}

#[tokio::test]
async fn the_layers_of_the_stack_authenticate_the_handshake() {
    let (endpoint, shared) = server().await;
    let judged = http::HeaderName::from_static("x-judge-handshake");
    let builder = || {
        let builder = Client::builder(endpoint.as_str()).unwrap();
        builder.header(judged.clone(), http::HeaderValue::from_static("1"))
    };
    let ask = "subscription { numbers(from: 0, count: 1) }";
    *shared.wanted.lock().unwrap() = Some("Bearer t".to_owned());
    let bearer = builder()
        .auth(Bearer::new("t").unwrap())
        .unwrap()
        .build(http())
        .websocket(quick());
    value(&mut bearer.query(ask).subscribe().await.unwrap()).await;
    // Refused at the handshake: an ordinary answer, with its status.
    let wrong = builder()
        .auth(Bearer::new("x").unwrap())
        .unwrap()
        .build(http())
        .websocket(quick());
    let error = wrong.query(ask).subscribe().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
    assert_eq!(error.status().unwrap(), 401);

    *shared.wanted.lock().unwrap() = Some("k".to_owned());
    let sum = Basic::new("u", "p").unwrap() + HeaderApiKey::new("k").unwrap();
    let sum = builder()
        .auth(sum)
        .unwrap()
        .build(http())
        .boxed()
        .websocket(quick());
    value(&mut sum.query(ask).subscribe().await.unwrap()).await;
    assert!(
        shared.headers.lock().unwrap()["authorization"]
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );

    *shared.wanted.lock().unwrap() = Some("session=1".to_owned());
    let jar = CookieJar::new();
    let origin = endpoint.replace("ws:", "http:");
    let set = tower::service_fn(|_: http::Request<()>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(
            http::Response::builder()
                .header("set-cookie", "session=1; Path=/")
                .body(())
                .unwrap(),
        ))
    });
    let log_in = http::Request::get(origin).body(()).unwrap();
    tower::ServiceExt::oneshot(CookieLayer::new(jar.clone()).layer(set), log_in)
        .await
        .unwrap();
    let cookies = builder()
        .build(CookieLayer::new(jar).layer(http()))
        .websocket(quick());
    value(&mut cookies.query(ask).subscribe().await.unwrap()).await;
    let none = builder().build(http()).websocket(quick());
    let error = none.query(ask).subscribe().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    let _ = Bearer::new("t").unwrap().only_to("https://h").unwrap();
}

#[tokio::test]
async fn a_thousand_subscriptions_share_a_socket_and_one_that_never_reads_loses_only_itself() {
    let (endpoint, shared) = server().await;
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(quick().buffer(50));
    let mut silent = client
        .query("subscription { forever }")
        .subscribe()
        .await
        .unwrap();
    let mut all = Vec::new();
    for _ in 0..1000 {
        let call = client.query("subscription { numbers(from: 0, count: 40) }");
        all.push(call.subscribe().await.unwrap());
    }
    for results in &mut all {
        for number in 0..40 {
            assert_eq!(value(results).await, json!({"numbers": number}));
        }
        assert!(next(results).await.is_none());
    }
    until(|| shared.running.load(SeqCst) == 0).await;
    let error = failure(&mut silent).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Limit(tower_auth_graphql::Limit::Buffer)
    );
    assert_eq!(shared.handshakes.load(SeqCst), 1);
}
