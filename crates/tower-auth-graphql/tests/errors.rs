//! What an error says, and what it still knows of the answer.
#![cfg(all(feature = "login", feature = "persisted", feature = "uploads"))]

mod support;

use axum::{Router, extract::State, response::IntoResponse as _, routing::post};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{answer, http, raw_server, serve};
use tower_auth_graphql::{
    AuthFailure, Body, Client, ErrorKind, GraphQlLogin, GraphQlService, Upload,
};
use tower_auth_token::TokenAuth;

async fn ask(endpoint: &str) -> tower_auth_graphql::Error {
    let client = Client::builder(endpoint).unwrap().build(http());
    client.query("{ a }").data::<Value>().await.unwrap_err()
}

fn with_header(status: u16, header: &str, body: &str) -> Vec<u8> {
    let answer = answer(status, "application/json", body.as_bytes());
    let text = String::from_utf8(answer).unwrap();
    text.replacen("\r\n", &format!("\r\n{header}\r\n"), 1)
        .into_bytes()
}

#[tokio::test]
async fn an_error_of_graphql_keeps_its_status_and_headers() {
    let errors = r#"{"errors":[{"message":"slow down"}]}"#;
    for (status, transient) in [
        (400, true),
        (401, true),
        (413, true),
        (429, true),
        (500, true),
        (200, true),
    ] {
        let answer = with_header(status, "Retry-After: 7", errors);
        let error = ask(&raw_server(answer, true).await).await;
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(7)),
            "{error:?}"
        );
        assert_eq!(error.is_transient(), transient);
        assert_eq!(error.headers().unwrap()["retry-after"], "7");
        assert_eq!(error.errors()[0].message, "slow down");
    }
    let error =
        ask(&raw_server(answer(429, "application/json", errors.as_bytes()), true).await).await;
    assert!(error.is_transient() && error.retry_after().is_none());
    let error =
        ask(&raw_server(answer(400, "application/json", errors.as_bytes()), true).await).await;
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        "the server answered with an error (status 400): slow down"
    );
}

#[tokio::test]
async fn a_403_that_names_a_time_is_a_limit_that_passes() {
    // As GitHub says it.
    let body = r#"{"documentation_url":"https://docs","message":"You have exceeded a secondary rate limit"}"#;
    let error = ask(&raw_server(with_header(403, "Retry-After: 60", body), true).await).await;
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Forbidden));
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert!(error.is_transient());
}

#[tokio::test]
async fn texts_say_what_happened_and_what_to_do() {
    let page = |status| answer(status, "text/html", b"<html>");
    let redirect = with_header(307, "Location: https://elsewhere.example/", "");
    for (answer, part) in [
        (redirect, "redirects are not followed"),
        (page(302), "redirects are not followed"),
        (page(406), "`stream()`"),
        (
            answer(200, "text/plain", b"{\"data\":{}}"),
            "accept_plain_text",
        ),
        (
            answer(200, "application/json", b"{\"data\":[1]}"),
            "neither an object nor null",
        ),
    ] {
        let error = ask(&raw_server(answer, true).await).await;
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.may_have_been_executed());
    }
    let client = Client::builder(
        raw_server(
            answer(200, "application/json", b"{\"data\":{\"a\":1}}"),
            true,
        )
        .await,
    );
    let error = client
        .unwrap()
        .build(http())
        .query("{ a }")
        .data::<Vec<u8>>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("invalid type: map"), "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn a_failed_connection_says_whether_the_request_may_have_been_executed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&nobody).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(!error.may_have_been_executed() && error.is_transient());
    assert_eq!(
        error.to_string(),
        "the connection could not be made, so nothing was sent: connection refused"
    );
    let error = ask(&raw_server(Vec::new(), true).await).await;
    assert!(error.may_have_been_executed() && error.is_transient());
    assert!(
        error.to_string().contains("may have been executed"),
        "{error}"
    );

    // A login whose server is down says so, and not that credentials are missing.
    let login = GraphQlLogin::builder(nobody, GraphQlService::new(http()))
        .login("mutation { login }", &json!({}), "login")
        .build()
        .unwrap();
    let client = Client::builder("http://127.0.0.1:1/").unwrap();
    let client = client.auth(TokenAuth::bearer(login)).unwrap().build(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Unavailable));
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(error.is_transient() && !error.may_have_been_executed());
    assert!(error.auth_error().is_some());
}

