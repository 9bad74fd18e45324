//! Small files of our own: each passes, and none of its answers can be changed unnoticed.

use crate::run::{End, tests::judged};
use serde_json::{Value, json};

fn end(file: &Value) -> (End, String) {
    judged(&file.to_string())
}

fn file(vector: &Value) -> Value {
    json!({"library": "httpx_auth", "frozen_time": "2024-01-01T00:00:00+00:00", "vectors": [vector]})
}

/// The vector passes, and fails with any of these changed.
fn matters(vector: &Value, answers: &[(&str, Value)]) {
    let changes: Vec<_> = answers
        .iter()
        .map(|(pointer, other)| (format!("/vectors/0{pointer}"), other.clone()))
        .collect();
    let changes: Vec<_> = changes
        .iter()
        .map(|(path, other)| (&**path, other.clone()))
        .collect();
    crate::run::tests::matters(&file(vector), &changes);
}

#[test]
fn a_token_request_is_compared_as_a_whole() {
    let request = json!({
        "method": "POST", "url": "https://as.example/t?x=1", "target": "/t?x=1", "accept": "*/*",
        "content_type": "application/x-www-form-urlencoded", "authorization": "Basic aWQ6cw==",
        "body": "grant_type=client_credentials&scope=a+b&x=1&x=2",
    });
    let vector = json!({
        "name": "c/v", "class": "OAuth2ClientCredentials", "args": ["https://as.example/t?x=1", "id", "s"],
        "kwargs": {"scope": ["a", "b"], "x": ["1", "2"]}, "token_request": request, "refresh_request": null,
    });
    matters(
        &vector,
        &[
            ("/token_request/method", json!("GET")),
            ("/token_request/url", json!("https://other.example/t?x=1")),
            ("/token_request/target", json!("/t")),
            ("/token_request/accept", json!("text/html")),
            ("/token_request/content_type", json!("application/json")),
            ("/token_request/authorization", json!("Basic aWQ6dA==")),
            (
                "/token_request/body",
                json!("grant_type=client_credentials&scope=a+b&x=1"),
            ),
            ("/refresh_request", request.clone()["body"].clone()),
            ("/class", json!("OAuth2Unknown")),
            ("/kwargs/scope", json!(7)),
        ],
    );
}

#[test]
fn an_answer_has_to_lead_to_the_same_token_or_the_same_words() {
    let vector = json!({
        "name": "ok", "status": 200, "response": {"json": {"access_token": "a", "expires_in": "60"}},
        "outcome": {"authorization": "Bearer a", "cached_expiry_unix": 1_704_067_260.0, "cached_refresh_token": null},
    });
    matters(
        &vector,
        &[
            ("/outcome/authorization", json!("Bearer b")),
            ("/outcome/cached_expiry_unix", json!(1_704_067_261.0)),
            ("/outcome/cached_refresh_token", json!("r")),
            ("/response", json!({"unknown": 1})),
        ],
    );
    let vector = json!({
        "name": "no", "status": 400,
        "response": {"json": {"error": "invalid_scope", "error_uri": "https://u", "more": "m"}},
        "outcome": {
            "raises": "httpx_auth._errors.InvalidGrantRequest", "is_httpx_auth_exception": true,
            "message": "invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds the scope granted by \
                        the resource owner.\nMore information can be found on https://u\nAdditional information: {'more': 'm'}",
        },
    });
    matters(
        &vector,
        &[
            ("/outcome/message", json!("invalid_scope")),
            (
                "/outcome/raises",
                json!("httpx_auth._errors.GrantNotProvided"),
            ),
            ("/outcome/is_httpx_auth_exception", json!(false)),
            ("/response/json/more", json!("n")),
        ],
    );
}

