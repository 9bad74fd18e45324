//! IMDSv2.

use crate::support::{
    Answer, Machine, Seen, Server, noon, redirect, stalled_body, text, with_header,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tower_auth_aws::credentials::{CredentialsErrorKind, InstanceMetadata, ProvideCredentials};
use tower_auth_core::Clock;

const TOKEN: &str = "PUT /latest/api/token";
const NAME: &str = "GET /latest/meta-data/iam/security-credentials/";
const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/web-server";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

fn document(id: &str, expiration: &str) -> String {
    format!(
        r#"{{"Code":"Success","LastUpdated":"2026-01-31T11:00:00Z","Type":"AWS-HMAC","AccessKeyId":"{id}",
           "SecretAccessKey":"secret","Token":"session","Expiration":"{expiration}"}}"#
    )
}

/// A service in good order.
fn good(_: usize, seen: &Seen) -> Answer {
    match seen.line().as_str() {
        TOKEN => with_header(text(200, "imds-session"), TTL, "21600"),
        NAME => text(200, "web-server\nother\n"),
        ROLE => text(200, document("ASIAEC2", "2026-01-31T18:00:00Z")),
        _ => text(404, ""),
    }
}

fn machine(server: &Server) -> Machine {
    Machine::new().set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url())
}

#[tokio::test]
async fn a_session_of_six_hours_is_asked_for_and_used_until_shortly_before_its_end() {
    let server = Server::start(good).await;
    let machine = machine(&server);
    let provider = InstanceMetadata::new(&machine.context());

    let key = provider.provide().await.unwrap();
    assert_eq!(key.access_key_id(), "ASIAEC2");
    assert_eq!(key.session_token().unwrap(), "session");
    assert_eq!(
        key.expires_at(),
        Some(noon() + Duration::from_secs(6 * 3600))
    );
    assert_eq!(server.lines(), [TOKEN, NAME, ROLE]);
    let seen = server.seen();
    assert_eq!(seen[0].header(TTL), "21600");
    assert_eq!(seen[0].header("x-aws-ec2-metadata-token"), "");
    for request in &seen[1..] {
        assert_eq!(request.header("x-aws-ec2-metadata-token"), "imds-session");
        assert_eq!(request.header(TTL), "");
    }

    machine.hands.advance(Duration::from_secs(21_600 - 121));
    provider.provide().await.unwrap();
    assert_eq!(server.lines()[3..], [NAME, ROLE]);
    machine.hands.advance(Duration::from_secs(1));
    provider.provide().await.unwrap();
    assert_eq!(server.lines()[5..], [TOKEN, NAME, ROLE]);
}

#[tokio::test]
async fn a_session_that_the_service_forgot_is_replaced_once() {
    let server = Server::start(|before, seen| match before {
        1 => text(401, ""),
        _ => good(before, seen),
    })
    .await;
    let provider = InstanceMetadata::new(&machine(&server).context());
    provider.provide().await.unwrap();
    assert_eq!(server.lines(), [TOKEN, NAME, TOKEN, NAME, ROLE]);

    let server = Server::start(|before, seen| match seen.line().as_str() {
        NAME => text(401, ""),
        _ => good(before, seen),
    })
    .await;
    let provider = InstanceMetadata::new(&machine(&server).context());
    let error = provider.provide().await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert_eq!(server.lines(), [TOKEN, NAME, TOKEN, NAME]);
}

#[tokio::test]
async fn a_shorter_session_than_was_asked_for_is_believed() {
    let server = Server::start(|before, seen| match seen.line().as_str() {
        TOKEN => with_header(text(200, "imds-session"), TTL, "60"),
        _ => good(before, seen),
    })
    .await;
    let machine = machine(&server).set("AWS_EC2_INSTANCE_PROFILE_NAME", "web-server");
    let provider = InstanceMetadata::new(&machine.context());
    provider.provide().await.unwrap();
    machine.hands.advance(Duration::from_secs(29));
    provider.provide().await.unwrap();
    machine.hands.advance(Duration::from_secs(2));
    provider.provide().await.unwrap();
    assert_eq!(server.lines(), [TOKEN, ROLE, ROLE, TOKEN, ROLE]);
}