#[tokio::test]
async fn an_answer_without_a_content_type_is_read_when_told_so() {
    let bare = b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n{\"data\":{\"a\":1}}".to_vec();
    let plain = answer(200, "text/plain; charset=utf-8", b"{\"data\":{\"a\":1}}");
    let marked = answer(
        200,
        "application/json",
        b"\xef\xbb\xbf {\"data\":{\"a\":1}}",
    );
    for (answer, as_it_is) in [(bare, false), (plain, false), (marked, true)] {
        let endpoint = raw_server(answer, true).await;
        let client = |accept| {
            Client::builder(endpoint.as_str())
                .unwrap()
                .accept_plain_text(accept)
                .build(http())
        };
        assert_eq!(
            client(false).query("{ a }").data::<Value>().await.is_ok(),
            as_it_is
        );
        assert_eq!(
            client(true).query("{ a }").data::<Value>().await.unwrap()["a"],
            1
        );
    }
    let text = answer(
        200,
        "application/json",
        br#"{"errors":"the database is down"}"#,
    );
    let error = ask(&raw_server(text, true).await).await;
    assert_eq!(
        (error.kind(), &*error.errors()[0].message),
        (ErrorKind::GraphQl, "the database is down")
    );
}

#[test]
fn a_user_name_in_an_endpoint_is_refused_before_it_is_lost() {
    for endpoint in ["http://u:p@127.0.0.1/", "https://u@h/graphql"] {
        let error = Client::builder(endpoint).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(!error.to_string().contains("u:p"));
        assert!(Client::over(endpoint, ()).is_err());
        let login = GraphQlLogin::builder(endpoint, GraphQlService::new(http()));
        assert!(login.login("{ a }", &json!({}), "a").build().is_err());
    }
}

#[tokio::test]
async fn more_headers_than_a_request_can_have_are_an_error_and_no_panic() {
    let endpoint = raw_server(answer(200, "application/json", b"{\"data\":{}}"), true).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let mut call = client.query("{ a }");
    for name in 0..40_000 {
        let name = HeaderName::try_from(format!("n{name}")).unwrap();
        call = call.header(name, HeaderValue::from_static("x"));
    }
    assert_eq!(
        call.data::<Value>().await.unwrap_err().kind(),
        ErrorKind::Request
    );

    // A request that another layer has filled up.
    let mut request = http::Request::post("http://127.0.0.1:1/")
        .body(Body::empty())
        .unwrap();
    let mut name = 0;
    while request
        .headers_mut()
        .try_insert(
            HeaderName::try_from(format!("n{name}")).unwrap(),
            HeaderValue::from_static("x"),
        )
        .is_ok()
    {
        name += 1;
    }
    let error = tower::ServiceExt::oneshot(GraphQlService::new(http()), request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[tokio::test]
async fn a_file_that_is_not_as_long_as_it_was_said_to_be_is_an_error_at_once() {
    let endpoint = raw_server(answer(200, "application/json", b"{\"data\":{}}"), false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    for (size, how) in [(10, "shorter"), (2, "longer")] {
        let call = client.query("mutation($f: Upload!) { a(f: $f) }").upload(
            "variables.f",
            Upload::open(size, || Full::<Bytes>::from("12345")),
        );
        let error = tokio::time::timeout(Duration::from_secs(10), call.data::<Value>()).await;
        let error = error.expect("it should not hang").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error:?}");
        assert!(error.to_string().contains(how), "{error}");
    }
    let right = Upload::open(5, || Full::<Bytes>::from("12345"));
    let call = client
        .query("mutation($f: Upload!) { a(f: $f) }")
        .upload("variables.f", right);
    call.data::<Value>().await.unwrap();
}

type Seen = Arc<Mutex<Vec<Value>>>;

/// A server that has never heard of hashes, and says so in its way.
async fn without_hashes(
    State((how, seen)): State<(usize, Seen)>,
    body: Bytes,
) -> axum::response::Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    seen.lock().unwrap().push(request.clone());
    match request.get("query").and_then(Value::as_str) {
        Some("{ bad }") => (
            StatusCode::BAD_REQUEST,
            axum::Json(json!({"errors": [{"message": "bad"}]})),
        )
            .into_response(),
        Some(_) => axum::Json(json!({"data": {"a": 1}})).into_response(),
        None => match how {
            0 => (
                StatusCode::BAD_REQUEST,
                axum::Json(json!({"errors": [{"message": "Missing query"}]})),
            )
                .into_response(),
            1 => (StatusCode::BAD_REQUEST, "POST body missing").into_response(),
            2 => axum::Json(json!({"errors": [{"message": "Must provide query string."}]}))
                .into_response(),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "<html>").into_response(),
        },
    }
}

#[tokio::test]
async fn at_a_server_without_persisted_queries_the_document_is_sent_and_hashes_no_more() {
    for how in 0..4 {
        let seen = Seen::default();
        let app = Router::new()
            .route("/", post(without_hashes))
            .with_state((how, Arc::clone(&seen)));
        let client = Client::builder(serve(app).await)
            .unwrap()
            .persisted_queries()
            .build(http());
        // What fails either way says nothing of hashes.
        client.query("{ bad }").data::<Value>().await.unwrap_err();
        for _ in 0..2 {
            assert_eq!(client.query("{ a }").data::<Value>().await.unwrap()["a"], 1);
        }
        let seen = seen.lock().unwrap();
        let documents: Vec<_> = seen
            .iter()
            .map(|request| request["query"].as_str())
            .collect();
        assert_eq!(
            documents,
            [None, Some("{ bad }"), None, Some("{ a }"), Some("{ a }")],
            "{how}"
        );
        assert!(seen[3].get("extensions").is_none());
    }
}

#[tokio::test]
async fn a_mutation_whose_hash_was_answered_with_200_is_not_sent_again() {
    let seen = Seen::default();
    let app = Router::new()
        .route("/", post(without_hashes))
        .with_state((2, Arc::clone(&seen)));
    let client = Client::builder(serve(app).await)
        .unwrap()
        .persisted_queries()
        .build(http());
    client
        .query("mutation { a }")
        .data::<Value>()
        .await
        .unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_boxed_client_is_a_client() {
    let endpoint = raw_server(
        answer(200, "application/json", b"{\"data\":{\"a\":1}}"),
        true,
    )
    .await;
    let plain = Client::builder(endpoint.as_str())
        .unwrap()
        .build(http())
        .boxed();
    let with = Client::builder(endpoint.as_str()).unwrap();
    let with = with
        .auth(tower_auth_core::Bearer::new("t").unwrap())
        .unwrap()
        .build(http())
        .boxed();
    for client in [plain.clone(), plain, with] {
        assert_eq!(client.query("{ a }").data::<Value>().await.unwrap()["a"], 1);
    }
}

#[tokio::test]
async fn a_client_over_layers_that_box_errors_still_tells_them_apart() {
    use tower::{Layer, timeout::TimeoutLayer};
    use tower_auth_core::{Bearer, ErrorKind as AuthErrorKind};
    let late = || TimeoutLayer::new(Duration::from_secs(60));
    let stack = late().layer(
        Bearer::new("t")
            .unwrap()
            .layer(late().layer(GraphQlService::new(http()))),
    );

    let page = raw_server(answer(502, "text/html", b"<h1>"), true).await;
    let client = Client::over(page.as_str(), stack.clone()).unwrap();
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));

    let client = Client::over("http://api.example.com/graphql", stack).unwrap();
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Unavailable));
    let auth = error.auth_error().unwrap();
    assert_eq!(auth.kind(), AuthErrorKind::Insecure);
    assert!(!error.may_have_been_executed());
}

