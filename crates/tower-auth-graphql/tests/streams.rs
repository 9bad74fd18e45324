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

#[tokio::test]
async fn a_stream_without_a_first_part_is_timed_out_like_an_answer() {
    let endpoint = raw_server(HEAD.as_bytes().to_vec(), false).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .timeout(Duration::from_millis(100))
        .build(http());
    let error = client.query("{ a }").stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Timeout::Answer));
}

#[cfg(feature = "events")]
mod events {
    use super::{ErrorKind, HEAD, Limit, Timeout, http, raw_server};
    use serde_json::{Value, json};
    use std::time::Duration;
    use tower_auth_graphql::{Client, Error, Subscription};

    async fn subscribe(body: &str, close: bool) -> Result<Subscription, Error> {
        let head = HEAD.replace("multipart/mixed; boundary=\"-\"", "text/event-stream");
        let endpoint = raw_server(format!("{head}{body}").into_bytes(), close).await;
        let client = Client::builder(endpoint)
            .unwrap()
            .max_part_size(1000)
            .idle_timeout(Duration::from_millis(200));
        client
            .build(http())
            .query("subscription { a }")
            .subscribe()
            .await
    }

    #[tokio::test]
    async fn results_are_pushed_until_the_operation_is_complete() {
        let body = ":\n\nevent: next\ndata: {\"data\":{\"a\":1}}\n\nevent: next\n\
            data: {\"errors\":[{\"message\":\"m\"}]}\n\nevent: complete\ndata:\n\nevent: next\ndata: 1\n\n";
        let mut events = subscribe(body, false).await.unwrap();
        let first = events
            .next()
            .await
            .unwrap()
            .unwrap()
            .decode::<Value>()
            .unwrap();
        assert_eq!(first.data, Some(json!({"a": 1})));
        assert_eq!(events.next().await.unwrap().unwrap().errors[0].message, "m");
        assert!(events.next().await.is_none());
        assert!(events.next().await.is_none());
    }

    /// A comment every 60 ms, six times; then a result, and the end.
    struct KeepAlive {
        left: usize,
        sleep: std::pin::Pin<Box<tokio::time::Sleep>>,
    }