#[tokio::test]
async fn an_attempt_takes_one_second_and_their_number_is_bounded() {
    for answer in [(|| Answer::Never) as fn() -> Answer, stalled_body] {
        let server = Server::start(move |_, _| answer()).await;
        let machine = machine(&server).set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2");
        let provider = InstanceMetadata::new(&machine.context());
        let began = Clock::system().monotonic();
        let error = provider.provide().await.unwrap_err();
        let took = Clock::system().monotonic() - began;
        assert_eq!(error.kind(), CredentialsErrorKind::NotConfigured);
        assert_eq!(server.lines(), [TOKEN, TOKEN]);
        assert!((2000..3900).contains(&took.as_millis()), "{took:?}");
    }
}

#[tokio::test]
async fn four_attempts_are_made_by_default() {
    let server = Server::start(|_, _| text(503, "")).await;
    let provider = InstanceMetadata::new(&machine(&server).context());
    let error = provider.provide().await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert_eq!(server.lines(), [TOKEN; 4]);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let server = Server::start(|before, seen| match before {
        0 | 2 | 4 => text(500, ""),
        _ => good(before, seen),
    })
    .await;
    let provider = InstanceMetadata::new(&machine(&server).context());
    provider.provide().await.unwrap();
    assert_eq!(server.lines(), [TOKEN, TOKEN, NAME, NAME, ROLE, ROLE]);
}

#[tokio::test]
async fn credentials_that_expired_are_given_for_some_minutes_more() {
    let server = Server::start(|before, seen| match seen.line().as_str() {
        ROLE => text(200, document("ASIAOLD", "2026-01-31T11:00:00Z")),
        _ => good(before, seen),
    })
    .await;
    let key = InstanceMetadata::new(&machine(&server).context())
        .provide()
        .await
        .unwrap();
    assert_eq!(key.access_key_id(), "ASIAOLD");
    assert_extended(key.expires_at(), noon());
}

#[tokio::test]
async fn the_last_credentials_are_given_while_the_service_is_down() {
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let server = Server::start(move |before, seen| match is_down.load(Ordering::SeqCst) {
        true => text(500, ""),
        false => good(before, seen),
    })
    .await;
    let machine = machine(&server).set("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1");
    let provider = InstanceMetadata::new(&machine.context());
    let first = provider.provide().await.unwrap();
    down.store(true, Ordering::SeqCst);

    machine.hands.advance(Duration::from_secs(3600));
    let same = provider.provide().await.unwrap();
    assert_eq!(same.expires_at(), first.expires_at());

    machine.hands.advance(Duration::from_secs(6 * 3600));
    let extended = provider.provide().await.unwrap();
    assert_eq!(extended.access_key_id(), first.access_key_id());
    assert_extended(
        extended.expires_at(),
        noon() + Duration::from_secs(7 * 3600),
    );
}

fn assert_extended(end: Option<SystemTime>, now: SystemTime) {
    let left = end.unwrap().duration_since(now).unwrap().as_secs();
    assert!((300..600).contains(&left), "{left}");
}

#[tokio::test]
async fn a_machine_without_the_service_or_without_a_role_is_not_configured() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let nobody = Machine::new().set(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        format!("http://{closed}"),
    );
    let off = Server::start(|_, _| text(403, "")).await;
    let other_cloud = Server::start(|_, _| text(405, "")).await;
    let no_role = Server::start(|before, seen| match seen.line().as_str() {
        NAME => text(404, ""),
        _ => good(before, seen),
    })
    .await;
    for machine in [
        nobody,
        machine(&off),
        machine(&other_cloud),
        machine(&no_role),
    ] {
        let error = InstanceMetadata::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::NotConfigured, "{error}");
    }
    assert_eq!(off.lines(), [TOKEN], "a refusal is not tried again");
}

