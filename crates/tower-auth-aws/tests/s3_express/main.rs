//! Bucket sessions, against a stand-in on loopback that recomputes every signature.

mod sessions;

use axum::{Router, body::Body, extract::State, http::Request as Received, response::IntoResponse};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::net::TcpListener;
use tower::{Layer, Service};
use tower_auth_aws::{
    Credentials, PayloadHash, SessionToken, SigV4, Signer,
    credentials::{ProviderContext, S3Express},
};
use tower_auth_core::Clock;

const IAM: (&str, &str, &str) = ("AKIDIAM", "secret of iam", "iam-token");
const SESSION: (&str, &str, &str) = ("ASIASESSION", "secret of session", "session-token");

/// What the stand-in saw: the key that signed, method and target.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

fn key((id, secret, token): (&str, &str, &str)) -> Credentials {
    Credentials::new(id, secret)
        .unwrap()
        .with_session_token(token)
        .unwrap()
}

/// Signs what arrived once more, with the key that it names, and compares.
fn verify(request: &Received<Body>, body: &[u8]) -> Result<String, String> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let authorization = header("authorization").ok_or("not signed")?;
    let session = authorization.contains(SESSION.0);
    let (name, other) = match session {
        true => ("x-amz-s3session-token", "x-amz-security-token"),
        false => ("x-amz-security-token", "x-amz-s3session-token"),
    };
    let identity = if session { SESSION } else { IAM };
    if header(name) != Some(identity.2) || header(other).is_some() {
        return Err("the wrong token".to_owned());
    }
    if !authorization.contains(name) {
        return Err("the token is not signed".to_owned());
    }
    let date = header("x-amz-date").ok_or("no date")?;
    let mut copy = Request::new(());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy.headers_mut().remove("authorization");
    let signer = Signer::new("s3express", "us-west-2").unwrap();
    let token = if session {
        SessionToken::S3Session
    } else {
        SessionToken::Signed
    };
    let signer = signer.session_token(token);
    let canonical = signer.canonical_request((&copy).into(), PayloadHash::of(body));
    // The time does not matter to the comparison but for its text: one is found by going back from now.
    let now = Clock::system().now();
    let time = (0..120)
        .map(|back| now - Duration::from_secs(back))
        .find(|time| signer.string_to_sign(*time, b"").contains(date))
        .ok_or("a date of another day")?;
    let string_to_sign = signer.string_to_sign(time, &canonical);
    let signature = signer
        .signature(&key(identity), time, &string_to_sign)
        .unwrap();
    if !authorization.ends_with(&signature) {
        return Err("the signature does not match".to_owned());
    }
    Ok(identity.0.to_owned())
}

async fn answer(State(seen): State<Seen>, request: Received<Body>) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let request = Received::from_parts(parts, Body::empty());
    let who = match verify(&request, &body) {
        Ok(who) => who,
        Err(why) => return (StatusCode::FORBIDDEN, why),
    };
    let what = format!("{} {}", request.method(), request.uri());
    let creates = what == "GET /?session";
    seen.lock().unwrap().push((who, what));
    if !creates {
        return (StatusCode::OK, String::new());
    }
    let end = Clock::system().now() + Duration::from_secs(300);
    (
        StatusCode::OK,
        format!(
            "<?xml version=\"1.0\"?><CreateSessionResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Credentials><SessionToken>{}</SessionToken><SecretAccessKey>{}</SecretAccessKey>\
             <AccessKeyId>{}</AccessKeyId><Expiration>{}</Expiration></Credentials></CreateSessionResult>",
            SESSION.2,
            SESSION.1,
            SESSION.0,
            rfc3339(end)
        ),
    )
}

fn rfc3339(time: SystemTime) -> String {
    let signer = Signer::new("s", "r").unwrap();
    let text = signer.string_to_sign(time, b"");
    let date = text.lines().nth(1).unwrap(); // 20150830T123600Z
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..8],
        &date[9..11],
        &date[11..13],
        &date[13..15]
    )
}

async fn bucket() -> (String, Seen) {
    let seen = Seen::default();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (origin, seen)
}

#[tokio::test]
async fn each_bucket_has_a_session_and_what_takes_none_is_signed_by_the_provider() {
    let (one, seen_by_one) = bucket().await;
    let (two, seen_by_two) = bucket().await;
    let sessions = S3Express::new(&ProviderContext::new(), key(IAM), "us-west-2").unwrap();
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let scheme = SigV4::new("s3express", "us-west-2", sessions).unwrap();
    let mut client = scheme.layer(http);
    let mut send = async |method: Method, uri: String, copy: bool| {
        let mut request = Request::new(Full::new(Bytes::from("body")));
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().unwrap();
        if copy {
            let source = "bucket/key".parse().unwrap();
            request.headers_mut().insert("x-amz-copy-source", source);
        }
        let response = client.call(request).await.unwrap();
        let status = response.status();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{uri}: {text:?}");
    };
    send(Method::PUT, format!("{one}/a"), false).await;
    send(Method::PUT, format!("{one}/b"), false).await;
    send(Method::PUT, format!("{one}/c"), true).await;
    send(Method::HEAD, format!("{one}/"), false).await;
    send(Method::HEAD, format!("{one}/key"), false).await;
    send(Method::PUT, format!("{two}/a"), false).await;

    let seen = |seen: &Seen| -> Vec<String> {
        let seen = seen.lock().unwrap();
        seen.iter()
            .map(|(who, what)| format!("{who} {what}"))
            .collect()
    };
    assert_eq!(
        seen(&seen_by_one),
        [
            "AKIDIAM GET /?session",
            "ASIASESSION PUT /a",
            "ASIASESSION PUT /b",
            "AKIDIAM PUT /c",
            "AKIDIAM HEAD /",
            "ASIASESSION HEAD /key",
        ]
    );
    assert_eq!(
        seen(&seen_by_two),
        ["AKIDIAM GET /?session", "ASIASESSION PUT /a"]
    );
}

#[tokio::test]
async fn a_refused_session_is_an_error_that_says_so_without_the_secret() {
    let (origin, _) = bucket().await;
    let other = Credentials::new("AKIDIAM", "hunter2")
        .unwrap()
        .with_session_token("iam-token")
        .unwrap();
    let sessions = S3Express::new(&ProviderContext::new(), other, "us-west-2").unwrap();
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut client = SigV4::new("s3express", "us-west-2", sessions)
        .unwrap()
        .layer(http);
    let request = Request::put(format!("{origin}/a"))
        .body(Full::new(Bytes::from("body")))
        .unwrap();
    let error = client.call(request).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(
        text.contains("CreateSession was refused with status 403"),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
}
