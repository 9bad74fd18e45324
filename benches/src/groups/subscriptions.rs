//! Results that are pushed over one WebSocket, next to `graphql-ws-client` and to a bare loop over tungstenite that hands
//! them to nobody.

use crate::{BATCH, BoxError, Case, Group, Subject};
use futures_util::{SinkExt as _, StreamExt as _};
use graphql_ws_client::{
    Client as Peer, Connection, Message as PeerMessage, graphql::GraphqlOperation,
};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest as _,
        handshake::server::{ErrorResponse, Request, Response},
    },
};
use tower_auth_graphql::{Body, Client as GraphQl, WebSocket};

pub(super) const GROUP: Group = Group::new("subscriptions", cases);

const PROTOCOL: &str = "graphql-transport-ws";
const DOCUMENT: &str = "subscription { news { id title } }";

fn cases() -> Result<Vec<Case>, BoxError> {
    let mut cases = Vec::new();
    for count in [1, 100, 1000] {
        let of = format!("a pushed result, {count} subscriptions on a socket");
        let batch = 4 * BATCH;
        cases.push(Case {
            batch,
            ..Case::new(
                format!("{of}: `graphql-ws-client`"),
                ours(count)?,
                client(count)?,
            )
        });
        cases.push(Case {
            batch,
            ..Case::new(
                format!("{of}: a bare tungstenite loop"),
                ours(count)?,
                bare(count)?,
            )
        });
    }
    Ok(cases)
}

#[derive(Deserialize)]
struct Data {
    news: News,
}

#[derive(Deserialize)]
struct News {
    id: u64,
    title: String,
}

impl News {
    fn size(&self) -> u64 {
        self.id + self.title.len() as u64
    }
}

/// Reads results, in the order in which the server sends them round.
struct Pushed<F> {
    runtime: Runtime,
    /// Makes the server send so many.
    push: UnboundedSender<usize>,
    calls: usize,
    last: u64,
    next: F,
}

impl<F: AsyncFnMut() -> u64> Subject for Pushed<F> {
    fn prepare(&mut self, calls: usize) {
        self.calls = calls;
    }

    fn run(&mut self) {
        self.push.send(self.calls).expect("a server");
        let next = &mut self.next;
        self.last = self.runtime.block_on(async {
            let mut last = 0;
            for _ in 0..self.calls {
                last = next().await;
            }
            last
        });
    }

    fn outcome(&self) -> String {
        self.last.to_string()
    }
}

fn ours(count: usize) -> Result<impl Subject + 'static, BoxError> {
    let (runtime, address, push) = server(count)?;
    let mut all = runtime.block_on(async {
        let http: Hyper<HttpConnector, Body> = Hyper::builder(TokioExecutor::new()).build_http();
        let client = GraphQl::builder(format!("ws://{address}/graphql"))?
            .build(http)
            .websocket(WebSocket::new().buffer(10 * BATCH));
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(client.query(DOCUMENT).subscribe().await?.typed::<Data>());
        }
        Ok::<_, BoxError>(all)
    })?;
    let mut at = 0;
    Ok(Pushed {
        runtime,
        push,
        calls: 0,
        last: 0,
        next: async move || {
            let response = all[at % count].next().await;
            at += 1;
            let data = response.expect("a result").expect("a result").data;
            data.expect("data").news.size()
        },
    })
}

#[derive(Serialize)]
struct Operation {
    query: &'static str,
}

impl GraphqlOperation for Operation {
    type Response = Answer;
    type Error = serde_json::Error;

