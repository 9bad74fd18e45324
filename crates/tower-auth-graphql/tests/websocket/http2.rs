//! Extended CONNECT (RFC 8441): WebSockets over HTTP/2, against axum's own.

use crate::{next, peer::app, quick, value};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tower_auth_core::Bearer;
use tower_auth_graphql::{
    AuthFailure, Body, Client, Error, ErrorKind, OpeningHandshake, Subprotocol, Subscription,
};
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, TokenAuth};

/// HTTP/2 by prior knowledge.
fn http2() -> Hyper<HttpConnector, Body> {
    Hyper::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http()
}

struct Server {
    endpoint: String,
    connections: Arc<AtomicUsize>,
    shared: Arc<crate::peer::Shared>,
}

/// A server of both versions. Whether it allows extended CONNECT.
async fn server(allows: bool) -> Server {
    let (app, shared) = app();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/graphql", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, SeqCst);
            let app = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut builder = Builder::new(TokioExecutor::new());
                if allows {
                    builder.http2().enable_connect_protocol();
                }
                let _ = builder
                    .serve_connection_with_upgrades(TokioIo::new(stream), app)
                    .await;
            });
        }
    });
    Server {
        endpoint,
        connections,
        shared,
    }
}

async fn subscribe(
    server: &Server,
    http: Hyper<HttpConnector, Body>,
    opening: OpeningHandshake,
) -> Result<Subscription, Error> {
    let client = Client::builder(server.endpoint.as_str()).unwrap();
    let client = client
        .build(http)
        .websocket(quick().opening_handshake(opening));
    client
        .query("subscription { numbers(from: 7, count: 2) }")
        .subscribe()
        .await
}

#[tokio::test]
async fn subscriptions_share_a_connection_of_http_2_by_extended_connect() {
    for opening in [OpeningHandshake::ExtendedConnect, OpeningHandshake::Either] {
        for protocol in [Subprotocol::TransportWs, Subprotocol::Legacy] {
            let server = server(true).await;
            let options = quick().opening_handshake(opening);
            let client = Client::builder(server.endpoint.as_str())
                .unwrap()
                .build(http2())
                .boxed()
                .websocket(options.subprotocols([protocol]));
            let call = client.query("subscription($n: Int!) { numbers(from: $n, count: 50) }");
            let mut one = call.variables(json!({"n": 3})).subscribe().await.unwrap();
            let mut other = client.query("{ hello }").subscribe().await.unwrap();
            for number in 3..53 {
                assert_eq!(value(&mut one).await, json!({"numbers": number}));
            }
            assert!(next(&mut one).await.is_none());
            assert_eq!(value(&mut other).await, json!({"hello": "world"}));
            assert_eq!(server.shared.handshakes.load(SeqCst), 1);
            assert_eq!(server.connections.load(SeqCst), 1);
        }
    }
}

#[tokio::test]
async fn over_http_1_either_is_an_upgrade_and_extended_connect_an_error() {
    let server = server(true).await;
    let mut results = subscribe(&server, crate::http(), OpeningHandshake::Either)
        .await
        .unwrap();
    assert_eq!(value(&mut results).await, json!({"numbers": 7}));
    let error = subscribe(&server, crate::http(), OpeningHandshake::ExtendedConnect)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("speak HTTP/2"), "{error}");
    assert_eq!(server.shared.handshakes.load(SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_does_not_allow_it_is_an_error_that_says_so() {
    let server = server(false).await;
    for (opening, says) in [
        (OpeningHandshake::ExtendedConnect, "RFC 8441"),
        (OpeningHandshake::Either, "RFC 8441"),
        (OpeningHandshake::Upgrade, "extended CONNECT"),
    ] {
        let begun = subscribe(&server, http2(), opening);
        let error = tokio::time::timeout(std::time::Duration::from_secs(10), begun)
            .await
            .expect("it hangs")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{opening:?}");
        assert!(error.to_string().contains(says), "{opening:?}: {error}");
    }
    assert_eq!(server.shared.handshakes.load(SeqCst), 0);
}

/// The first token is no good.
#[derive(Clone, Default)]
struct Second(Arc<AtomicUsize>);

impl Source for Second {
    type Value = Token;

    async fn fetch(&self, _: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let number = self.0.fetch_add(1, SeqCst) + 1;
        Ok(Fetched::new(Token::new(format!("token-{number}"))))
    }
}

#[tokio::test]
async fn the_layers_authenticate_an_extended_connect_and_a_refusal_renews_credentials() {
    for opening in [OpeningHandshake::ExtendedConnect, OpeningHandshake::Either] {
        let server = server(true).await;
        *server.shared.wanted.lock().unwrap() = Some("Bearer token-2".to_owned());
        let builder = || {
            Client::builder(server.endpoint.as_str()).unwrap().header(
                http::HeaderName::from_static("x-judge-handshake"),
                http::HeaderValue::from_static("1"),
            )
        };
        let options = quick().opening_handshake(opening);
        let source = Second::default();
        let client = builder()
            .auth(TokenAuth::bearer(source.clone()))
            .unwrap()
            .build(http2())
            .websocket(options.clone());
        let ask = "subscription { numbers(from: 0, count: 1) }";
        let mut results = client.query(ask).subscribe().await.unwrap();
        assert_eq!(value(&mut results).await, json!({"numbers": 0}));
        assert_eq!(source.0.load(SeqCst), 2);

        let wrong = builder()
            .auth(Bearer::new("wrong").unwrap())
            .unwrap()
            .build(http2())
            .websocket(options);
        let error = wrong.query(ask).subscribe().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
        assert_eq!(error.status().unwrap(), 401);
    }
}

#[tokio::test]
async fn connection_parameters_decide_over_http_2_too() {
    let server = server(true).await;
    *server.shared.wanted.lock().unwrap() = Some("open sesame".to_owned());
    let ask = async |password: &str| {
        let options = quick()
            .opening_handshake(OpeningHandshake::ExtendedConnect)
            .params(json!({"password": password}))
            .unwrap();
        let client = Client::builder(server.endpoint.as_str()).unwrap();
        let client = client.build(http2()).websocket(options);
        let call = client.query("subscription { numbers(from: 0, count: 1) }");
        call.subscribe().await
    };
    let mut results = ask("open sesame").await.unwrap();
    assert_eq!(value(&mut results).await, json!({"numbers": 0}));
    let error = ask("guess").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
}