#[tokio::test]
async fn a_service_that_is_switched_off_is_not_asked() {
    let server = Server::start(good).await;
    let machine = machine(&server).set("AWS_EC2_METADATA_DISABLED", "True");
    let error = InstanceMetadata::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::NotConfigured);
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn malformed_answers_are_told_apart() {
    for (line, answer, kind) in [
        (TOKEN, "", CredentialsErrorKind::Malformed),
        (TOKEN, "a\u{1}b", CredentialsErrorKind::Malformed),
        (NAME, "", CredentialsErrorKind::NotConfigured), // an empty list of roles
        (NAME, "\n", CredentialsErrorKind::NotConfigured),
        (NAME, "../../user-data", CredentialsErrorKind::Malformed),
        (NAME, "<html>", CredentialsErrorKind::Malformed),
        (ROLE, "", CredentialsErrorKind::Malformed),
        (ROLE, "<html>", CredentialsErrorKind::Malformed),
        (
            ROLE,
            r#"{"Code":"Success"}"#,
            CredentialsErrorKind::Malformed,
        ),
        (
            ROLE,
            r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no imds-session"}"#,
            CredentialsErrorKind::Refused,
        ),
    ] {
        let server = Server::start(move |before, seen| match seen.line() == line {
            true => text(200, answer),
            false => good(before, seen),
        })
        .await;
        let error = InstanceMetadata::new(&machine(&server).context())
            .provide()
            .await
            .unwrap_err();
        assert!(!error.to_string().contains("imds-session"), "{error}");
        assert_eq!(error.kind(), kind, "{line} {answer:?}: {error}");
        let asked = server.lines();
        assert!(
            asked
                .iter()
                .all(|line| [TOKEN, NAME, ROLE].contains(&line.as_str())),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(good).await;
    let target = other.url();
    let server = Server::start(move |before, seen| match seen.line().as_str() {
        TOKEN => good(before, seen),
        _ => redirect(&format!("{target}{}", seen.uri.path())),
    })
    .await;
    let error = InstanceMetadata::new(&machine(&server).context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert!(other.lines().is_empty());
}

#[tokio::test]
async fn settings_come_from_the_environment_before_the_profile() {
    let server = Server::start(good).await;
    let config = format!(
        "[default]\nec2_metadata_service_endpoint = {}\nec2_instance_profile_name = web-server\nmetadata_service_num_attempts = 1",
        server.url()
    );
    let machine = Machine::new().file(".aws/config", &config);
    InstanceMetadata::new(&machine.context())
        .provide()
        .await
        .unwrap();
    assert_eq!(server.lines(), [TOKEN, ROLE]);

    let other = Server::start(|_, _| text(500, "")).await;
    let machine = machine.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", other.url());
    InstanceMetadata::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(other.lines(), [TOKEN]);

    for (name, value) in [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "0"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "61"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1000000"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "many"),
        ("AWS_EC2_INSTANCE_PROFILE_NAME", "a/../b"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5"),
    ] {
        let machine = Machine::new().set(name, value);
        let error = InstanceMetadata::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            CredentialsErrorKind::Configuration,
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn the_addresses_are_those_of_ec2() {
    let server = Server::start(good).await;
    for (mode, address) in [
        ("", "http://169.254.169.254/latest/api/token"),
        ("IPv4", "http://169.254.169.254/latest/api/token"),
        ("ipv6", "http://[fd00:ec2::254]/latest/api/token"),
    ] {
        let machine = Machine::new().set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", mode);
        let before = server.seen().len();
        let context = machine.context().with_http_client(server.everywhere());
        InstanceMetadata::new(&context).provide().await.unwrap();
        assert_eq!(server.seen()[before].header("x-meant"), address);
    }
}
