//! What becomes of a session when answers are lost, or come from somebody in between.

mod support;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tower_auth_core::{AuthError, Clock, clock::ManualClock};
use tower_auth_oauth2::{
    ErrorCode, Grant, HttpClient, OAuth2, OAuth2Builder, TokenError, TokenErrorKind,
};

const URL: &str = "https://as.example/token";
const HTML: &str = "<html><h1>Forbidden</h1></html>";

/// An answer, or none.
#[derive(Clone, Copy)]
enum Then {
    Answer(u16, &'static str),
    Break,
    Refuse,
}
use Then::{Answer, Break, Refuse};

struct Run {
    auth: OAuth2,
    hands: ManualClock,
    sent: Arc<Mutex<Vec<String>>>,
}

fn run<G: Grant>(builder: OAuth2Builder<G>, script: &[Then]) -> Run {
    let script = Arc::new(Mutex::new(VecDeque::from(script.to_vec())));
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&sent);
    let server = tower::service_fn(move |request: Request<tower_auth_oauth2::Body>| {
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            log.lock().unwrap().push(body);
            let next = script.lock().unwrap().pop_front();
            match next.expect("no further request") {
                Answer(status, body) => {
                    let body = Full::<Bytes>::from(body);
                    Ok(Response::builder().status(status).body(body).unwrap())
                }
                Break => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                Refuse => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
            }
        }
    });
    let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let auth = builder
        .clock(Clock::new(hands.clone()))
        .http_client(HttpClient::new(server))
        .build()
        .unwrap();
    Run { auth, hands, sent }
}

impl Run {
    async fn token(&self) -> Result<String, AuthError> {
        let token = self.auth.token().await.map(|t| t.expose().to_owned());
        self.hands.advance(Duration::from_secs(4000));
        token
    }

    /// Which refresh tokens were sent.
    fn refreshes(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let values = sent.iter().filter_map(|body| {
            let (_, rest) = body.split_once("&refresh_token=")?;
            Some(rest.split('&').next()?.to_owned())
        });
        values.collect()
    }
}

fn cause(error: &AuthError) -> &TokenError {
    TokenError::of(error).unwrap()
}

