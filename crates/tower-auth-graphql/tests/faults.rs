//! Servers, gateways and networks that misbehave: a clear error each, in bounded memory.

mod support;

use serde_json::Value;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use support::{answer, http, raw_server};
use tower_auth_core::NotAuthenticated;
use tower_auth_graphql::{
    AuthDetector, AuthFailure, Body, Client, Error, ErrorKind, GraphQlService, Limit, Reply,
    Timeout,
};

async fn ask(endpoint: &str) -> Result<Value, Error> {
    let client = Client::builder(endpoint).unwrap().build(http());
    client.query("{ a }").data::<Value>().await
}

async fn ask_raw(status: u16, content_type: &str, body: &[u8]) -> Result<Value, Error> {
    ask(&raw_server(answer(status, content_type, body), true).await).await
}

#[tokio::test]
async fn a_page_of_a_gateway_is_a_transport_error_with_status_and_prefix() {
    let page = format!("<html>{}</html>", "x".repeat(100_000));
    for status in [200, 403, 404, 502] {
        let error = ask_raw(status, "text/html; charset=utf-8", page.as_bytes())
            .await
            .unwrap_err();
        let kind = match status {
            403 => ErrorKind::Auth(AuthFailure::Forbidden),
            _ => ErrorKind::Transport,
        };
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.content_type(), Some("text/html; charset=utf-8"));
        assert_eq!(error.body_prefix(), &page.as_bytes()[..4096]);
        assert!(!error.to_string().contains("html>") && !format!("{error:?}").contains("html>"));
    }
    let error = ask_raw(401, "text/html", page.as_bytes())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
}

#[tokio::test]
async fn json_at_an_error_status_is_believed_only_when_it_is_graphql() {
    let graphql = br#"{"errors":[{"message":"no"}]}"#;
    for status in [400, 401, 404, 500] {
        let error = ask_raw(status, "application/json", graphql)
            .await
            .unwrap_err();
        assert_eq!(error.errors()[0].message, "no", "{status}");
    }
    for json in [
        &br#"{"error":"rate limited"}"#[..],
        br#"{"errors":["rate limited"]}"#,
        b"[]",
        b"1",
        b"{",
        b"",
    ] {
        let error = ask_raw(503, "application/json", json).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert_eq!(
            (error.status().unwrap().as_u16(), error.body_prefix()),
            (503, json)
        );
    }
    // This media type is GraphQL's own, at any status.
    let error = ask_raw(503, "application/graphql-response+json", b"{}")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn what_is_no_response_is_a_protocol_error() {
    for body in [
        &b""[..],
        b"null",
        b"{}",
        b"[{\"data\":{}}]",
        b"{\"data\":1}",
        b"{\"data\":{\"a\":",
        b"\xff\xfe",
    ] {
        let error = ask_raw(200, "application/json", body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body:?}");
        assert_eq!(error.status().unwrap().as_u16(), 200);
    }
}

#[tokio::test]
async fn errors_that_are_strings_and_data_that_are_absent_are_clear_errors() {
    let error = ask_raw(
        200,
        "application/json",
        br#"{"ok":false,"errors":["no such file"]}"#,
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GraphQl);
    assert_eq!(error.errors()[0].message, "no such file");
    let error = ask_raw(200, "application/json", br#"{"data":null}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let error = ask_raw(200, "application/json", br#"{"extensions":{}}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn nesting_100_000_deep_is_a_limit() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        format!(r#"{{"data":{{"a":{deep}}}}}"#),
        format!(r#"{{"errors":{deep}}}"#),
    ] {
        let error = ask_raw(200, "application/json", body.as_bytes())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::Depth));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_transport_error() {
    let mut cut = answer(200, "application/json", br#"{"data":{"a":"0123456789"}}"#);
    cut.truncate(cut.len() - 8);
    let error = ask(&raw_server(cut, true).await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.status().unwrap().as_u16(), 200);

    let chunked = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"dat";
    let error = ask(&raw_server(chunked.to_vec(), true).await)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);

    let error = ask(&raw_server(Vec::new(), true).await).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Transport, None));
    let error = ask("http://127.0.0.1:1/graphql").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
}