    impl http_body::Body for KeepAlive {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
            use std::future::Future as _;
            std::task::ready!(self.sleep.as_mut().poll(cx));
            self.sleep = Box::pin(tokio::time::sleep(Duration::from_millis(60)));
            self.left = self.left.saturating_sub(1);
            let text = match self.left {
                0 => "event: next\ndata: {\"data\":{\"a\":1}}\n\nevent: complete\ndata:\n\n",
                _ => ": keep-alive\n\n",
            };
            let frame = http_body::Frame::data(bytes::Bytes::from_static(text.as_bytes()));
            std::task::Poll::Ready(Some(Ok(frame)))
        }
    }

    #[tokio::test]
    async fn comments_keep_a_silent_subscription_alive() {
        let answer = || async {
            let sleep = Box::pin(tokio::time::sleep(Duration::from_millis(60)));
            let body = axum::body::Body::new(KeepAlive { left: 6, sleep });
            ([("content-type", "text/event-stream")], body)
        };
        let app = axum::Router::new().route("/", axum::routing::post(answer));
        let client = Client::builder(super::support::serve(app).await)
            .unwrap()
            .idle_timeout(Duration::from_millis(200))
            .build(http());
        let mut events = client
            .query("subscription { a }")
            .subscribe()
            .await
            .unwrap();
        assert!(events.next().await.unwrap().is_ok());
        assert!(events.next().await.is_none());
    }

    #[tokio::test]
    async fn every_way_to_write_an_event_stream_is_read() {
        // With a mark, line ends of each kind, `id`, `retry`, comments, events without a name, and foreign ones.
        let body = "\u{feff}retry: 5\r\nid: 1\r\nevent: next\r\ndata: {\"data\":\r\ndata: {\"a\":1}}\r\n\r\n\
            : keep-alive\r\revent:next\rdata:{\"data\":{\"a\":2}}\r\rdata: {\"data\":{\"a\":3}}\n\n\
            event: ping\ndata: x\n\nevent: complete\n\n";
        let mut events = subscribe(body, false).await.unwrap();
        for expected in 1..=3 {
            let response = events.next().await.unwrap().unwrap();
            let data: Value = response.into_data().unwrap().decode().unwrap();
            assert_eq!(data, json!({"a": expected}));
        }
        assert!(events.next().await.is_none());
    }

    #[tokio::test]
    async fn a_dropped_connection_silence_and_nonsense_are_errors() {
        let next = "event: next\ndata: {\"data\":{}}\n\n";
        let cases = [
            (next.to_owned(), true, ErrorKind::Transport),
            (next.to_owned(), false, ErrorKind::Timeout(Timeout::Idle)),
            (
                format!("{next}event: next\ndata: 1\n\n"),
                false,
                ErrorKind::Protocol,
            ),
            // Cut off in the middle of an event: what is there of it is not given out.
            (
                format!("{next}event: next\ndata: {{\"data\":{{}}}}\n"),
                true,
                ErrorKind::Transport,
            ),
            // Its blank line is missing, so it does not count.
            (
                format!("{next}event: complete\n"),
                true,
                ErrorKind::Transport,
            ),
            // A line, and an event of many lines, that do not end.
            (
                format!("{next}data: {}", "x".repeat(5000)),
                false,
                ErrorKind::Limit(Limit::PartSize),
            ),
            (
                format!("{next}{}", "data: x\n".repeat(1000)),
                false,
                ErrorKind::Limit(Limit::PartSize),
            ),
        ];
        for (body, close, expected) in cases {
            let mut events = subscribe(&body, close).await.unwrap();
            assert!(events.next().await.unwrap().is_ok());
            assert_eq!(events.next().await.unwrap().unwrap_err().kind(), expected);
            assert!(events.next().await.is_none());
        }
    }
}

