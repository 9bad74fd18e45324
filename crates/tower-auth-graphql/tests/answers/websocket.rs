//! Any bytes after a handshake: every subscription ends, and with the same results, however the bytes are cut.

use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower_auth_graphql::{Body, BoxError, Client, GraphQlService, Subprotocol, WebSocket};

/// A byte of the input that is the index of one stands for it, as a text message.
const MESSAGES: [&str; 14] = [
    r#"{"type":"connection_ack"}"#,
    r#"{"type":"next","id":"1","payload":{"data":{"a":1}}}"#,
    r#"{"id":"1","payload":{"errors":[{"message":"m"}]},"type":"next"}"#,
    r#"{"type":"next","id":"2","payload":{"data":{}}}"#,
    r#"{"type":"data","id":"1","payload":{"data":{"a":2}}}"#,
    r#"{"type":"error","id":"1","payload":[{"message":"no"}]}"#,
    r#"{"type":"error","id":"1","payload":{"message":"no"}}"#,
    r#"{"type":"complete","id":"1"}"#,
    r#"{"type":"ping","payload":{"x":1}}"#,
    r#"{"type":"pong"}"#,
    r#"{"type":"ka"}"#,
    r#"{"type":"connection_error","payload":{}}"#,
    r#"{"type":"next","id":"1","payload":[[[[[[[[[["#,
    r#"{"type":"next","id":"1"}"#,
];
/// The next byte says how many bytes a text has that is taken as it is.
const TEXT: u8 = 14;
const CLOSE: u8 = 15;
const PING: u8 = 16;
const BINARY: u8 = 17;

pub(crate) fn check(input: &[u8]) {
    let Some((&[protocol, step], messages)) = input.split_first_chunk::<2>() else {
        return;
    };
    let protocol = match protocol % 4 {
        0 => Subprotocol::Legacy,
        _ => Subprotocol::TransportWs,
    };
    let sent = frames(messages);
    let whole = results(protocol, &sent, sent.len().max(1));
    for step in [usize::from(step).max(1), 1] {
        assert_eq!(whole, results(protocol, &sent, step), "{sent:?} by {step}");
    }
}

/// What an input brings.
#[allow(dead_code)] // by the fuzz target
pub(crate) fn results_of(input: &[u8]) -> Vec<String> {
    results(Subprotocol::TransportWs, &frames(&input[2..]), 1)
}

/// What a server sends for this input.
fn frames(input: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    let mut input = input.iter().copied();
    while let Some(byte) = input.next() {
        match (MESSAGES.get(usize::from(byte)), byte) {
            (Some(message), _) => frame(&mut sent, 1, message.as_bytes()),
            (None, TEXT) => {
                let length = usize::from(input.next().unwrap_or_default());
                let text: Vec<_> = input.by_ref().take(length).collect();
                frame(&mut sent, 1, &text);
            }
            (None, CLOSE) => {
                let code = 4400 + u16::from(input.next().unwrap_or_default());
                frame(&mut sent, 8, &[&code.to_be_bytes()[..], b"why"].concat());
            }
            (None, PING) => frame(&mut sent, 9, b"ping"),
            (None, BINARY) => frame(&mut sent, 2, b"binary"),
            (None, byte) => sent.push(byte),
        }
    }
    sent
}

/// One frame that is a whole message (RFC 6455 section 5.2).
fn frame(into: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    into.push(0x80 | opcode);
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => into.push(length),
        _ => {
            into.push(126);
            into.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    into.extend_from_slice(payload);
}

fn results(protocol: Subprotocol, sent: &[u8], step: usize) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let all = subscribe(protocol, sent.to_vec(), step);
    // The clock is wound on whenever nothing can happen: an hour is longer than every time-out.
    let ended = async { tokio::time::timeout(Duration::from_secs(3600), all).await };
    runtime.block_on(ended).expect("it never ends")
}

async fn subscribe(protocol: Subprotocol, sent: Vec<u8>, step: usize) -> Vec<String> {
    let http = tower::service_fn(move |request: http::Request<Body>| {
        let sent = sent.clone();
        async move {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(serve(theirs, protocol, sent, step));
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(ours)).await?;
            tokio::spawn(connection.with_upgrades());
            Ok::<_, BoxError>(sender.send_request(request).await?)
        }
    });
    let options = WebSocket::new()
        .subprotocols([protocol])
        .reconnect(0)
        .max_message_size(1000);
    let client = Client::over("http://h/graphql", GraphQlService::new(http));
    let client = client.expect("a constant endpoint").websocket(options);
    let mut results = match client.query("subscription { a }").subscribe().await {
        Ok(results) => results,
        Err(error) => return vec![format!("{:?}", error.kind())],
    };
    let mut all = Vec::new();
    while let Some(result) = results.next().await {
        all.push(match result {
            Ok(response) => format!("{:?}", response.decode::<Value>().map_err(|e| e.kind())),
            Err(error) => format!("{:?} {:?}", error.kind(), error.closed()),
        });
    }
    assert!(results.next().await.is_none());
    all
}

/// Switches protocols, and then sends these bytes.
async fn serve(mut stream: DuplexStream, protocol: Subprotocol, sent: Vec<u8>, step: usize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let key = lines.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let key = key.map_or("", |(_, key)| key);
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
        protocol.name()
    );
    if stream.write_all(answer.as_bytes()).await.is_err() {
        return;
    }
    for piece in sent.chunks(step) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    // What the client says no longer matters, but it must not be a reset.
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}