#[tokio::test]
async fn a_401_that_is_cut_off_still_reaches_the_layers_above() {
    let mut cut = answer(
        401,
        "application/json",
        br#"{"errors":[{"message":"0123456789"}]}"#,
    );
    cut.truncate(cut.len() - 8);
    let client = Client::builder(raw_server(cut, true).await)
        .unwrap()
        .build(http());
    let reply = client.query("{ a }").reply().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert!(matches!(reply.body(), Reply::NotGraphQl(_)));
}

/// What an answer says to the schemes above of a request with this document.
async fn mark(answer: Vec<u8>, document: &'static str) -> Option<NotAuthenticated> {
    let client = Client::builder(raw_server(answer, true).await)
        .unwrap()
        .max_response_size(1000)
        .auth_detector(AuthDetector::default().status(support::status(419), AuthFailure::Expired))
        .build(http());
    let reply = client.query(document).reply().await.ok()?;
    reply.extensions().get().copied()
}

#[tokio::test]
async fn a_mutation_is_not_sent_again_after_a_401_that_says_more_than_can_be_read() {
    let mut cut = answer(401, "application/json", br#"{"data":{"a":1,"b":null}}"#);
    cut.truncate(cut.len() - 8);
    let large = answer(401, "application/json", &[b' '; 2000]);
    for answer in [cut, large] {
        let may_not = Some(NotAuthenticated::maybe_executed());
        assert_eq!(mark(answer.clone(), "mutation { a b }").await, may_not);
        let may = Some(NotAuthenticated::not_executed());
        assert_eq!(mark(answer, "{ a b }").await, may);
    }
}

#[tokio::test]
async fn a_status_can_be_made_to_count_whoever_sends_it() {
    let may = Some(NotAuthenticated::not_executed());
    let page = answer(419, "text/html", b"<html>");
    assert_eq!(mark(page.clone(), "mutation { a }").await, may);
    let json = br#"{"errors":[{"message":"m"}]}"#;
    let json = answer(419, "application/json", json);
    assert_eq!(mark(json.clone(), "mutation { a }").await, may);
    assert_eq!(mark(answer(418, "text/html", b""), "{ a }").await, None);

    for answer in [page, json] {
        let endpoint = raw_server(answer, true).await;
        let detector =
            AuthDetector::status_only().status(support::status(419), AuthFailure::Expired);
        let builder = Client::builder(endpoint).unwrap();
        let client = builder.auth_detector(detector).build(http());
        let error = client.query("{ a }").data::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Expired));
        assert_eq!(error.status(), Some(support::status(419)));
    }
}

#[tokio::test]
async fn a_page_larger_than_the_limit_is_still_a_transport_error_with_a_prefix() {
    let page = answer(502, "text/html", &[b'x'; 5000]);
    let client = Client::builder(raw_server(page, true).await)
        .unwrap()
        .max_response_size(100)
        .build(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.body_prefix(), [b'x'; 4096]);
}

#[tokio::test]
async fn a_server_that_is_silent_or_drips_is_timed_out() {
    let head = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        .to_vec();
    for bytes in [Vec::new(), head] {
        let endpoint = raw_server(bytes, false).await;
        let client = Client::builder(endpoint)
            .unwrap()
            .timeout(Duration::from_millis(100))
            .build(http());
        let error = client.query("{ a }").data::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(Timeout::Answer));
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_refused_at_the_limit() {
    let body = format!(r#"{{"data":{{"a":"{}"}}}}"#, "x".repeat(10_000));
    let endpoint = raw_server(answer(200, "application/json", body.as_bytes()), true).await;
    let client = |limit| {
        Client::builder(endpoint.as_str())
            .unwrap()
            .max_response_size(limit)
            .build(http())
    };
    let error = client(body.len() - 1)
        .query("{ a }")
        .data::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit(Limit::ResponseSize));
    assert!(
        client(body.len())
            .query("{ a }")
            .data::<Value>()
            .await
            .is_ok()
    );

    // Without an announced length.
    let mut chunked =
        b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..100 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.extend_from_slice(&[b' '; 1024]);
        chunked.extend_from_slice(b"\r\n");
    }
    let endpoint = raw_server(chunked, true).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .max_response_size(10_000)
        .build(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit(Limit::ResponseSize));
}

