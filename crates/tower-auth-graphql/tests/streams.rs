//! Incremental delivery over a connection: parts as they come, silence, limits, cuts.
#![cfg(feature = "incremental")]

mod support;

use serde_json::{Value, json};
use std::time::Duration;
use support::{answer, http, raw_server};
use tower_auth_graphql::{Client, Error, ErrorKind, Incremental, Limit, Timeout};

const HEAD: &str =
    "HTTP/1.1 200 X\r\nContent-Type: multipart/mixed; boundary=\"-\"\r\nConnection: close\r\n\r\n";

async fn stream(body: &str, close: bool) -> Result<Incremental, Error> {
    let endpoint = raw_server(format!("{HEAD}{body}").into_bytes(), close).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .idle_timeout(Duration::from_millis(200))
        .max_part_size(1000)
        .max_response_size(5000)
        .build(http());
    client.query("{ a ... @defer { b } }").stream().await
}

fn part(json: &Value) -> String {
    format!("\r\n---\r\nContent-Type: application/json\r\n\r\n{json}")
}

#[tokio::test]
async fn a_deferred_part_is_merged_and_what_is_there_can_be_seen_before() {
    let first = part(&json!({"data": {"a": 1}, "hasNext": true}));
    let second = part(&json!({"incremental": [{"path": [], "data": {"b": 2}}], "hasNext": false}));
    let mut response = stream(&format!("{first}{second}\r\n-----\r\n"), false)
        .await
        .unwrap();
    assert!(response.update().await.unwrap());
    assert_eq!(response.data(), Some(&json!({"a": 1})));
    assert!(response.update().await.unwrap());
    assert_eq!(response.data(), Some(&json!({"a": 1, "b": 2})));
    assert!(!response.update().await.unwrap());
}

#[tokio::test]
async fn a_plain_response_is_a_stream_of_one() {
    let answer = answer(200, "application/json", br#"{"data":{"a":1}}"#);
    let client = Client::builder(raw_server(answer, true).await)
        .unwrap()
        .build(http());
    let response = client
        .query("{ a }")
        .stream()
        .await
        .unwrap()
        .finish::<Value>()
        .await
        .unwrap();
    assert_eq!(response.data, Some(json!({"a": 1})));
}

#[tokio::test]
async fn a_stream_that_is_cut_off_silent_or_too_large_is_an_error_and_then_over() {
    let first = part(&json!({"data": {"a": 1}, "hasNext": true}));
    let large = part(&json!({"data": {"a": "x".repeat(2000)}, "hasNext": true}));
    let many = part(&json!({"hasNext": true})).repeat(200);
    let cases = [
        (first.clone() + "\r\n---", true, ErrorKind::Transport),
        (first.clone() + "\r\n-----\r\n", true, ErrorKind::Transport),
        (
            first.clone() + "\r\n---",
            false,
            ErrorKind::Timeout(Timeout::Idle),
        ),
        (large, false, ErrorKind::Limit(Limit::PartSize)),
        (
            first.clone() + &many,
            false,
            ErrorKind::Limit(Limit::ResponseSize),
        ),
        (
            first + &part(&json!([1])) + "\r\n---",
            false,
            ErrorKind::Protocol,
        ),
    ];
    for (body, close, expected) in cases {
        let mut response = stream(&body, close).await.unwrap();
        let error = loop {
            match response.update().await {
                Ok(more) => assert!(more),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), expected, "{error:?}");
        assert!(!response.update().await.unwrap());
    }
}
