//! IAM Identity Center.

use crate::support::{Answer, Machine, Seen, Server, noon, text, told};
use std::time::Duration;
use tower_auth_aws::credentials::{CredentialsErrorKind, Profile, ProvideCredentials};

/// `printf %s corp | sha1sum`
const SESSION: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
/// `printf %s https://corp.awsapps.com/start | sha1sum`
const START_URL: &str = ".aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json";

const CONFIG: &str = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Read Only\n\
    [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\nsso_registration_scopes = sso:account:access\n";

fn token(access: &str, expires_at: &str) -> String {
    format!(
        r#"{{"startUrl":"https://corp.awsapps.com/start","region":"eu-west-1","accessToken":"{access}","expiresAt":"{expires_at}",
           "clientId":"client","clientSecret":"client-secret","registrationExpiresAt":"2026-03-01T00:00:00Z","refreshToken":"refresh-1"}}"#
    )
}

fn good(_: usize, seen: &Seen) -> Answer {
    match seen.uri.path() {
        "/federation/credentials" => text(
            200,
            r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"secret","sessionToken":"session","expiration":1769864400000}}"#,
        ),
        "/token" => text(
            200,
            r#"{"accessToken":"access-2","expiresIn":28800,"refreshToken":"refresh-2","tokenType":"Bearer"}"#,
        ),
        _ => text(404, ""),
    }
}

fn machine(server: &Server, config: &str) -> Machine {
    Machine::new()
        .file(".aws/config", config)
        .set("AWS_ENDPOINT_URL", server.url())
}

