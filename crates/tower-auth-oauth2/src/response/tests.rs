//! Answers that were met in the wild, with what they mean.

use super::*;
use http::header::CONTENT_TYPE;
use std::time::UNIX_EPOCH;

fn parse_as(status: u16, kind: &str, body: &str) -> Result<TokenResponse, TokenError> {
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    TokenResponse::parse(&response, "access_token", UNIX_EPOCH)
        .and_then(|response| response.only(&TokenTypes::Bearer(Vec::new())))
}

fn parse(body: &str) -> Result<TokenResponse, TokenError> {
    parse_as(200, "application/json", body)
}

fn error(status: u16, kind: &str, body: &str) -> ErrorResponse {
    match parse_as(status, kind, body) {
        Err(error) => error.response().expect("an error of the server").clone(),
        Ok(other) => panic!("{other:?}"),
    }
}

use crate::error::ErrorResponse;

#[test]
fn answers_that_are_a_little_off_are_understood() {
    let lifetime = |body| {
        parse(body)
            .unwrap()
            .expires_in()
            .map(|lifetime| lifetime.as_secs())
    };
    assert_eq!(
        lifetime(r#"{"access_token":"a","token_type":"bearer","expires_in":"3600"}"#),
        Some(3600)
    );
    assert_eq!(
        lifetime(r#"{"access_token":"a","token_type":"Bearer","expires_in":3600.0}"#),
        Some(3600)
    );
    assert_eq!(lifetime(r#"{"access_token":"a","expires_in":null}"#), None);
    assert_eq!(lifetime(r#"{"access_token":"a","expires_in":-1}"#), Some(0));
    assert_eq!(
        lifetime("\u{feff}{\"access_token\":\"a\",\"expires_in\":7}"),
        Some(7)
    );

    let scopes = parse(r#"{"access_token":"a","scope":["a","b"]}"#).unwrap();
    assert_eq!(scopes.scope(), Some("a b"));
    assert_eq!(
        parse(r#"{"access_token":5}"#)
            .unwrap()
            .access_token()
            .expose(),
        "5"
    );
    for kind in [
        "application/x-www-form-urlencoded",
        "text/html; charset=utf-8",
        "text/plain",
    ] {
        let form = parse_as(
            200,
            kind,
            "access_token=a%2Fb&token_type=bearer&scope=user%2Cgist&x=1==",
        )
        .unwrap();
        assert_eq!(form.access_token().expose(), "a/b");
        assert_eq!(form.scope(), Some("user,gist"));
    }
}

#[test]
fn a_lifetime_that_only_the_token_knows_is_found() {
    // {"exp":4102444800}
    let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjQxMDI0NDQ4MDB9.u1wxP7psxfeXmQxNa-MPkNVeNgza5sCKYEKlTOSscJk";
    let body = format!("{{\"access_token\":\"{jwt}\"}}");
    let response = Response::new(Bytes::from(body));
    let now = UNIX_EPOCH + Duration::from_secs(4_102_444_000);
    let token = TokenResponse::parse(&response, "access_token", now).unwrap();
    assert_eq!(token.expires_in(), Some(Duration::from_secs(800)));
}

#[test]
fn a_token_whose_end_is_long_past_is_good_for_no_time_and_zero_says_nothing() {
    for (claims, lifetime) in [
        (r#"{"exp":-1}"#, Some(Duration::ZERO)),
        (r#"{"exp":1}"#, Some(Duration::ZERO)),
        (r#"{"exp":0}"#, None),
        (r#"{"exp":true}"#, None),
    ] {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let jwt = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let response = Response::new(Bytes::from(format!("{{\"access_token\":\"{jwt}\"}}")));
        let now = UNIX_EPOCH + Duration::from_secs(1_704_067_200);
        let token = TokenResponse::parse(&response, "access_token", now).unwrap();
        assert_eq!(token.expires_in(), lifetime, "{claims}");
    }
}

#[test]
fn tokens_that_cannot_be_sent_are_refused() {
    let refused = |body| parse(body).unwrap_err().to_string();
    assert!(refused(r#"{"access_token":"a","token_type":"mac"}"#).contains("`mac`"));
    assert!(refused(r#"{"access_token":"a","token_type":"N_A"}"#).contains("`N_A`"));
    assert!(refused("{\"access_token\":\"planted\\r\\nX: y\"}").contains("no header can carry"));
    for body in [r#"{"access_token":null}"#, r#"{"access_token":""}"#, "{}"] {
        assert!(refused(body).contains("no token"), "{body}");
    }
    for body in ["hello planted", "[]", "\"x\"", "", "<a href=b>"] {
        let error = refused(body);
        assert!(
            error.contains("neither a JSON object nor a form"),
            "{body}: {error}"
        );
        assert!(!error.contains("planted"));
    }
}

#[test]
fn errors_are_read_whatever_their_status_and_shape() {
    assert_eq!(
        error(200, "application/json", r#"{"error":"invalid_grant"}"#).error(),
        Some("invalid_grant")
    );
    assert_eq!(
        error(403, "application/json", r#"{"error":"invalid_code"}"#).error(),
        Some("invalid_code")
    );
    assert_eq!(
        error(
            200,
            "text/plain",
            "error=bad_verification_code&error_description=a+b"
        )
        .description(),
        Some("a b")
    );
    let empty = error(400, "application/json", "");
    assert_eq!((empty.error(), empty.status().as_u16()), (None, 400));
    let gateway = parse_as(502, "text/html", "<html>502</html>").unwrap_err();
    assert!(gateway.is_transient());
    assert!(!parse_as(403, "", "").unwrap_err().is_transient());
    assert_eq!(
        error(500, "text/plain", "out of order").text(),
        Some("out of order")
    );
}

#[test]
fn a_token_that_is_longer_than_headers_are_is_refused_and_so_is_a_refresh_token() {
    for name in ["access_token", "refresh_token"] {
        for (length, good) in [
            (LONGEST_TOKEN, true),
            (LONGEST_TOKEN + 1, false),
            (900_000, false),
        ] {
            let long = "a".repeat(length);
            let mut body = serde_json::json!({"access_token": "a"});
            body[name] = long.into();
            assert_eq!(parse(&body.to_string()).is_ok(), good, "{name} {length}");
        }
    }
}

#[test]
fn what_was_granted_is_compared_with_what_was_asked_for() {
    let missing = |requested: Option<&str>, granted: &str| {
        let body = format!(r#"{{"access_token":"a"{granted}}}"#);
        let response = parse(&body).unwrap().for_scope(requested);
        response.missing_scopes().join(" ")
    };
    assert_eq!(missing(Some("a b c"), r#","scope":"b a""#), "c");
    assert_eq!(missing(Some("a b"), r#","scope":"a,b""#), "");
    assert_eq!(missing(Some("a,b"), r#","scope":"a,b""#), "");
    assert_eq!(missing(Some("a"), r#","scope":"ab""#), "a");
    assert_eq!(missing(Some("a"), r#","scope":"""#), "a");
    assert_eq!(missing(Some("a"), ""), "");
    assert_eq!(missing(None, r#","scope":"a""#), "");
}

#[test]
fn further_token_types_count_as_bearer_when_they_are_named() {
    let response = || parse_as(200, "", r#"{"access_token":"a","token_type":"bot"}"#);
    assert_eq!(response().unwrap_err().token_type(), Some("bot"));
    let body = Response::new(Bytes::from(r#"{"access_token":"a","token_type":"Bot"}"#));
    let response = TokenResponse::parse(&body, "access_token", UNIX_EPOCH).unwrap();
    assert!(
        response
            .only(&TokenTypes::Bearer(vec!["bot".to_owned()]))
            .is_ok()
    );
}
