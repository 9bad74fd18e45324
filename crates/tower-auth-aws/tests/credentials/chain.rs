//! Chains.

use crate::support::{Machine, Server, text, told};
use tower_auth_aws::{
    Credentials,
    credentials::{
        Chain, CredentialsError, CredentialsErrorKind, DefaultChain, ProvideCredentials,
        provider_fn,
    },
};

fn key(id: &str) -> Credentials {
    Credentials::new(id, "s").unwrap()
}

fn failing(kind: CredentialsErrorKind) -> impl ProvideCredentials + 'static {
    provider_fn(move || async move { Err(CredentialsError::new(kind, "mine", "no")) })
}

#[tokio::test]
async fn the_first_that_is_configured_is_used_and_its_failure_ends_the_chain() {
    let chain = Chain::new()
        .then(failing(CredentialsErrorKind::NotConfigured))
        .then(key("A"))
        .then(key("B"));
    assert_eq!(chain.provide().await.unwrap().access_key_id(), "A");
    for kind in [
        CredentialsErrorKind::Configuration,
        CredentialsErrorKind::Unreachable,
        CredentialsErrorKind::Refused,
        CredentialsErrorKind::Malformed,
        CredentialsErrorKind::Expired,
        CredentialsErrorKind::Io,
    ] {
        let chain = Chain::new().then(failing(kind)).then(key("B"));
        assert_eq!(chain.provide().await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn the_default_chain_asks_in_the_order_of_the_sdk() {
    let server = Server::start(|_, seen| match seen.uri.path() {
        "/container" => text(
            200,
            r#"{"AccessKeyId":"ASIAECS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-31T18:00:00Z"}"#,
        ),
        "/latest/api/token" => text(200, "session"),
        "/latest/meta-data/iam/security-credentials/" => text(200, "role"),
        "/latest/meta-data/iam/security-credentials/role" => text(
            200,
            r#"{"AccessKeyId":"ASIAEC2","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-31T18:00:00Z"}"#,
        ),
        _ => text(200, crate::sts::answer("AssumeRoleWithWebIdentity", "ASIAWEB")),
    })
    .await;
    let machine = || Machine::new().set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
    let container = |machine: Machine| {
        machine.set(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("{}/container", server.url()),
        )
    };
    let web_identity = |machine: Machine| {
        let path = machine.path("token");
        machine
            .file("token", "eyJ")
            .set("AWS_WEB_IDENTITY_TOKEN_FILE", path)
            .set("AWS_ROLE_ARN", "arn")
            .set("AWS_ENDPOINT_URL_STS", server.url())
    };
    let profile = |machine: Machine| {
        machine.file(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s",
        )
    };
    let environment = |machine: Machine| {
        machine
            .set("AWS_ACCESS_KEY_ID", "AKIDENV")
            .set("AWS_SECRET_ACCESS_KEY", "s")
    };
    let machines = [
        ("ASIAEC2", machine()),
        ("ASIAECS", container(machine())),
        ("ASIAWEB", web_identity(container(machine()))),
        ("AKIDFILE", profile(web_identity(container(machine())))),
        (
            "AKIDENV",
            environment(profile(web_identity(container(machine())))),
        ),
    ];
    for (id, machine) in machines {
        let key = DefaultChain::new(&machine.context())
            .provide()
            .await
            .unwrap();
        assert_eq!(key.access_key_id(), id);
    }
}

#[tokio::test]
async fn where_nothing_is_configured_the_error_says_of_each_why() {
    let machine = Machine::new().set("AWS_EC2_METADATA_DISABLED", "true");
    let error = DefaultChain::new(&machine.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::NotConfigured);
    let text = error.to_string();
    for name in [
        "AWS_ACCESS_KEY_ID",
        "profile",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        assert!(text.contains(name), "{text}");
    }
    let broken = Machine::new().set("AWS_ACCESS_KEY_ID", "A").file(
        ".aws/credentials",
        "[default]\naws_access_key_id = B\naws_secret_access_key = s",
    );
    let error = DefaultChain::new(&broken.context())
        .provide()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Configuration);
    assert!(told(&error).contains("AWS_SECRET_ACCESS_KEY"));
}