/// One line, which does not only repeat what is behind it.
fn check(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(
        !text.is_empty() && !text.contains(char::is_control) && !text.ends_with('.'),
        "{text}"
    );
    let source = error.source().map(ToString::to_string);
    assert_ne!(source.as_ref(), Some(&text));
}

#[tokio::test]
async fn every_error_of_a_call_is_one_line_that_says_more_than_its_source() {
    let json = |status, body: &str| answer(status, "application/json", body.as_bytes());
    let deep = format!(
        r#"{{"data":{{"a":{}1{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let mut kinds = Vec::new();
    for answer in [
        Vec::new(),                                                // no answer at all
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(), // cut off
        answer(502, "text/html", b"<html>\n502</html>"),
        json(200, "{"),
        json(200, "[]"),
        json(200, r#"{"errors":[{"message":"a\nb"},{"message":""}]}"#),
        json(401, r#"{"errors":[{"message":"log in"}]}"#),
        json(403, r#"{"errors":[{"message":"not yours"}]}"#),
        json(200, r#"{"data":{}}"#),
        json(200, &deep),
    ] {
        let client = Client::builder(raw_server(answer, true).await).unwrap();
        let client = client.build(http());
        let error = client.query("{ a }").data::<Vec<u8>>().await.unwrap_err();
        check(&error);
        kinds.push(error.kind());
    }
    let error = Client::builder("/graphql").unwrap_err();
    check(&error);
    kinds.push(error.kind());
    for kind in [
        ErrorKind::Request,
        ErrorKind::Transport,
        ErrorKind::Protocol,
        ErrorKind::GraphQl,
        ErrorKind::Auth(AuthFailure::Refused),
        ErrorKind::Auth(AuthFailure::Forbidden),
        ErrorKind::Decode,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}: {kinds:?}");
    }
}
