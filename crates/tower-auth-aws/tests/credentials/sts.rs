//! STS: assumed roles and web identities.

use crate::support::{Answer, Machine, Seen, Server, noon, text, told};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tower_auth_aws::{
    Credentials,
    credentials::{AssumeRole, CredentialsErrorKind, ProvideCredentials, WebIdentity},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

pub(crate) fn answer(action: &str, id: &str) -> String {
    format!(
        r#"<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
           <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/reader/x</Arn></AssumedRoleUser>
           <Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>secret of {id}</SecretAccessKey>
           <SessionToken>session-of-{id}</SessionToken><Expiration>2026-01-31T13:00:00Z</Expiration></Credentials>
           </{action}Result></{action}Response>"#
    )
}

fn failure(code: &str, message: &str) -> String {
    format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
           <Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"#
    )
}

/// Answers whatever was asked for.
pub(crate) fn good(_: usize, seen: &Seen) -> Answer {
    let action = seen.form("Action").unwrap();
    let role = seen.form("RoleArn").unwrap();
    let id = format!("ASIA{}", role.rsplit('/').next().unwrap().to_uppercase());
    text(200, answer(&action, &id))
}

fn key() -> Credentials {
    Credentials::new("AKIDSOURCE", "source secret")
        .unwrap()
        .with_session_token("source-session")
        .unwrap()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks a signature from what arrived, by the words of the documentation and without the code under test.
pub(crate) fn assert_signed(seen: &Seen, id: &str, secret: &str, region: &str) {
    let date = seen.header("x-amz-date");
    let scope = format!("{}/{region}/sts/aws4_request", &date[..8]);
    let prefix = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders=");
    let rest = seen.header("authorization").strip_prefix(&prefix).unwrap();
    let (names, signature) = rest.split_once(", Signature=").unwrap();
    let mut canonical = format!("{}\n{}\n\n", seen.method, seen.uri.path());
    for name in names.split(';') {
        canonical += &format!("{name}:{}\n", seen.header(name));
    }
    canonical += &format!("\n{names}\n{}", hex(&Sha256::digest(&seen.body)));
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part);
    }
    assert_eq!(signature, hex(&mac(&key, &to_sign)));
    for needed in ["host", "x-amz-date", "content-type"] {
        assert!(
            names.split(';').any(|name| name == needed),
            "{needed} is signed: {names}"
        );
    }
}