#[tokio::test]
async fn the_cached_token_is_exchanged_for_credentials() {
    let server = Server::start(good).await;
    let machine =
        machine(&server, CONFIG).file(SESSION, &token("access-1", "2026-01-31T20:00:00Z"));
    let key = Profile::new(&machine.context()).provide().await.unwrap();
    assert_eq!(key.access_key_id(), "ASIASSO");
    assert_eq!(key.session_token().unwrap(), "session");
    assert_eq!(key.expires_at(), Some(noon() + Duration::from_secs(3600)));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].line(),
        "GET /federation/credentials?role_name=Read%20Only&account_id=123456789012"
    );
    assert_eq!(seen[0].header("x-amz-sso_bearer_token"), "access-1");
    assert!(!seen[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_portal_is_that_of_the_region() {
    let server = Server::start(good).await;
    let machine = Machine::new()
        .file(".aws/config", CONFIG)
        .file(SESSION, &token("access-1", "2026-01-31T12:01:00Z"));
    let context = machine.context().with_http_client(server.everywhere());
    Profile::new(&context).provide().await.unwrap();
    let meant: Vec<_> = server
        .seen()
        .iter()
        .map(|s| s.header("x-meant").to_owned())
        .collect();
    assert_eq!(
        meant,
        [
            "https://oidc.eu-west-1.amazonaws.com/token",
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Read%20Only&account_id=123456789012",
        ]
    );
}

#[tokio::test]
async fn a_profile_of_the_older_form_has_its_token_under_its_start_url() {
    let server = Server::start(good).await;
    let config = "[default]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n";
    let machine = machine(&server, config).file(
        START_URL,
        r#"{"accessToken":"legacy","expiresAt":"2026-01-31T20:00:00UTC","region":"eu-west-1","startUrl":"x"}"#,
    );
    Profile::new(&machine.context()).provide().await.unwrap();
    assert_eq!(server.seen()[0].header("x-amz-sso_bearer_token"), "legacy");
}

#[tokio::test]
async fn a_token_in_its_last_minutes_is_renewed_and_written_back() {
    let server = Server::start(good).await;
    let machine =
        machine(&server, CONFIG).file(SESSION, &token("access-1", "2026-01-31T12:04:00Z"));
    let provider = Profile::new(&machine.context());
    provider.provide().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line(), "POST /token");
    assert_eq!(seen[0].header("content-type"), "application/json");
    let sent: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    let expected = serde_json::json!({
        "clientId": "client", "clientSecret": "client-secret", "grantType": "refresh_token", "refreshToken": "refresh-1",
    });
    assert_eq!(sent, expected);
    assert_eq!(seen[1].header("x-amz-sso_bearer_token"), "access-2");

    let written: serde_json::Value = serde_json::from_str(&machine.read(SESSION)).unwrap();
    let expected = serde_json::json!({
        "startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "access-2",
        "expiresAt": "2026-01-31T20:00:00Z", "clientId": "client", "clientSecret": "client-secret",
        "registrationExpiresAt": "2026-03-01T00:00:00Z", "refreshToken": "refresh-2",
    });
    assert_eq!(written, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(machine.path(SESSION))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    provider.provide().await.unwrap();
    assert_eq!(server.seen().len(), 3, "the new token is used");
    let cache = std::fs::read_dir(machine.path(".aws/sso/cache")).unwrap();
    assert_eq!(cache.count(), 1, "nothing is left behind");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
    let server = Server::start(|before, seen| match seen.uri.path() {
        "/token" => text(
            400,
            r#"{"error":"invalid_grant","error_description":"refresh-1"}"#,
        ),
        _ => good(before, seen),
    })
    .await;
    let machine =
        machine(&server, CONFIG).file(SESSION, &token("access-1", "2026-01-31T12:04:00Z"));
    let provider = Profile::new(&machine.context());
    provider.provide().await.unwrap();
    assert_eq!(
        server.seen()[1].header("x-amz-sso_bearer_token"),
        "access-1"
    );
    machine.hands.advance(Duration::from_secs(300));
    let error = provider.provide().await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Expired);
    assert!(error.to_string().contains("aws sso login"), "{error}");
    assert!(!told(&error).contains("refresh-1"));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn nobody_is_told_to_log_in_because_the_service_is_down() {
    for status in [429, 503] {
        let server = Server::start(move |before, seen| match seen.uri.path() {
            "/token" => text(status, "refresh-1"),
            _ => good(before, seen),
        })
        .await;
        let machine =
            machine(&server, CONFIG).file(SESSION, &token("access-1", "2026-01-31T11:00:00Z"));
        let error = Profile::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Refused, "{error}");
        assert!(!error.to_string().contains("aws sso login"), "{error}");
        assert!(!told(&error).contains("refresh-1"));
    }
}

#[tokio::test]
async fn a_person_is_told_to_log_in() {
    let server =
        Server::start(|_, _| text(401, r#"{"message":"Session token not found or invalid"}"#))
            .await;
    let expired_registration =
        token("hunter2", "2026-01-31T11:00:00Z").replace("2026-03-01", "2026-01-01");
    let fresh = token("hunter2", "2026-01-31T20:00:00Z");
    for (file, requests) in [
        (None, 0),
        (
            Some(r#"{"accessToken":"hunter2","expiresAt":"2026-01-31T11:00:00Z"}"#),
            0,
        ),
        (Some(expired_registration.as_str()), 0),
        (Some(fresh.as_str()), 1),
    ] {
        let before = server.seen().len();
        let machine = machine(&server, CONFIG);
        if let Some(file) = file {
            machine.write(SESSION, file);
        }
        let error = Profile::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Expired, "{error}");
        assert!(error.to_string().contains("aws sso login"), "{error}");
        assert!(!told(&error).contains("hunter2"));
        assert_eq!(server.seen().len() - before, requests);
    }
}

#[tokio::test]
async fn malformed_answers_and_files_are_errors() {
    let fresh = token("hunter2", "2026-01-31T20:00:00Z");
    for body in [
        "",
        "[]",
        "{}",
        r#"{"roleCredentials":null}"#,
        r#"{"roleCredentials":{"accessKeyId":"hunter2"}}"#,
        r#"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"hunter2","sessionToken":"t","expiration":-1}}"#,
        r#"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"hunter2","sessionToken":"","expiration":1}}"#,
    ] {
        let server = Server::start(move |_, _| text(200, body)).await;
        let machine = machine(&server, CONFIG).file(SESSION, &fresh);
        let error = Profile::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Malformed, "{body}");
        assert!(!told(&error).contains("hunter2"), "{error:?}");
    }
    let server = Server::start(|_, seen| {
        let sent = seen.header("x-amz-sso_bearer_token");
        text(403, format!(r#"{{"message":"No access with {sent}"}}"#))
    })
    .await;
    for (file, kind) in [
        ("hunter2", CredentialsErrorKind::Malformed),
        (
            r#"{"accessToken":"hunter2"}"#,
            CredentialsErrorKind::Malformed,
        ),
        (
            r#"{"accessToken":"hunter2","expiresAt":"soon"}"#,
            CredentialsErrorKind::Malformed,
        ),
        (
            r#"{"accessToken":"hunter2\n","expiresAt":"2026-01-31T20:00:00Z"}"#,
            CredentialsErrorKind::Malformed,
        ),
        (fresh.as_str(), CredentialsErrorKind::Refused),
    ] {
        let machine = machine(&server, CONFIG).file(SESSION, file);
        let error = Profile::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{file}");
        assert!(!told(&error).contains("hunter2"), "{error:?}");
    }
}
