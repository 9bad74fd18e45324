//! The handshake of a WebSocket is an ordinary request: whatever authenticates requests authenticates it, over TLS, over
//! HTTP/1.1 and HTTP/2, over hyper-util and reqwest, and over a stack without a type.

mod schemes;
mod server;
mod sigv4;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use server::Server;
use std::sync::Arc;
use tower_auth::{
    Bearer,
    graphql::{Body, Client, ErrorKind, OpeningHandshake, WebSocket},
    reqwest_client::ReqwestService,
};

/// What the client offers (ALPN): HTTP/1.1 alone, or HTTP/2 before it.
fn over_tls(server: &Server, http2: bool) -> Hyper<HttpsConnector<HttpConnector>, Body> {
    let mut roots = RootCertStore::empty();
    roots.add(server.authority.clone().unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only();
    let connector = if http2 {
        connector.enable_all_versions().build()
    } else {
        connector.enable_http1().build()
    };
    Hyper::builder(TokioExecutor::new()).build(connector)
}

#[tokio::test]
async fn every_scheme_authenticates_a_handshake_over_tls_and_http_1() {
    let server = Server::over_tls().await;
    let http = over_tls(&server, false);
    schemes::all(&server, http, &WebSocket::new()).await;
    assert_eq!(server.versions(), ["GET HTTP/1.1"]);
}

#[tokio::test]
async fn every_scheme_authenticates_a_handshake_over_tls_and_http_2() {
    let server = Server::over_tls().await;
    let http = over_tls(&server, true);
    let options = WebSocket::new().opening_handshake(OpeningHandshake::ExtendedConnect);
    schemes::all(&server, http, &options).await;
    assert_eq!(server.versions(), ["CONNECT HTTP/2.0"]);
}

#[tokio::test]
async fn every_scheme_authenticates_a_handshake_over_reqwest() {
    let server = Server::plain().await;
    let http = ReqwestService::new(reqwest::Client::builder().http1_only()).unwrap();
    schemes::all(&server, http, &WebSocket::new()).await;
    assert_eq!(server.versions(), ["GET HTTP/1.1"]);
}

#[tokio::test]
async fn what_tls_agrees_on_decides_whether_a_socket_can_be_had_by_upgrade() {
    let server = Server::over_tls().await;
    let client = |http2: bool, opening: OpeningHandshake| {
        Client::builder(server.endpoint("bearer"))
            .unwrap()
            .auth(Bearer::new("t").unwrap())
            .unwrap()
            .build(over_tls(&server, http2))
            .websocket(WebSocket::new().opening_handshake(opening))
    };
    // One client for both kinds of servers.
    for http2 in [false, true] {
        let client = client(http2, OpeningHandshake::Either);
        schemes::is_accepted(&client).await;
    }
    assert_eq!(server.versions(), ["CONNECT HTTP/2.0", "GET HTTP/1.1"]);
    let error = client(true, OpeningHandshake::Upgrade)
        .query("subscription { said }")
        .subscribe()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("HTTP/1.1 only"), "{error}");
}