/// 64 MiB of blanks, gzipped: 65 KB. Made by hand, so that no compressor is needed: stored deflate blocks would be as
/// large as their content, so one fixed-Huffman block of repeats is written.
fn bomb(size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(1, 1); // the last block
    bits.push(1, 2); // fixed Huffman codes
    bits.code(0x30 + u16::from(b' '), 8); // the literal that is repeated
    let mut left = size - 1;
    while left >= 258 {
        bits.code(0b1100_0101, 8); // length 258
        bits.code(0, 5); // distance 1
        left -= 258;
    }
    for _ in 0..left {
        bits.code(0x30 + u16::from(b' '), 8);
    }
    bits.code(0, 7); // the end
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(bits.finish());
    gzip.extend([0; 8]); // nobody gets as far as the checksum
    gzip
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, value: u16, count: usize) {
        for bit in 0..count {
            if self.used % 8 == 0 {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= (((value >> bit) & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// Huffman codes come with their first bit first.
    fn code(&mut self, code: u16, count: usize) {
        for bit in (0..count).rev() {
            self.push((code >> bit) & 1, 1);
        }
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_gzip_bomb_is_stopped_at_the_limit() {
    let bomb = bomb(64 << 20);
    assert!(bomb.len() < 600_000, "{}", bomb.len());
    let endpoint = raw_server(gzipped(&bomb), true).await;
    let client = Client::builder(endpoint).unwrap().build_compressed(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Limit(Limit::ResponseSize),
        "{error:?}"
    );

    // It is a proper stream: with room for it, all of it is unpacked, and then found to be no JSON.
    let endpoint = raw_server(gzipped(&self::bomb(100_000)), true).await;
    let client = Client::builder(endpoint).unwrap().build_compressed(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_ne!(
        error.kind(),
        ErrorKind::Limit(Limit::ResponseSize),
        "{error:?}"
    );
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_compressed_answer_is_asked_for_and_read() {
    // By GNU gzip.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x4a\x49\x2c\x49\x54\xb2\xaa\x56\x02\x12\x86\xb5\xb5\x00\x75\xad\x5b\x96\x10\x00\x00\x00";
    let app = axum::Router::new().route(
        "/graphql",
        axum::routing::post(move |headers: http::HeaderMap| async move {
            let codings = headers["accept-encoding"].to_str().unwrap().to_owned();
            assert!(
                codings.contains("gzip") && codings.contains("deflate"),
                "{codings}"
            );
            let headers = [
                ("content-type", "application/json"),
                ("content-encoding", "gzip"),
            ];
            (headers, gzip.as_slice())
        }),
    );
    let endpoint = format!("{}/graphql", support::serve(app).await);
    let client = Client::builder(endpoint).unwrap().build_compressed(http());
    let data = client.query("{ a }").data::<Value>().await.unwrap();
    assert_eq!(data["a"], 1);
}

#[tokio::test]
async fn a_compressed_answer_without_a_decompressor_is_a_clear_error() {
    let error = ask(&raw_server(gzipped(&bomb(1000)), true).await)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("compressed"), "{error}");
}

#[tokio::test]
async fn an_answer_that_says_it_is_not_compressed_is_read() {
    for coding in ["identity", "none", "NONE"] {
        let body = r#"{"data":{"a":1}}"#;
        let answer = format!(
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let data = ask(&raw_server(answer.into_bytes(), true).await).await;
        assert_eq!(data.unwrap()["a"], 1, "{coding}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_drops_its_request() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let never = tower::service_fn(move |_: http::Request<Body>| {
        let flag = Flag(Arc::clone(&flag));
        async move {
            std::future::pending::<()>().await;
            drop(flag);
            Ok::<_, Infallible>(http::Response::new(Body::empty()))
        }
    });
    let client = Client::over("http://127.0.0.1/", GraphQlService::new(never)).unwrap();
    let call = client.query("{ a }").data::<Value>();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), call)
            .await
            .is_err()
    );
    assert!(dropped.load(SeqCst));
}