const ONE: Then = Answer(
    200,
    r#"{"access_token":"a1","expires_in":3600,"refresh_token":"r1"}"#,
);
const TWO: Then = Answer(
    200,
    r#"{"access_token":"a2","expires_in":3600,"refresh_token":"r2"}"#,
);
const INVALID: Then = Answer(400, r#"{"error":"invalid_grant"}"#);

#[tokio::test]
async fn the_page_of_a_gateway_does_not_end_a_session_and_the_first_refresh_token_is_not_sent_again()
 {
    for page in [
        Answer(403, HTML),
        Answer(401, HTML),
        Answer(400, HTML),
        Answer(403, ""),
        Answer(401, ""),
        Answer(403, r#"{"status":403,"error":"Forbidden","path":"/token"}"#),
        Answer(401, r#"{"message":"Unauthorized"}"#),
        Answer(407, "proxy"),
        Answer(451, ""),
    ] {
        let script = [ONE, page, page, TWO];
        let run = run(OAuth2::refresh_token(URL, "id", "r0"), &script);
        assert_eq!(run.token().await.unwrap(), "a1");
        for _ in 0..2 {
            let error = run.token().await.unwrap_err();
            assert_eq!(cause(&error).kind(), TokenErrorKind::Response);
        }
        assert_eq!(run.token().await.unwrap(), "a2");
        assert_eq!(run.refreshes(), ["r0", "r1", "r1", "r1"]);
    }
}

#[tokio::test]
async fn a_first_refresh_token_that_was_replaced_is_never_sent_again() {
    let run = run(OAuth2::refresh_token(URL, "id", "r0"), &[ONE, INVALID]);
    assert_eq!(run.token().await.unwrap(), "a1");
    let error = run.token().await.unwrap_err();
    assert_eq!(cause(&error).code(), Some(ErrorCode::InvalidGrant));
    assert!(run.token().await.is_err());
    run.auth.clear().await.unwrap();
    let error = run.token().await.unwrap_err();
    assert_eq!(cause(&error).kind(), TokenErrorKind::InteractionRequired);
    assert!(error.to_string().contains("replaced"), "{error}");
    assert_eq!(run.refreshes(), ["r0", "r1"]);
}

#[tokio::test]
async fn without_rotation_a_first_refresh_token_that_was_refused_is_sent_again_after_clear() {
    let same = Answer(200, r#"{"access_token":"a1","expires_in":3600}"#);
    let run = run(
        OAuth2::refresh_token(URL, "id", "r0"),
        &[same, INVALID, same],
    );
    assert!(run.token().await.is_ok());
    for _ in 0..3 {
        assert!(run.token().await.is_err());
    }
    run.auth.clear().await.unwrap();
    assert!(run.token().await.is_ok());
    assert_eq!(run.refreshes(), ["r0"; 3]);
}

#[cfg(feature = "password")]
#[tokio::test]
async fn a_grant_without_a_person_begins_again_and_keeps_its_refresh_token_until_that_works() {
    let page = Answer(403, HTML);
    let script = [ONE, page, page, page, TWO];
    let run = run(OAuth2::password(URL, "u", "p"), &script);
    assert_eq!(run.token().await.unwrap(), "a1");
    assert!(run.token().await.is_err());
    assert_eq!(run.token().await.unwrap(), "a2");
    assert_eq!(run.refreshes(), ["r1", "r1"]);
}

#[tokio::test]
async fn a_request_whose_connection_breaks_is_sent_once_more_where_that_is_safe() {
    let cc = || OAuth2::client_credentials(URL, "id", "s");
    let once = run(cc(), &[Break, ONE]);
    assert_eq!(once.token().await.unwrap(), "a1");
    let twice = run(cc(), &[Break, Break]);
    let error = twice.token().await.unwrap_err();
    assert_eq!(cause(&error).kind(), TokenErrorKind::Unreachable);
    assert!(cause(&error).request_may_have_run());
    assert!(
        error.to_string().contains("https://as.example broke"),
        "{error}"
    );
    // Nobody is there, now or a moment later.
    let refused = run(cc(), &[Refuse]);
    let error = refused.token().await.unwrap_err();
    assert!(!cause(&error).request_may_have_run());
    assert!(
        error.to_string().contains("refused the connection"),
        "{error}"
    );

    let refresh = run(OAuth2::refresh_token(URL, "id", "r0"), &[Break]);
    assert!(refresh.token().await.is_err());
    let saml = run(OAuth2::saml_bearer(URL, "<used-once/>"), &[Break]);
    assert!(saml.token().await.is_err());
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_says_so_and_so_does_the_refusal_that_follows() {
    for lost in [Break, Answer(200, "<html>"), Answer(200, "{")] {
        let run = run(
            OAuth2::refresh_token(URL, "id", "r0"),
            &[ONE, lost, INVALID],
        );
        assert_eq!(run.token().await.unwrap(), "a1");
        let error = run.token().await.unwrap_err();
        assert_eq!(cause(&error).kind(), TokenErrorKind::OutcomeUnknown);
        assert!(cause(&error).request_may_have_run());
        assert!(error.to_string().contains("not known"), "{error}");
        let error = run.token().await.unwrap_err();
        assert_eq!(cause(&error).code(), Some(ErrorCode::InvalidGrant));
        assert!(cause(&error).follows_lost_answer());
        assert!(error.to_string().contains("was lost"), "{error}");
    }
    let script = [ONE, Refuse, INVALID];
    let run = run(OAuth2::refresh_token(URL, "id", "r0"), &script);
    assert_eq!(run.token().await.unwrap(), "a1");
    let error = run.token().await.unwrap_err();
    assert_eq!(cause(&error).kind(), TokenErrorKind::Unreachable);
    let error = run.token().await.unwrap_err();
    assert!(!cause(&error).follows_lost_answer());
}
