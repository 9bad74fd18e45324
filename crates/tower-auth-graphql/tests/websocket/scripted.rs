//! A server that does what a test wants, connection by connection.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::{
    future::Future,
    sync::{Arc, Mutex},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// A connection, from the server's side.
pub(crate) struct Peer {
    pub(crate) number: usize,
    pub(crate) request: Request,
    pub(crate) stream: WebSocketStream<TcpStream>,
}

impl Peer {
    /// The next JSON message; `None` at the end.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// How the client closes it.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.text(&message.to_string()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        let _ = self.stream.send(Message::text(text)).await;
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let reason = "why".into();
        let code = CloseCode::from(code);
        let _ = self.stream.close(Some(CloseFrame { code, reason })).await;
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    /// Takes the connection parameters, and acknowledges them.
    pub(crate) async fn acknowledge(&mut self) -> Value {
        let init = self.receive().await.unwrap();
        assert_eq!(init["type"], "connection_init");
        self.send(json!({"type": "connection_ack"})).await;
        init["payload"].clone()
    }

    /// Takes an operation: its name and its payload.
    pub(crate) async fn operation(&mut self) -> Option<(String, Value)> {
        loop {
            let message = self.receive().await?;
            if message["type"] == "subscribe" || message["type"] == "start" {
                let id = message["id"].as_str().unwrap().to_owned();
                return Some((id, message["payload"].clone()));
            }
        }
    }

    pub(crate) async fn next(&mut self, id: &str, data: Value) {
        self.send(json!({"type": "next", "id": id, "payload": {"data": data}}))
            .await;
    }
}

/// Starts it; the endpoint, and the handshakes that were seen.
pub(crate) async fn server<F, R>(protocol: &'static str, script: F) -> String
where
    F: Fn(Peer) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/graphql", listener.local_addr().unwrap());
    let script = Arc::new(script);
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            number += 1;
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                if let Some(peer) = accept(stream, number, protocol).await {
                    script(peer).await;
                }
            });
        }
    });
    endpoint
}

#[allow(clippy::result_large_err)] // tungstenite's
async fn accept(stream: TcpStream, number: usize, protocol: &'static str) -> Option<Peer> {
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let callback =
        move |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            *note.lock().unwrap() = Some(request.clone());
            if !protocol.is_empty() {
                response
                    .headers_mut()
                    .insert("sec-websocket-protocol", protocol.parse().unwrap());
            }
            Ok(response)
        };
    let stream = accept_hdr_async(stream, callback).await.ok()?;
    let request = seen.lock().unwrap().take()?;
    Some(Peer {
        number,
        request,
        stream,
    })
}

/// One connection of a listener of one's own.
pub(crate) async fn accept_one(stream: TcpStream, number: usize) -> Option<Peer> {
    accept(stream, number, "graphql-transport-ws").await
}