#[tokio::test]
async fn a_role_is_assumed_with_a_signed_request() {
    let server = Server::start(good).await;
    let machine = Machine::new()
        .set("AWS_ENDPOINT_URL_STS", server.url())
        .set("AWS_REGION", "eu-central-1");
    let role = AssumeRole::new(&machine.context(), key(), ROLE)
        .session_name("nightly report")
        .external_id("a+b/ü")
        .duration(Duration::from_secs(900));
    let assumed = role.provide().await.unwrap();
    assert_eq!(assumed.access_key_id(), "ASIAREADER");
    assert_eq!(assumed.secret_access_key().expose(), "secret of ASIAREADER");
    assert_eq!(assumed.session_token().unwrap(), "session-of-ASIAREADER");
    assert_eq!(
        assumed.expires_at(),
        Some(noon() + Duration::from_secs(3600))
    );

    let seen = &server.seen()[0];
    assert_eq!(seen.line(), "POST /");
    assert_eq!(
        seen.header("content-type"),
        "application/x-www-form-urlencoded; charset=utf-8"
    );
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "nightly report"),
        ("ExternalId", "a+b/ü"),
        ("DurationSeconds", "900"),
    ] {
        assert_eq!(seen.form(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(seen.header("x-amz-date"), "20260131T120000Z");
    assert_eq!(seen.header("x-amz-security-token"), "source-session");
    assert_signed(seen, "AKIDSOURCE", "source secret", "eu-central-1");
}

#[tokio::test]
async fn what_is_not_set_is_not_sent_and_the_session_has_a_name() {
    let server = Server::start(good).await;
    let machine = Machine::new().set("AWS_ENDPOINT_URL", server.url());
    AssumeRole::new(&machine.context(), key(), ROLE)
        .provide()
        .await
        .unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.form("RoleSessionName").unwrap(),
        "tower-auth-1769860800000"
    );
    assert_eq!(seen.form("ExternalId"), None);
    assert_eq!(seen.form("DurationSeconds"), None);
    assert_signed(seen, "AKIDSOURCE", "source secret", "us-east-1");
}

#[tokio::test]
async fn sts_is_that_of_the_region() {
    let server = Server::start(good).await;
    for (variables, url) in [
        (
            vec![("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "x")],
            "https://sts.eu-west-1.amazonaws.com/",
        ),
        (
            vec![("AWS_DEFAULT_REGION", "cn-north-1")],
            "https://sts.cn-north-1.amazonaws.com.cn/",
        ),
        (
            vec![("AWS_PROFILE", "far")],
            "https://sts.ap-south-2.amazonaws.com/",
        ),
        (
            vec![
                ("AWS_REGION", "us-west-2"),
                ("AWS_USE_FIPS_ENDPOINT", "true"),
            ],
            "https://sts-fips.us-west-2.amazonaws.com/",
        ),
        (vec![], "https://sts.amazonaws.com/"),
        (
            vec![
                ("AWS_ENDPOINT_URL", "http://localhost:9/"),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ],
            "https://sts.amazonaws.com/",
        ),
    ] {
        let mut machine = Machine::new().file(".aws/config", "[profile far]\nregion = ap-south-2");
        for (name, value) in variables {
            machine = machine.set(name, value);
        }
        let before = server.seen().len();
        let context = machine.context().with_http_client(server.everywhere());
        AssumeRole::new(&context, key(), ROLE)
            .provide()
            .await
            .unwrap();
        assert_eq!(server.seen()[before].header("x-meant"), url);
    }
}

#[tokio::test]
async fn an_endpoint_or_region_that_is_unusable_is_an_error() {
    let server = Server::start(good).await;
    for (name, value) in [
        ("AWS_ENDPOINT_URL_STS", "http://sts.example.com/"),
        ("AWS_ENDPOINT_URL_STS", "sts.example.com"),
        ("AWS_REGION", "evil.com/"),
        ("AWS_REGION", "a@b"),
    ] {
        let machine = Machine::new().set(name, value);
        let context = machine.context().with_http_client(server.everywhere());
        let error = AssumeRole::new(&context, key(), ROLE)
            .provide()
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            CredentialsErrorKind::Configuration,
            "{name}={value}"
        );
    }
    assert!(server.lines().is_empty());
}

fn eks(server: &Server) -> Machine {
    let machine = Machine::new().file("token", "eyJ.first.token\n");
    let path = machine.path("token");
    machine
        .set("AWS_ENDPOINT_URL_STS", server.url())
        .set("AWS_WEB_IDENTITY_TOKEN_FILE", path)
        .set("AWS_ROLE_ARN", ROLE)
}

#[tokio::test]
async fn the_token_of_a_web_identity_is_read_for_every_fetch_and_proves_it_alone() {
    let server = Server::start(good).await;
    let machine = eks(&server).set("AWS_ROLE_SESSION_NAME", "pod");
    let provider = WebIdentity::new(&machine.context());
    let first = provider.provide().await.unwrap();
    assert_eq!(first.access_key_id(), "ASIAREADER");
    assert_eq!(first.expires_at(), Some(noon() + Duration::from_secs(3600)));
    machine.write("token", "eyJ.second.token");
    provider.provide().await.unwrap();
    let seen = server.seen();
    let sent: Vec<_> = seen
        .iter()
        .map(|seen| seen.form("WebIdentityToken").unwrap())
        .collect();
    assert_eq!(sent, ["eyJ.first.token", "eyJ.second.token"]);
    for seen in &seen {
        assert_eq!(seen.form("Action").unwrap(), "AssumeRoleWithWebIdentity");
        assert_eq!(seen.form("RoleArn").unwrap(), ROLE);
        assert_eq!(seen.form("RoleSessionName").unwrap(), "pod");
        assert!(!seen.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_web_identity_that_is_half_set_up_is_told() {
    let server = Server::start(good).await;
    let kind = async |machine: Machine| {
        let error = WebIdentity::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        error.kind()
    };
    assert_eq!(
        kind(Machine::new()).await,
        CredentialsErrorKind::NotConfigured
    );
    assert_eq!(
        kind(eks(&server).set("AWS_ROLE_ARN", "")).await,
        CredentialsErrorKind::Configuration
    );
    let nowhere = eks(&server).set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    assert_eq!(kind(nowhere).await, CredentialsErrorKind::Io);
    assert_eq!(
        kind(eks(&server).file("token", " \n")).await,
        CredentialsErrorKind::Malformed
    );
    assert_eq!(
        kind(eks(&server).file("token", &"x".repeat(40_000))).await,
        CredentialsErrorKind::Malformed
    );
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_refusal_says_why_and_does_not_repeat_the_token() {
    let server = Server::start(|_, seen| {
        let token = seen.form("WebIdentityToken").unwrap();
        text(
            403,
            failure(
                "AccessDenied",
                &format!("Not authorized to perform sts:AssumeRoleWithWebIdentity with {token}"),
            ),
        )
    })
    .await;
    let error = WebIdentity::new(&eks(&server).context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert_eq!(
        error.to_string(),
        "web identity: STS refused AssumeRoleWithWebIdentity with status 403: AccessDenied: Not authorized to \
         perform sts:AssumeRoleWithWebIdentity with [redacted]"
    );
    assert!(!told(&error).contains("eyJ"));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_with_the_time_of_the_attempt() {
    for (status, body) in [
        (400, failure("IDPCommunicationError", "later")),
        (400, failure("Throttling", "Rate exceeded")),
        (429, String::new()),
        (500, String::new()),
    ] {
        let machine = Machine::new();
        let hands = machine.hands.clone();
        let server = Server::start(move |before, seen| {
            hands.advance(Duration::from_secs(60));
            match before {
                0 | 1 => text(status, body.clone()),
                _ => good(before, seen),
            }
        })
        .await;
        let machine = machine.set("AWS_ENDPOINT_URL_STS", server.url());
        AssumeRole::new(&machine.context(), key(), ROLE)
            .provide()
            .await
            .unwrap();
        let dates: Vec<_> = server
            .seen()
            .iter()
            .map(|s| s.header("x-amz-date").to_owned())
            .collect();
        assert_eq!(
            dates,
            ["20260131T120000Z", "20260131T120100Z", "20260131T120200Z"]
        );
        for seen in server.seen() {
            assert_signed(&seen, "AKIDSOURCE", "source secret", "us-east-1");
        }
    }
}

#[tokio::test]
async fn malformed_answers_are_errors() {
    for body in [
        String::new(),
        "<html></html>".into(),
        "{}".into(),
        answer("AssumeRoleWithSAML", "A"),
        answer("AssumeRole", ""),
        answer("AssumeRole", "bad id"),
        answer("AssumeRole", "A").replace("2026-01-31T13:00:00Z", "tomorrow"),
        format!(
            "<!DOCTYPE x [<!ENTITY a 'b'>]>{}",
            answer("AssumeRole", "&a;")
        ),
    ] {
        let sent = body.clone();
        let server = Server::start(move |_, _| text(200, sent.clone())).await;
        let machine = Machine::new().set("AWS_ENDPOINT_URL_STS", server.url());
        let error = AssumeRole::new(&machine.context(), key(), ROLE)
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Malformed, "{body}");
        assert!(!told(&error).contains("secret of"), "{body}");
    }
}