#[test]
fn a_key_has_to_be_the_recorded_one() {
    let hashed = "https://as.example/t?grant_type=password&username=u&password=p";
    let vector = json!({
        "name": "c/v", "class": "OAuth2ResourceOwnerPasswordCredentials", "args": ["https://as.example/t", "u", "p"],
        "kwargs": {}, "preimage_before_unicode_escape": hashed, "hashed_bytes": hashed,
        "key": "0747",
    });
    // Neither the hash of its own text, nor ours.
    assert_eq!(end(&file(&vector)).0, End::Failed);
    let mut agrees = vector;
    let key = {
        use sha2::{Digest as _, Sha512};
        Sha512::digest(hashed)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    agrees["key"] = key.into();
    matters(
        &agrees,
        &[
            ("/hashed_bytes", json!("other")),
            ("/args/1", json!("v")),
            ("/kwargs", json!({"scope": "s"})),
        ],
    );
}

#[test]
fn every_step_of_a_trace_counts() {
    let vector = json!({"name": "t", "start_time": "2024-01-01T00:00:00+00:00", "steps": [
        {"op": "add_access", "args": ["k", "t", 100, "R"], "tokens_after": {"k": ["t", 1_704_067_300.0, "R"]}},
        {"op": "get", "args": ["k", {}], "result": "t", "callbacks": [], "tokens_after": {"k": ["t", 1_704_067_300.0, "R"]}},
        {"op": "advance", "args": [99], "tokens_after": {"k": ["t", 1_704_067_300.0, "R"]}},
        {"op": "get", "args": ["k", {"expired": ["k", "n", 60, "S"]}], "result": "n", "callbacks": [["expired", "R"]],
         "tokens_after": {"k": ["n", 1_704_067_359.0, "S"]}},
    ]});
    matters(
        &vector,
        &[
            ("/start_time", json!("2025-01-01T00:00:00+00:00")),
            ("/steps/0/tokens_after/k/1", json!(7.0)),
            ("/steps/1/result", json!("x")),
            ("/steps/1/callbacks", json!(["missing"])),
            ("/steps/2/args/0", json!(0)),
            ("/steps/3/result", json!("t")),
            ("/steps/3/callbacks/0/1", json!("S")),
            ("/steps/3/tokens_after/k/0", json!("x")),
            ("/steps/3/tokens_after/k/2", json!("R")),
            ("/steps/3/op", json!("set")),
        ],
    );
}

#[test]
fn a_login_is_compared_with_the_page_it_opens_and_the_code_it_redeems() {
    let page = "https://as.example/a?client_id=c&x=1&response_type=code&state=0123456789012345678901234567890123456789012\
                &redirect_uri=http%3A%2F%2Flocalhost%3A5000%2F&nonce=%5B%27n%27%5D";
    let vector = json!({
        "name": "login", "class": "OAuth2AuthorizationCode", "args": ["https://as.example/a", "https://as.example/t"],
        "kwargs": {"client_id": "c", "x": "1", "nonce": "n"}, "authorization_url": page,
        "redirect_uri": "http://localhost:5000/", "state": "0123456789012345678901234567890123456789012",
        "header_name": "Authorization", "header_value": "Bearer {token}",
    });
    matters(
        &vector,
        &[
            ("/authorization_url", json!(page.replace("x=1", "x=2"))),
            ("/authorization_url", json!(page.replace("/a?", "/b?"))),
            ("/authorization_url", json!(page.replace("%27n", "%27m"))),
            ("/redirect_uri", json!("http://localhost:5000/other")),
            ("/header_value", json!("Bearer")),
            ("/class", json!("OAuth2AuthorizationCodePKCE")),
            ("/kwargs/x", json!("3")),
        ],
    );
}

#[test]
fn a_callback_is_taken_by_what_it_brings_and_by_its_page() {
    let entry = |target: &str, body: &str| {
        let request = json!({"method": "GET", "target": target, "headers": {}, "body": null});
        json!({"request": request, "response": {"status": 200, "body": body}})
    };
    let vector = json!({
        "name": "code", "grant_field": "code", "outcome": {"state": "S", "grant": "C"}, "exchange": [
            entry("/", "FRAGMENT_TO_QUERY_PAGE"), entry("/?code=C&state=S", "SUCCESS display_time=1"),
        ],
    });
    matters(
        &vector,
        &[
            ("/outcome/grant", json!("D")),
            ("/exchange/0/response/body", json!("SUCCESS display_time=1")),
            ("/exchange/1/response/status", json!(404)),
            ("/exchange/1/request/target", json!("/?code=D&state=S")),
        ],
    );
}