/// Answers of 200 that say in a stream that the caller has to log in.
#[cfg(all(feature = "events", feature = "login"))]
mod auth {
    use super::{Client, HEAD, http, json, part, raw_server};
    use axum::{
        Router,
        http::{HeaderMap, header::CONTENT_TYPE},
        response::IntoResponse,
        routing::post,
    };
    use serde_json::Value;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::{Duration, Instant},
    };
    use tower_auth_graphql::{AuthFailure, Body, BoxError, ErrorKind, Reply};
    use tower_auth_token::{Demand, Failure, Fetched, Source, Token, TokenAuth};
    use tower_service::Service;

    const REFUSED: &str =
        r#"{"message":"log in first","path":["a"],"extensions":{"code":"UNAUTHENTICATED"}}"#;

    /// `t0`, `t1`, and so on.
    #[derive(Clone, Default)]
    struct Numbered(Arc<AtomicUsize>);

    impl Source for Numbered {
        type Value = Token;

        async fn fetch(&self, _: Demand<Token>) -> Result<Fetched<Token>, Failure> {
            let number = self.0.fetch_add(1, SeqCst);
            Ok(Fetched::new(Token::from(format!("t{number}"))))
        }
    }

    /// A server that gives `refused` to everybody but `t1`, and counts.
    async fn server(
        content_type: &'static str,
        refused: String,
        granted: String,
    ) -> (
        Client<
            impl Service<http::Request<Body>, Response = http::Response<Reply>, Error: Into<BoxError>>
            + Clone,
        >,
        Arc<AtomicUsize>,
    ) {
        let count = Arc::new(AtomicUsize::new(0));
        let requests = Arc::clone(&count);
        let answer = move |headers: HeaderMap| async move {
            requests.fetch_add(1, SeqCst);
            let accepted = headers["authorization"] == "Bearer t1";
            let body = if accepted { granted } else { refused };
            ([(CONTENT_TYPE, content_type)], body).into_response()
        };
        let origin = super::support::serve(Router::new().route("/", post(answer))).await;
        let auth = TokenAuth::bearer(Numbered::default());
        let builder = Client::builder(origin).unwrap().auth(auth).unwrap();
        (builder.build(http()), count)
    }

    fn multipart(parts: &[Value]) -> String {
        let parts: String = parts.iter().map(part).collect();
        format!("{parts}\r\n-----\r\n")
    }

    #[tokio::test]
    async fn a_first_part_that_says_so_renews_credentials_and_nothing_of_it_is_seen() {
        let error: Value = serde_json::from_str(REFUSED).unwrap();
        let refused =
            multipart(&[json!({"errors": [error], "data": {"a": null}, "hasNext": false})]);
        let granted = multipart(&[
            json!({"data": {"a": 1}, "hasNext": true}),
            json!({"incremental": [{"path": [], "data": {"b": 2}}], "hasNext": false}),
        ]);
        let (client, requests) = server("multipart/mixed; boundary=\"-\"", refused, granted).await;
        for document in ["{ a ... @defer { b } }", "mutation { a ... @defer { b } }"] {
            let stream = client.query(document).stream().await.unwrap();
            assert_eq!(stream.auth_failure(), None);
            let response = stream.finish::<Value>().await.unwrap();
            assert_eq!(response.into_data().unwrap(), json!({"a": 1, "b": 2}));
        }
        assert_eq!(requests.load(SeqCst), 3);
    }

    #[tokio::test]
    async fn a_mutation_that_ran_is_not_sent_again_because_of_its_first_part() {
        let error: Value = serde_json::from_str(REFUSED).unwrap();
        let refused = multipart(&[
            json!({"errors": [error], "data": {"a": null, "b": 1}, "hasNext": true}),
            json!({"hasNext": false}),
        ]);
        let (client, requests) =
            server("multipart/mixed; boundary=\"-\"", refused, String::new()).await;
        let call = client.query("mutation { a b ... @defer { c } }");
        let response = call
            .stream()
            .await
            .unwrap()
            .finish::<Value>()
            .await
            .unwrap();
        assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
        assert_eq!(response.data, Some(json!({"a": null, "b": 1})));
        assert_eq!(requests.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn what_a_later_part_says_is_known_as_an_auth_failure() {
        let error: Value = serde_json::from_str(REFUSED).unwrap();
        let body = multipart(&[
            json!({"data": {"a": 1}, "hasNext": true}),
            json!({"incremental": [{"path": [], "data": null, "errors": [error]}], "hasNext": true}),
            json!({"hasNext": false}),
        ]);
        let mut stream = super::stream(&body, false).await.unwrap();
        let mut seen = Vec::new();
        while stream.update().await.unwrap() {
            seen.push(stream.auth_failure());
        }
        let refused = Some(AuthFailure::Refused);
        assert_eq!(seen, [None, refused, refused]);
        let response = stream.finish::<Value>().await.unwrap();
        let error = response.into_data().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
    }

    fn events(results: &[&str]) -> String {
        let next = |result: &&str| format!("event: next\ndata: {result}\n\n");
        let results: String = results.iter().map(next).collect();
        format!(":\n\n{results}event: complete\ndata:\n\n")
    }

    #[tokio::test]
    async fn a_first_event_that_says_so_renews_credentials_and_a_later_one_is_known_as_a_failure() {
        let refusal = format!(r#"{{"errors":[{REFUSED}],"data":null}}"#);
        let refused = events(&[&refusal]);
        let granted = events(&[r#"{"data":{"a":1}}"#, &refusal]);
        let (client, requests) = server("text/event-stream", refused, granted).await;
        let mut events = client
            .query("subscription { a }")
            .subscribe()
            .await
            .unwrap();
        let first = events.next().await.unwrap().unwrap();
        assert_eq!(first.data.unwrap().json().unwrap(), r#"{"a":1}"#);
        let second = events.next().await.unwrap().unwrap();
        assert_eq!(second.auth_failure, Some(AuthFailure::Refused));
        let error = second.into_data().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
        assert!(events.next().await.is_none());
        assert_eq!(requests.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn a_subscription_does_not_wait_for_an_event_that_does_not_come() {
        let head = HEAD.replace("multipart/mixed; boundary=\"-\"", "text/event-stream");
        let endpoint = raw_server(format!("{head}:\n\n").into_bytes(), false).await;
        for (wait, least) in [(Some(Duration::from_millis(100)), 100), (None, 0)] {
            let client = Client::builder(endpoint.as_str())
                .unwrap()
                .first_event(wait)
                .build(http());
            #[allow(clippy::disallowed_methods)] // how long it really takes
            let start = Instant::now();
            let events = client
                .query("subscription { a }")
                .subscribe()
                .await
                .unwrap();
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(least), "{took:?}");
            assert!(took < Duration::from_secs(20), "{took:?}");
            drop(events);
        }
    }
}

/// Subscriptions as Apollo's router sends them: parts with a payload each, and heartbeats.
#[cfg(feature = "multipart")]
mod multipart {
    use super::{ErrorKind, http, raw_server};
    use serde_json::{Value, json};
    use tower_auth_graphql::{Client, End, Subscription};

    const HEAD: &str = "HTTP/1.1 200 X\r\nConnection: close\r\n\
        Content-Type: multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0\r\n\r\n";

    fn part(json: &Value) -> String {
        format!("\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{json}")
    }

    async fn subscribe(parts: &[Value], end: &str) -> Subscription {
        let body: String = parts.iter().map(part).collect();
        let endpoint = raw_server(format!("{HEAD}{body}{end}").into_bytes(), true).await;
        let client = Client::builder(endpoint)
            .unwrap()
            .multipart_subscriptions()
            .build(http());
        client
            .query("subscription { a }")
            .subscribe()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn heartbeats_are_passed_over_and_results_come_in_order() {
        let result = |n: i32| json!({"payload": {"data": {"a": n}}});
        let parts = [
            json!({}),
            result(1),
            json!({}),
            json!({}),
            result(2),
            json!({"payload": {"errors": [{"message": "m"}]}}),
        ];
        for end in [
            "\r\n--graphql--\r\n",
            &(part(&json!({"payload": null})) + "\r\n--graphql"),
        ] {
            let mut results = subscribe(&parts, end).await;
            for n in [1, 2] {
                let result = results
                    .next()
                    .await
                    .unwrap()
                    .unwrap()
                    .decode::<Value>()
                    .unwrap();
                assert_eq!(result.data, Some(json!({"a": n})));
            }
            assert_eq!(
                results.next().await.unwrap().unwrap().errors[0].message,
                "m"
            );
            assert!(results.next().await.is_none());
            assert!(matches!(results.end(), Some(End::Completed)));
        }
    }

    #[tokio::test]
    async fn errors_of_the_transport_end_it_and_a_cut_is_no_end() {
        let gone = json!({"payload": null, "errors": [{"message": "the subgraph is gone"}]});
        let mut results = subscribe(
            &[json!({"payload": {"data": {"a": 1}}}), gone],
            "\r\n--graphql--\r\n",
        )
        .await;
        results.next().await.unwrap().unwrap();
        let error = results.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), &*error.errors()[0].message),
            (ErrorKind::GraphQl, "the subgraph is gone")
        );
        let mut results =
            subscribe(&[json!({"payload": {"data": {"a": 1}}})], "\r\n--graphql").await;
        results.next().await.unwrap().unwrap();
        assert_eq!(
            results.next().await.unwrap().unwrap_err().kind(),
            ErrorKind::Transport
        );
    }
}
