//! The issuer answers as CollectiveAccess does.
#![cfg(feature = "collective-access")]

use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tower_auth_core::clock::{Clock, ManualClock};
use tower_auth_testing::collective_access::{Issuer, IssuerBuilder, Refusal};

const LOGIN: &str = "query($u: String, $p: String) { login(username: $u, password: $p) { jwt refresh user { id } } }";

fn builder(hands: &ManualClock) -> IssuerBuilder {
    Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a")
        .user(2, "api", "open sesame")
        .clock(Clock::new(hands.clone()))
}

fn hands() -> ManualClock {
    ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
}

async fn ask(
    issuer: &Issuer,
    bearer: Option<&str>,
    query: &str,
    variables: Value,
) -> (u16, String) {
    let body = json!({"query": query, "variables": variables}).to_string();
    let header = bearer.map(|token| format!("Bearer {token}"));
    let (status, json) = issuer.answer(header.as_deref(), body.as_bytes()).await;
    (status.as_u16(), json)
}

async fn log_in(issuer: &Issuer) -> (String, String) {
    let (status, json) = ask(issuer, None, LOGIN, json!({"u": "api", "p": "open sesame"})).await;
    assert_eq!(status, 200);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["data"]["login"]["user"]["id"], 2);
    let text = |name: &str| json["data"]["login"][name].as_str().unwrap().to_owned();
    (text("jwt"), text("refresh"))
}

#[tokio::test]
async fn a_login_brings_two_tokens_with_their_lifetimes() {
    let hands = hands();
    let issuer = builder(&hands).build().unwrap();
    let (jwt, refresh) = log_in(&issuer).await;
    let (access, renew) = (issuer.check(&jwt).unwrap(), issuer.check(&refresh).unwrap());
    assert_eq!(access.exp - access.iat, 600);
    assert_eq!(renew.exp - renew.iat, 86_400);
    hands.advance(Duration::from_secs(600));
    assert_eq!(issuer.check(&jwt), Err(Refusal::Expired));
    assert!(
        issuer
            .check_header(Some(&format!("Bearer {refresh}")))
            .is_ok()
    );
    assert_eq!(
        issuer.check_header(Some(&format!("bearer {refresh}"))),
        Err(Refusal::Missing)
    );
}

#[tokio::test]
async fn a_failed_login_is_status_200_with_nulls() {
    let issuer = builder(&hands()).build().unwrap();
    let query =
        "query { login(username: \"api\", password: \"wrong\") { jwt refresh user { id } } }";
    let answer = ask(&issuer, None, query, json!({})).await;
    let expected = r#"{"ok":true,"data":{"login":{"jwt":null,"refresh":null,"user":null}}}"#;
    assert_eq!(answer, (200, expected.to_owned()));
    let answer = ask(&issuer, None, "{ refresh { jwt } }", json!({})).await;
    assert_eq!(
        answer,
        (
            200,
            r#"{"ok":true,"data":{"refresh":{"jwt":null}}}"#.to_owned()
        )
    );
}

#[tokio::test]
async fn an_expired_token_is_401_and_says_so_outside_of_the_extensions() {
    let hands = hands();
    let issuer = builder(&hands).build().unwrap();
    let (jwt, _) = log_in(&issuer).await;
    hands.advance(Duration::from_secs(601));
    let (status, json) = ask(&issuer, Some(&jwt), "{ validate { id } }", json!({})).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status, 401);
    assert_eq!(json["errors"][0]["expiredToken"], true);
    assert_eq!(json["errors"][0]["message"], "Internal server error");
    assert_eq!(json["errors"][0].get("extensions"), None);
    assert_eq!(json["data"], json!({"validate": null}));
}

#[tokio::test]
async fn everything_else_is_500_and_says_nothing() {
    let issuer = builder(&hands()).build().unwrap();
    let other = Issuer::builder("Qk2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5")
        .user(2, "api", "open sesame")
        .build()
        .unwrap();
    let (foreign, _) = log_in(&other).await;
    for token in [Some(foreign.as_str()), Some("x.y.z"), None] {
        let (status, json) = ask(&issuer, token, "{ validate { id } }", json!({})).await;
        assert_eq!(status, 500);
        assert!(
            json.contains("Internal server error") && !json.contains("expiredToken"),
            "{json}"
        );
    }
    let (status, json) = ask(&issuer, None, "{ nothing }", json!({})).await;
    assert_eq!(status, 500);
    assert!(
        json.starts_with(r#"{"ok":false,"errors":[{"#) && !json.contains("data"),
        "{json}"
    );
    let (status, _) = issuer.answer(None, b"no json").await;
    assert_eq!(status.as_u16(), 500);
}

#[tokio::test]
async fn a_refresh_is_new_or_the_very_same_token() {
    let refresh = "query($t: String) { refresh(token: $t) { jwt } }";
    let refreshed = |json: &str| {
        let json: Value = serde_json::from_str(json).unwrap();
        json["data"]["refresh"]["jwt"].as_str().unwrap().to_owned()
    };
    let hands = hands();
    let issuer = builder(&hands).build().unwrap();
    let (_, token) = log_in(&issuer).await;
    hands.advance(Duration::from_secs(1000));
    let (_, json) = ask(&issuer, None, refresh, json!({"t": token})).await;
    let claims = issuer.check(&refreshed(&json)).unwrap();
    assert_eq!(claims.exp - claims.iat, 600);
    assert_eq!(claims.iat, 1_700_001_000);

    let issuer = builder(&hands).copies_claims().build().unwrap();
    let (_, token) = log_in(&issuer).await;
    hands.advance(Duration::from_secs(1000));
    let (_, json) = ask(&issuer, None, refresh, json!({"t": token})).await;
    assert_eq!(refreshed(&json), token);
    assert_eq!((issuer.logins(), issuer.refreshes()), (1, 1));
}

#[test]
fn debug_shows_neither_key_nor_password() {
    let text = format!("{:?}", builder(&hands()).build().unwrap());
    assert!(!text.contains("sesame") && !text.contains("n2v8"), "{text}");
}
