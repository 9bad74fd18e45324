//! The poll loop, on paused time, against a server that keeps a script.

use crate::{HttpClient, OAuth2, TokenError, TokenErrorKind};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    collections::VecDeque,
    convert::Infallible,
    error::Error as _,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;
use tower_auth_core::AuthError;

const CODE: &str = r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",
    "verification_uri":"https://example.com/device","expires_in":60,
    "verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT""#;

struct Run {
    result: Result<String, AuthError>,
    /// Seconds after the start of every poll.
    polls: Vec<u64>,
    shown: Vec<String>,
}

async fn run(code: &str, answers: &[(u16, &'static str)]) -> Run {
    let began = Instant::now();
    let script = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
    let polls = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::new(Mutex::new(Vec::new()));
    let (log, code) = (Arc::clone(&polls), code.to_owned());
    let server = tower::service_fn(move |request: Request<tower_auth_http::Body>| {
        let (script, log, code) = (Arc::clone(&script), Arc::clone(&log), code.clone());
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let (status, answer) = if path == "/device" {
                assert_eq!(body, "scope=profile&client_id=tv");
                (200, code)
            } else {
                assert_eq!(
                    body,
                    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&\
                     device_code=GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS&client_id=tv"
                );
                log.lock().unwrap().push(began.elapsed().as_secs());
                let next = script.lock().unwrap().pop_front();
                let (status, answer) =
                    next.unwrap_or((400, r#"{"error":"authorization_pending"}"#));
                if status == SILENCE {
                    std::future::pending::<()>().await;
                }
                (status, answer.to_owned())
            };
            let response = Response::builder()
                .status(status)
                .header(
                    "retry-after",
                    if answer.contains("busy") { "40" } else { "0" },
                )
                .body(Full::<Bytes>::from(answer));
            Ok::<_, Infallible>(response.unwrap())
        }
    });
    let show = Arc::clone(&shown);
    let auth = OAuth2::device_authorization(
        "https://as.example/device",
        "https://as.example/token",
        "tv",
    )
    .scope("profile")
    .http_client(HttpClient::new(server))
    .on_user_code(move |code| {
        assert!(!format!("{code:?}").contains("WDJB"));
        show.lock()
            .unwrap()
            .push(format!("{} {}", code.user_code(), code.qr_text()));
    })
    .build()
    .unwrap();
    let result = auth.token().await.map(|token| token.expose().to_owned());
    let polls = polls.lock().unwrap().clone();
    let shown = shown.lock().unwrap().clone();
    Run {
        result,
        polls,
        shown,
    }
}

fn cause(run: &Run) -> &TokenError {
    let error = run.result.as_ref().unwrap_err();
    error.source().unwrap().downcast_ref().unwrap()
}

/// The server never answers.
const SILENCE: u16 = 0;
const PENDING: (u16, &str) = (400, r#"{"error":"authorization_pending"}"#);
const TOKEN: (u16, &str) = (200, r#"{"access_token":"a","token_type":"Bearer"}"#);

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_the_server_says_and_longer_when_told_to_slow_down() {
    let slow_down = (400, r#"{"error":"slow_down"}"#);
    let done = run(
        &format!("{CODE},\"interval\":2}}"),
        &[PENDING, slow_down, PENDING, TOKEN],
    )
    .await;
    assert_eq!(done.result.as_ref().unwrap(), "a");
    assert_eq!(done.polls, [2, 4, 11, 18]);
    assert_eq!(
        done.shown,
        ["WDJB-MJHT https://example.com/device?user_code=WDJB-MJHT"]
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_it_is_five_seconds_and_a_broken_server_is_asked_less_often() {
    let done = run(&format!("{CODE}}}"), &[PENDING, (502, "<html>"), TOKEN]).await;
    assert!(done.result.is_ok());
    assert_eq!(done.polls, [5, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_nothing_is_a_second() {
    let done = run(&format!("{CODE},\"interval\":0}}"), &[PENDING, TOKEN]).await;
    assert_eq!(done.polls, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn after_an_exchange_that_timed_out_it_waits_longer_from_its_end() {
    let code = format!("{CODE},\"expires_in\":1800,\"interval\":5}}");
    let done = run(&code, &[(SILENCE, ""), (SILENCE, ""), PENDING, TOKEN]).await;
    assert!(done.result.is_ok());
    // Each silence lasts 60 s; then 10 s, 20 s, 20 s.
    assert_eq!(done.polls, [5, 75, 155, 175]);
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_minutes_is_kept_to_and_grows() {
    let slow_down = (400, r#"{"error":"slow_down"}"#);
    let code = format!("{CODE},\"expires_in\":1800,\"interval\":120}}");
    let done = run(&code, &[slow_down, (502, ""), slow_down, TOKEN]).await;
    assert!(done.result.is_ok());
    assert_eq!(done.polls, [120, 245, 370, 500]);
    // In milliseconds, by mistake.
    let code = format!("{CODE},\"interval\":5000}}");
    assert_eq!(run(&code, &[TOKEN]).await.polls, [5]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_sends_errors_with_success_is_understood() {
    // As GitHub does.
    let done = run(
        &format!("{CODE},\"expires_in\":900}}"),
        &[
            (200, "error=authorization_pending&error_description=p"),
            (200, r#"{"error":"slow_down","interval":17}"#),
            TOKEN,
        ],
    )
    .await;
    assert!(done.result.is_ok());
    assert_eq!(done.polls, [5, 10, 27]);

    let disabled = run(r#"{"error":"device_flow_disabled"}"#, &[]).await;
    let code = cause(&disabled).response().unwrap().error();
    assert_eq!(code, Some("device_flow_disabled"));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_repeats_the_codes_does_not_show_them() {
    let denied = r#"{"error":"access_denied","error_description":"WDJB-MJHT for GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"}"#;
    let run = run(&format!("{CODE}}}"), &[(400, denied)]).await;
    let shown = format!("{:?} {}", cause(&run), cause(&run));
    assert!(shown.contains("[redacted] for [redacted]"), "{shown}");
    assert!(
        !shown.contains("WDJB") && !shown.contains("GmRh"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_patience_gets_it_once() {
    let busy = (429, r#"{"error":"busy"}"#);
    let code = format!("{CODE},\"expires_in\":1800}}");
    let done = run(&code, &[busy, PENDING, TOKEN]).await;
    assert!(done.result.is_ok());
    assert_eq!(done.polls, [5, 45, 55]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_code_or_with_the_servers_no() {
    let expired = run(&format!("{CODE},\"interval\":25}}"), &[]).await;
    assert_eq!(cause(&expired).kind(), TokenErrorKind::DeviceCodeExpired);
    assert_eq!(expired.polls, [25, 50]); // not at 75, when it cannot be good any more

    let expired = run(
        &format!("{CODE}}}"),
        &[(400, r#"{"error":"expired_token"}"#)],
    )
    .await;
    assert_eq!(cause(&expired).kind(), TokenErrorKind::DeviceCodeExpired);

    let denied = run(
        &format!("{CODE}}}"),
        &[(400, r#"{"error":"access_denied"}"#)],
    )
    .await;
    assert_eq!(
        cause(&denied).response().unwrap().error(),
        Some("access_denied")
    );
    assert_eq!(denied.polls, [5]);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_not_asked_again_before_clear() {
    let count = Arc::new(Mutex::new(0));
    let shown = Arc::clone(&count);
    let server = tower::service_fn(|request: Request<tower_auth_http::Body>| async move {
        let (status, answer) = match request.uri().path() {
            "/device" => (200, format!("{CODE}}}")),
            _ => (400, r#"{"error":"access_denied"}"#.to_owned()),
        };
        Ok::<_, Infallible>(
            Response::builder()
                .status(status)
                .body(Full::<Bytes>::from(answer))
                .unwrap(),
        )
    });
    let auth = OAuth2::device_authorization(
        "https://as.example/device",
        "https://as.example/token",
        "tv",
    )
    .http_client(HttpClient::new(server))
    .on_user_code(move |_| *shown.lock().unwrap() += 1)
    .build()
    .unwrap();
    for _ in 0..5 {
        assert!(auth.token().await.is_err());
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    assert_eq!(*count.lock().unwrap(), 1);
    auth.clear().await.unwrap();
    assert!(auth.token().await.is_err());
    assert_eq!(*count.lock().unwrap(), 2);
}

#[test]
fn somebody_has_to_show_the_code() {
    let builder = OAuth2::device_authorization(
        "https://as.example/device",
        "https://as.example/token",
        "tv",
    );
    let never = tower::service_fn(|_: Request<tower_auth_http::Body>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let built = builder.http_client(HttpClient::new(never)).build();
    assert_eq!(built.unwrap_err().parameter(), Some("on_user_code"));
}
