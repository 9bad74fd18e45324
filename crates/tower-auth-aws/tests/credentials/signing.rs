//! Requests, signed with credentials that are fetched.

use crate::support::{Machine, Seen, Server, noon, text, with_header};
use axum::body::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::{Layer, ServiceExt};
use tower_auth_aws::{
    Credentials, SigV4,
    credentials::{
        AssumeRole, CachedCredentials, CredentialsError, CredentialsErrorKind, DefaultChain,
        provider_fn,
    },
};
use tower_auth_core::{Clock, ErrorKind, HeaderApiKey, SchemeExt, replay::Cloned};

fn hyper() -> Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn get(server: &Server) -> Request<Full<Bytes>> {
    Request::get(format!("{}/things", server.url()))
        .body(Full::default())
        .unwrap()
}

/// Keys `A0`, `A1`, … with a session token each.
fn numbered(fetches: &Arc<AtomicUsize>) -> CachedCredentials {
    let count = Arc::clone(fetches);
    CachedCredentials::new(provider_fn(move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move {
            Ok(Credentials::new(format!("A{number}"), "s")?
                .with_session_token(format!("session-{number}"))?)
        }
    }))
}

fn signer_of(seen: &Seen) -> &str {
    let credential = seen.header("authorization").split("Credential=").nth(1);
    credential.unwrap().split('/').next().unwrap()
}

#[tokio::test]
async fn the_default_chain_signs_in_a_sum_and_is_asked_once() {
    let machine = Machine::new().file(
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\naws_session_token = t\n",
    );
    let server = Server::start(|_, _| text(200, "")).await;
    let chain = CachedCredentials::new(DefaultChain::new(&machine.context()));
    let auth = SigV4::new("execute-api", "eu-central-1", chain)
        .unwrap()
        .clock(Clock::new(machine.hands.clone()))
        + HeaderApiKey::new("key").unwrap();
    let client = auth.only_to(server.url()).unwrap().layer(hyper());
    for _ in 0..2 {
        let response = client.clone().oneshot(get(&server)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        // The file is not asked again.
        machine.write(".aws/credentials", "[default]\n");
    }
    for seen in server.seen() {
        let signature = seen.header("authorization");
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDFILE/20260131/eu-central-1/execute-api/aws4_request, \
                        SignedHeaders=host;x-amz-date;x-amz-security-token;x-api-key, Signature=";
        assert!(signature.starts_with(expected), "{signature}");
        assert_eq!(seen.header("x-amz-security-token"), "t");
    }
}

#[tokio::test]
async fn a_role_is_assumed_before_the_first_request_and_again_before_it_expires() {
    let sts = Server::start(crate::sts::good).await;
    let machine = Machine::new().set("AWS_ENDPOINT_URL_STS", sts.url());
    let server = Server::start(|_, _| text(200, "")).await;
    let source = Credentials::new("AKIDSOURCE", "s").unwrap();
    let role = AssumeRole::new(&machine.context(), source, "arn:aws:iam::1:role/reader");
    let clock = Clock::new(machine.hands.clone());
    let cache = CachedCredentials::builder(role)
        .clock(clock.clone())
        .build();
    let auth = SigV4::new("s3", "us-east-1", CachedCredentials::from_cache(cache)).unwrap();
    let client = auth
        .clock(clock)
        .only_to(server.url())
        .unwrap()
        .layer(hyper());
    for asked in [1, 1] {
        client.clone().oneshot(get(&server)).await.unwrap();
        assert_eq!(sts.seen().len(), asked);
    }
    assert_eq!(signer_of(&server.seen()[1]), "ASIAREADER");
    // STS said 13:00.
    machine.hands.set(noon() + Duration::from_secs(3600));
    let error = client.oneshot(get(&server)).await.unwrap_err();
    assert_eq!(sts.seen().len(), 2, "asked again");
    assert_eq!(
        error.auth().unwrap().kind(),
        ErrorKind::Credentials,
        "it gave the same as before"
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_the_service_calls_expired_is_replaced_and_the_request_sent_again() {
    let server = Server::start(|before, _| match before {
        0 => with_header(text(403, ""), "x-amzn-errortype", "ExpiredTokenException"),
        _ => text(200, ""),
    })
    .await;
    let fetches = Arc::default();
    let auth = SigV4::new("dynamodb", "us-east-1", numbered(&fetches)).unwrap();
    let client = auth
        .replay(Cloned)
        .only_to(server.url())
        .unwrap()
        .layer(hyper());
    let response = client.oneshot(get(&server)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let signers: Vec<_> = server
        .seen()
        .iter()
        .map(|s| signer_of(s).to_owned())
        .collect();
    assert_eq!(signers, ["A0", "A1"]);
    assert_eq!(server.seen()[1].header("x-amz-security-token"), "session-1");
}

#[tokio::test]
async fn an_action_that_is_not_allowed_does_not_cost_a_fetch() {
    let server = Server::start(|_, _| {
        with_header(text(403, ""), "x-amzn-errortype", "AccessDeniedException")
    })
    .await;
    let fetches = Arc::default();
    let auth = SigV4::new("dynamodb", "us-east-1", numbered(&fetches)).unwrap();
    let client = auth
        .replay(Cloned)
        .only_to(server.url())
        .unwrap()
        .layer(hyper());
    for _ in 0..3 {
        let response = client.clone().oneshot(get(&server)).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(server.seen().len(), 3);
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = Server::start(|_, _| text(200, "")).await;
    let machine = Machine::new().set("AWS_EC2_METADATA_DISABLED", "true");
    let chain = CachedCredentials::new(DefaultChain::new(&machine.context()));
    let auth = SigV4::new("s3", "us-east-1", chain).unwrap();
    let client = auth.only_to(server.url()).unwrap().layer(hyper());
    let error = client.oneshot(get(&server)).await.unwrap_err();
    let error = error.auth().unwrap();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let source = std::error::Error::source(error).unwrap();
    let source = source.downcast_ref::<CredentialsError>().unwrap();
    assert_eq!(source.kind(), CredentialsErrorKind::NotConfigured);
    assert!(server.seen().is_empty());
}
