//! What says credentials is in no log. By itself, as there is one log for all of a program.
#![cfg(feature = "ws")]

use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::json;
use std::{sync::Mutex, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_auth_graphql::{Client, WebSocket};

const SECRET: &str = "pl4nted-s3cret";

/// What tungstenite says, with everything else that speaks to `log`.
struct Lines(Mutex<String>);

static LINES: Lines = Lines(Mutex::new(String::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        *lines += &format!("{} {}\n", record.target(), record.args());
    }

    fn flush(&self) {}
}

/// One frame of the client's, without its mask. By hand: a server of tungstenite's would log it.
async fn receive(stream: &mut TcpStream) -> String {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!((head[0], head[1] & 0x80), (0x81, 0x80));
    let length = match head[1] & 0x7F {
        126 => usize::from(stream.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    String::from_utf8(payload).unwrap()
}

async fn serve(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let (_, key) = lines
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .unwrap();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    let init = receive(&mut stream).await;
    let init: serde_json::Value = serde_json::from_str(&init).unwrap();
    let wanted = json!({"password": SECRET, "x": "x".repeat(200)});
    assert_eq!(init, json!({"type": "connection_init", "payload": wanted}));
    let ack = br#"{"type":"connection_ack"}"#;
    stream.write_all(&[0x81, ack.len() as u8]).await.unwrap();
    stream.write_all(ack).await.unwrap();
    receive(&mut stream).await; // the operation
    tokio::time::sleep(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn connection_parameters_are_in_no_log() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener));
    let options = WebSocket::new()
        .params(json!({"password": SECRET, "x": "x".repeat(200)}))
        .unwrap();
    let client = Client::builder(endpoint)
        .unwrap()
        .build(Hyper::builder(TokioExecutor::new()).build_http())
        .websocket(options);
    let call = client.query("subscription { what_is_looked_for }");
    let begun = tokio::time::timeout(Duration::from_secs(10), call.subscribe());
    let results = begun.await.expect("it hangs").unwrap();
    assert!(!server.is_finished());
    drop(results);
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
    let lines = LINES.0.lock().unwrap().clone();
    // That it listens shows what need not be hidden.
    assert!(lines.contains("what_is_looked_for"), "{lines}");
    for secret in [SECRET.to_owned(), hex(SECRET)] {
        assert!(!lines.contains(&secret), "{secret}");
    }
}
