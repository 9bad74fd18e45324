//! ECS and EKS.

use crate::support::{Answer, Machine, Seen, Server, noon, redirect, text, told};
use std::time::Duration;
use tower_auth_aws::credentials::{Container, CredentialsErrorKind, ProvideCredentials};

const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

fn good(_: usize, _: &Seen) -> Answer {
    text(
        200,
        r#"{"AccessKeyId":"ASIAECS","SecretAccessKey":"secret","Token":"session","Expiration":"2026-01-31T18:00:00Z",
           "RoleArn":"arn:aws:iam::1:role/task","AccountId":"1"}"#,
    )
}

fn machine(server: &Server) -> Machine {
    Machine::new().set(FULL, format!("{}/v1/credentials?id=1", server.url()))
}

#[tokio::test]
async fn the_token_of_the_environment_is_sent() {
    let server = Server::start(good).await;
    let machine = machine(&server).set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc");
    let key = Container::new(&machine.context()).provide().await.unwrap();
    assert_eq!(key.access_key_id(), "ASIAECS");
    assert_eq!(key.secret_access_key().expose(), "secret");
    assert_eq!(key.session_token().unwrap(), "session");
    assert_eq!(
        key.expires_at(),
        Some(noon() + Duration::from_secs(6 * 3600))
    );
    assert_eq!(server.lines(), ["GET /v1/credentials?id=1"]);
    assert_eq!(server.seen()[0].header("authorization"), "Basic abc");
}

#[tokio::test]
async fn the_token_file_comes_first_and_is_read_for_every_fetch() {
    let server = Server::start(good).await;
    let machine = machine(&server)
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from the environment")
        .file("token", "first\n");
    let path = machine.path("token");
    let machine = machine.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    let provider = Container::new(&machine.context());
    provider.provide().await.unwrap();
    machine.write("token", "second\r\n");
    provider.provide().await.unwrap();
    let sent: Vec<_> = server
        .seen()
        .iter()
        .map(|s| s.header("authorization").to_owned())
        .collect();
    assert_eq!(sent, ["first", "second"]);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_not_sent() {
    let server = Server::start(good).await;
    for (contents, kind) in [
        (
            "hunter2\r\nx-injected: 1",
            CredentialsErrorKind::Configuration,
        ),
        ("", CredentialsErrorKind::Configuration),
    ] {
        let machine = machine(&server).file("token", contents);
        let path = machine.path("token");
        let machine = machine.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
        let error = Container::new(&machine.context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!told(&error).contains("hunter2"));
    }
    let machine = machine(&server).set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token");
    let error = Container::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Io);
    assert!(error.to_string().contains("/nowhere/token"));
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn the_relative_path_comes_first_and_is_one_on_the_agent_of_ecs() {
    let server = Server::start(good).await;
    let machine = machine(&server).set(RELATIVE, "/v2/credentials/id");
    let context = machine.context().with_http_client(server.everywhere());
    Container::new(&context).provide().await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.header("x-meant"),
        "http://169.254.170.2/v2/credentials/id"
    );
    assert_eq!(seen.header("authorization"), "");
}

#[tokio::test]
async fn another_host_in_the_clear_gets_nothing() {
    let server = Server::start(good).await;
    let machine = Machine::new()
        .set(FULL, "http://credentials.example.com/")
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2");
    let context = machine.context().with_http_client(server.everywhere());
    let error = Container::new(&context).provide().await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Configuration);
    assert!(error.to_string().contains("https"), "{error}");
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_refusal_is_not() {
    let server = Server::start(|before, seen| match before {
        0 | 1 => text(503, ""),
        _ => good(before, seen),
    })
    .await;
    Container::new(&machine(&server).context())
        .provide()
        .await
        .unwrap();
    assert_eq!(server.lines().len(), 3);

    let server = Server::start(|_, seen| {
        let sent = seen.header("authorization");
        text(
            403,
            format!(
                r#"{{"code":"AccessDenied","message":"not with {sent}\nnor {}"}}"#,
                seen.uri.path()
            ),
        )
    })
    .await;
    let machine = machine(&server).set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2");
    let error = Container::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert_eq!(
        error.to_string(),
        "container: the agent refused with status 403: AccessDenied: not with [redacted] nor [redacted]"
    );
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_refusal_that_quotes_the_query_does_not_show_it() {
    let server = Server::start(|_, seen| {
        let query = seen.uri.query().unwrap();
        text(
            403,
            format!(r#"{{"code":"Denied","message":"no {query}"}}"#),
        )
    })
    .await;
    let machine = Machine::new().set(FULL, format!("{}/get?key=hunter2", server.url()));
    let error = Container::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert!(!told(&error).contains("hunter2"), "{error}");
}

#[tokio::test]
async fn malformed_answers_and_redirects_are_errors() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"}"#,
        "\u{1}",
    ] {
        let server = Server::start(move |_, _| text(200, body)).await;
        let error = Container::new(&machine(&server).context())
            .provide()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Malformed, "{body}");
    }
    let other = Server::start(good).await;
    let target = other.url();
    let server = Server::start(move |_, _| redirect(&target)).await;
    let error = Container::new(&machine(&server).context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert!(other.lines().is_empty());
}

#[tokio::test]
async fn an_agent_that_is_silent_is_unreachable() {
    let server = Server::start(|_, _| Answer::Never).await;
    let error = Container::new(&machine(&server).context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Unreachable);
    assert_eq!(server.lines().len(), 3);
}
