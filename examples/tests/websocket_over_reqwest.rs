//! The handshake of a WebSocket is an ordinary request: it goes over reqwest as well, and over a boxed stack.

use axum::{
    Router,
    extract::{WebSocketUpgrade, ws::Message},
    http::HeaderMap,
    routing::get,
};
use serde_json::{Value, json};
use tower_auth::{
    Bearer,
    graphql::{Client, WebSocket},
    reqwest_client::ReqwestService,
};

/// Acknowledges whoever has the token, and answers every operation with what was in the handshake.
async fn serve() -> String {
    let app = Router::new().route(
        "/",
        get(async |headers: HeaderMap, upgrade: WebSocketUpgrade| {
            let token = headers["authorization"].to_str().unwrap().to_owned();
            upgrade.protocols(["graphql-transport-ws"]).on_upgrade(async move |mut socket| {
                while let Some(Ok(Message::Text(text))) = socket.recv().await {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let answer = match message["type"].as_str() {
                        Some("connection_init") => json!({"type": "connection_ack"}),
                        _ => json!({"type": "next", "id": message["id"], "payload": {"data": {"token": token}}}),
                    };
                    socket.send(Message::text(answer.to_string())).await.unwrap();
                }
            })
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    endpoint
}

#[tokio::test]
async fn a_subscription_goes_over_reqwest() {
    let http = ReqwestService::new(reqwest::Client::builder().http1_only()).unwrap();
    let client = Client::builder(serve().await).unwrap();
    let client = client.auth(Bearer::new("t").unwrap()).unwrap().build(http);
    for client in [client.clone().boxed(), client.boxed()] {
        let client = client.websocket(WebSocket::new());
        let mut results = client
            .query("subscription { token }")
            .subscribe()
            .await
            .unwrap();
        let result = results
            .next()
            .await
            .unwrap()
            .unwrap()
            .decode::<Value>()
            .unwrap();
        assert_eq!(result.data, Some(json!({"token": "Bearer t"})));
    }
}