    fn decode(&self, data: serde_json::Value) -> Result<Answer, serde_json::Error> {
        serde_json::from_value(data)
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

/// The same library below the peer as below ours.
struct Tungstenite(WebSocketStream<TcpStream>);

impl Connection for Tungstenite {
    async fn receive(&mut self) -> Option<PeerMessage> {
        match self.0.next().await?.ok()? {
            Message::Text(text) => Some(PeerMessage::Text(text.as_str().to_owned())),
            Message::Ping(_) => Some(PeerMessage::Ping),
            Message::Pong(_) => Some(PeerMessage::Pong),
            _ => None,
        }
    }

    async fn send(&mut self, message: PeerMessage) -> Result<(), graphql_ws_client::Error> {
        let message = match message {
            PeerMessage::Text(text) => Message::text(text),
            _ => return Ok(()),
        };
        let failed = |error: tokio_tungstenite::tungstenite::Error| {
            graphql_ws_client::Error::Send(error.to_string())
        };
        self.0.send(message).await.map_err(failed)
    }
}

async fn connect(address: &str) -> Result<WebSocketStream<TcpStream>, BoxError> {
    let stream = TcpStream::connect(address).await?;
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", PROTOCOL.parse()?);
    Ok(client_async(request, stream).await?.0)
}

fn client(count: usize) -> Result<impl Subject + 'static, BoxError> {
    let (runtime, address, push) = server(count)?;
    let mut all = runtime.block_on(async {
        let connection = Tungstenite(connect(&address).await?);
        let (client, actor) = Peer::build(connection)
            .subscription_buffer_size(10 * BATCH)
            .await?;
        tokio::spawn(actor.into_future());
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(client.subscribe(Operation { query: DOCUMENT }).await?);
        }
        // It closes the connection when it is dropped.
        std::mem::forget(client);
        Ok::<_, BoxError>(all)
    })?;
    let mut at = 0;
    Ok(Pushed {
        runtime,
        push,
        calls: 0,
        last: 0,
        next: async move || {
            let answer = all[at % count].next().await;
            at += 1;
            answer
                .expect("a result")
                .expect("a result")
                .data
                .news
                .size()
        },
    })
}

/// Reads messages, and decodes each where it is.
fn bare(count: usize) -> Result<impl Subject + 'static, BoxError> {
    #[derive(Deserialize)]
    struct Next<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[allow(dead_code)] // whose it is
        id: &'a str,
        payload: Answer,
    }

    let (runtime, address, push) = server(count)?;
    let mut stream = runtime.block_on(async {
        let mut stream = connect(&address).await?;
        stream
            .send(Message::text(r#"{"type":"connection_init"}"#))
            .await?;
        stream.next().await.ok_or("no acknowledgement")??;
        for id in 1..=count {
            let payload = Operation { query: DOCUMENT };
            let payload = serde_json::to_string(&payload)?;
            let text = format!(r#"{{"type":"subscribe","id":"{id}","payload":{payload}}}"#);
            stream.send(Message::text(text)).await?;
        }
        Ok::<_, BoxError>(stream)
    })?;
    Ok(Pushed {
        runtime,
        push,
        calls: 0,
        last: 0,
        next: async move || loop {
            if let Message::Text(text) = stream.next().await.expect("a message").expect("a message")
            {
                let next: Next<'_> = serde_json::from_str(&text).expect("a result");
                if next.kind == "next" {
                    break next.payload.data.news.size();
                }
            }
        },
    })
}

/// A server with one connection. One thread for both ends, as for queries.
fn server(count: usize) -> Result<(Runtime, String, UnboundedSender<usize>), BoxError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?.to_string();
    let (push, pushes) = unbounded_channel();
    runtime.spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        serve(stream, count, pushes).await.expect("a client")
    });
    Ok((runtime, address, push))
}

#[allow(clippy::result_large_err, clippy::unnecessary_wraps)] // tungstenite's
fn pick(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let protocol = http::HeaderValue::from_static(PROTOCOL);
    response
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    Ok(response)
}

/// Takes the operations, and then sends results round, each in a write of its own, as they come where something happens.
async fn serve(
    stream: TcpStream,
    count: usize,
    mut pushes: UnboundedReceiver<usize>,
) -> Result<(), BoxError> {
    stream.set_nodelay(true)?;
    let mut stream = accept_hdr_async(stream, pick).await?;
    stream.next().await.ok_or("no parameters")??;
    stream
        .send(Message::text(r#"{"type":"connection_ack"}"#))
        .await?;
    let mut ids = Vec::new();
    while ids.len() < count {
        let message = stream.next().await.ok_or("no operation")??;
        let json: serde_json::Value = serde_json::from_str(message.to_text()?)?;
        ids.extend(json["id"].as_str().map(str::to_owned));
    }
    let next = |id: &String| {
        let payload = r#"{"data":{"news":{"id":4711,"title":"it is as it was, and nobody knows why, or has asked"}}}"#;
        Utf8Bytes::from(format!(
            r#"{{"type":"next","id":"{id}","payload":{payload}}}"#
        ))
    };
    let messages: Vec<_> = ids.iter().map(next).collect();
    let mut round = messages.iter().cycle();
    while let Some(count) = pushes.recv().await {
        for message in round.by_ref().take(count) {
            stream.send(Message::Text(message.clone())).await?;
        }
    }
    Ok(())
}
