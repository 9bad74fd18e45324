//! Profiles.

use crate::{
    sts,
    support::{Machine, Server, text},
};
use std::time::Duration;
use tower_auth_aws::{
    Credentials,
    credentials::{CredentialsError, CredentialsErrorKind, Profile, ProvideCredentials, region},
};

async fn fetch(machine: &Machine) -> Result<Credentials, CredentialsError> {
    Profile::new(&machine.context()).provide().await
}

async fn kind(machine: &Machine) -> CredentialsErrorKind {
    let error = fetch(machine).await.unwrap_err();
    error.kind()
}

fn config(text: &str) -> Machine {
    Machine::new().file(".aws/config", text)
}

#[tokio::test]
async fn a_key_is_that_of_the_profile_that_was_asked_for() {
    let machine = config("[default]\naws_access_key_id = A\naws_secret_access_key = a\n\n[profile work]\naws_access_key_id = C\nregion = eu-west-3\n")
        .file(".aws/credentials", "[work]\naws_access_key_id = B\naws_secret_access_key = b # ours\naws_session_token = t=\n");
    assert_eq!(fetch(&machine).await.unwrap().access_key_id(), "A");
    assert_eq!(region(&machine.context()).await.unwrap(), None);
    let machine = machine.set("AWS_PROFILE", "work");
    let work = fetch(&machine).await.unwrap();
    assert_eq!(work.access_key_id(), "B");
    assert_eq!(work.secret_access_key().expose(), "b");
    assert_eq!(work.session_token().unwrap(), "t=");
    assert_eq!(
        region(&machine.context()).await.unwrap().as_deref(),
        Some("eu-west-3")
    );
    let context = machine
        .context()
        .with_profile("default")
        .with_region("eu-west-1");
    assert_eq!(
        Profile::new(&context)
            .provide()
            .await
            .unwrap()
            .access_key_id(),
        "A"
    );
    assert_eq!(
        region(&context).await.unwrap().as_deref(),
        Some("eu-west-1")
    );
}

#[tokio::test]
async fn the_files_are_where_the_variables_say_and_are_read_for_every_fetch() {
    let machine = Machine::new()
        .file("etc/config", "[profile x]\naws_access_key_id = A")
        .file("etc/credentials", "[x]\naws_secret_access_key = s")
        .set("AWS_CONFIG_FILE", "~/etc/config")
        .set("AWS_PROFILE", "x");
    let path = machine.path("etc/credentials");
    let machine = machine.set("AWS_SHARED_CREDENTIALS_FILE", path);
    let provider = Profile::new(&machine.context());
    assert_eq!(
        provider
            .provide()
            .await
            .unwrap()
            .secret_access_key()
            .expose(),
        "s"
    );
    machine.write("etc/credentials", "[x]\naws_secret_access_key = rotated");
    assert_eq!(
        provider
            .provide()
            .await
            .unwrap()
            .secret_access_key()
            .expose(),
        "rotated"
    );
}

#[tokio::test]
async fn without_a_profile_a_chain_goes_on_and_with_a_wrong_one_it_does_not() {
    use CredentialsErrorKind::{Configuration, Malformed, NotConfigured};
    let key = "[profile a]\naws_access_key_id = A\naws_secret_access_key = a";
    assert_eq!(kind(&Machine::new()).await, NotConfigured);
    assert_eq!(kind(&Machine::new().set("HOME", "")).await, NotConfigured);
    assert_eq!(kind(&config("")).await, NotConfigured);
    assert_eq!(kind(&config(key)).await, NotConfigured);
    assert_eq!(kind(&config("[default]\nregion = x")).await, NotConfigured);
    assert_eq!(
        kind(&config(key).set("AWS_PROFILE", "b")).await,
        Configuration
    );
    for half in ["aws_access_key_id = A", "aws_secret_access_key = hunter2"] {
        let machine = config(&format!("[default]\n{half}"));
        let error = fetch(&machine).await.unwrap_err();
        assert_eq!(error.kind(), Configuration);
        assert!(!error.to_string().contains("hunter2"));
    }
    let machine = Machine::new().file(
        ".aws/credentials",
        "[default]\naws_secret_access_key hunter2",
    );
    let error = fetch(&machine).await.unwrap_err();
    assert_eq!(error.kind(), Malformed);
    let message = error.to_string();
    assert!(
        message.contains("line 2") && message.contains("credentials"),
        "{message}"
    );
    assert!(!message.contains("hunter2"));
    let machine = Machine::new().file(".aws/config", &"#".repeat((1 << 20) + 1));
    assert_eq!(kind(&machine).await, Malformed);
}

#[tokio::test]
async fn roles_are_assumed_from_the_last_source_on() {
    let server = Server::start(sts::good).await;
    let machine = config(
        "[default]\nrole_arn = arn:aws:iam::1:role/third\nsource_profile = two\nregion = us-west-2\nrole_session_name = s3\n\
         [profile two]\nrole_arn = arn:aws:iam::1:role/second\nsource_profile = one\nexternal_id = e\nduration_seconds = 1200\n\
         [profile one]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = base secret\n",
    )
    .set("AWS_ENDPOINT_URL_STS", server.url());
    let key = fetch(&machine).await.unwrap();
    assert_eq!(key.access_key_id(), "ASIATHIRD");
    let seen = server.seen();
    let roles: Vec<_> = seen
        .iter()
        .map(|seen| seen.form("RoleArn").unwrap())
        .collect();
    assert_eq!(
        roles,
        ["first", "second", "third"].map(|role| format!("arn:aws:iam::1:role/{role}"))
    );
    sts::assert_signed(&seen[0], "AKIDBASE", "base secret", "us-west-2");
    sts::assert_signed(&seen[1], "ASIAFIRST", "secret of ASIAFIRST", "us-west-2");
    sts::assert_signed(&seen[2], "ASIASECOND", "secret of ASIASECOND", "us-west-2");
    assert_eq!(
        seen[2].header("x-amz-security-token"),
        "session-of-ASIASECOND"
    );
    assert_eq!(seen[1].form("ExternalId").unwrap(), "e");
    assert_eq!(seen[1].form("DurationSeconds").unwrap(), "1200");
    assert_eq!(seen[2].form("RoleSessionName").unwrap(), "s3");
}

#[tokio::test]
async fn a_source_profile_gives_its_key_before_its_role() {
    let server = Server::start(sts::good).await;
    let machine = config(
        "[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n\
         [profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = b\naws_access_key_id = B\naws_secret_access_key = b\n",
    )
    .set("AWS_ENDPOINT_URL_STS", server.url());
    assert_eq!(fetch(&machine).await.unwrap().access_key_id(), "ASIAA");
    assert_eq!(server.seen().len(), 1);
    sts::assert_signed(&server.seen()[0], "B", "b", "us-east-1");
    // Its own source: its key assumes its role.
    let machine = machine.set("AWS_PROFILE", "b");
    assert_eq!(fetch(&machine).await.unwrap().access_key_id(), "ASIAB");
    sts::assert_signed(&server.seen()[1], "B", "b", "us-east-1");
}

#[tokio::test]
async fn chains_that_lead_nowhere_are_errors() {
    for (text, named) in [
        (
            "[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\nsource_profile = default",
            "leads back",
        ),
        (
            "[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\nsource_profile = b\n\
             [profile b]\nrole_arn = r\nsource_profile = a",
            "leads back",
        ),
        (
            "[default]\nrole_arn = r\nsource_profile = default",
            "aws_access_key_id",
        ),
        (
            "[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nregion = x",
            "`a` is the source",
        ),
        ("[default]\nrole_arn = r\nsource_profile = nobody", "nobody"),
        ("[default]\nrole_arn = r", "neither"),
        (
            "[default]\nrole_arn = r\nsource_profile = a\ncredential_source = Environment",
            "both",
        ),
        (
            "[default]\nrole_arn = r\ncredential_source = Cloud",
            "credential_source",
        ),
        (
            "[default]\nrole_arn = r\ncredential_source = Environment\nmfa_serial = m",
            "mfa_serial",
        ),
        (
            "[default]\nrole_arn = r\ncredential_source = Environment\nduration_seconds = soon",
            "duration_seconds",
        ),
        (
            "[default]\nrole_arn = r\ncredential_source = Environment",
            "has no credentials",
        ),
        ("[default]\nweb_identity_token_file = /t", "role_arn"),
        ("[default]\nlogin_session = x", "login_session"),
        (
            "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r",
            "sso-session",
        ),
        (
            "[default]\nsso_start_url = u\nsso_account_id = 1\nsso_role_name = r",
            "sso_region",
        ),
        (
            "[default]\nsso_start_url = u\nsso_region = a/b\nsso_account_id = 1\nsso_role_name = r",
            "region",
        ),
    ] {
        let error = fetch(&config(text)).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Configuration, "{text}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_source_may_be_the_environment_the_container_or_the_instance() {
    let server = Server::start(|before, seen| match seen.uri.path() {
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
        _ => sts::good(before, seen),
    })
    .await;
    for (source, id) in [
        ("Environment", "AKIDENV"),
        ("EcsContainer", "ASIAECS"),
        ("Ec2InstanceMetadata", "ASIAEC2"),
    ] {
        let role =
            format!("[default]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = {source}");
        let machine = config(&role)
            .set("AWS_ENDPOINT_URL_STS", server.url())
            .set("AWS_ACCESS_KEY_ID", "AKIDENV")
            .set("AWS_SECRET_ACCESS_KEY", "s")
            .set(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{}/container", server.url()),
            )
            .set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
        assert_eq!(fetch(&machine).await.unwrap().access_key_id(), "ASIAX");
        sts::assert_signed(server.seen().last().unwrap(), id, "s", "us-east-1");
    }
}

#[tokio::test]
async fn a_web_identity_may_be_the_source_of_a_role() {
    let server = Server::start(sts::good).await;
    let machine = config(
        "[default]\nrole_arn = arn:aws:iam::1:role/last\nsource_profile = pod\n\
         [profile pod]\nrole_arn = arn:aws:iam::1:role/pod\nweb_identity_token_file = ~/token\nrole_session_name = p\n",
    )
    .file("token", "eyJ.t\n")
    .set("AWS_ENDPOINT_URL_STS", server.url());
    assert_eq!(fetch(&machine).await.unwrap().access_key_id(), "ASIALAST");
    let seen = server.seen();
    assert_eq!(seen[0].form("WebIdentityToken").unwrap(), "eyJ.t");
    assert_eq!(seen[0].form("RoleSessionName").unwrap(), "p");
    sts::assert_signed(&seen[1], "ASIAPOD", "secret of ASIAPOD", "us-east-1");
}

#[tokio::test]
async fn a_home_that_is_no_directory_has_no_profiles() {
    let machine = Machine::new().set("HOME", "/dev/null");
    assert_eq!(kind(&machine).await, CredentialsErrorKind::NotConfigured);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_does_not_end_is_not_waited_for() {
    let machine = Machine::new();
    let pipe = machine.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let machine = machine.set("AWS_CONFIG_FILE", pipe.clone());
    let waited = tokio::time::timeout(Duration::from_secs(20), fetch(&machine)).await;
    // Whoever still waits for a writer gets one, so that this test can end.
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(pipe)
        .unwrap();
    let error = waited.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Io);
}

#[tokio::test]
async fn fips_and_no_configured_endpoints_may_be_asked_for_in_the_profile() {
    let server = Server::start(sts::good).await;
    let text = "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\naws_access_key_id = A\n\
                aws_secret_access_key = a\nregion = us-west-2\nuse_fips_endpoint = true\n\
                endpoint_url = http://localhost:1\nignore_configured_endpoint_urls = TRUE\n";
    let meant = async |machine: Machine| {
        let context = machine.context().with_http_client(server.everywhere());
        Profile::new(&context).provide().await.unwrap();
        server.seen().last().unwrap().header("x-meant").to_owned()
    };
    assert_eq!(
        meant(config(text)).await,
        "https://sts-fips.us-west-2.amazonaws.com/"
    );
    // The variable comes first.
    let machine = config(text).set("AWS_USE_FIPS_ENDPOINT", "false");
    assert_eq!(meant(machine).await, "https://sts.us-west-2.amazonaws.com/");
    let machine = config(text).set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false");
    assert_eq!(meant(machine).await, "http://localhost:1/");
}

/// The API has no such parameter.
#[tokio::test]
async fn a_web_identity_sends_no_external_id() {
    let server = Server::start(sts::good).await;
    let machine = config(
        "[default]\nrole_arn = arn:aws:iam::1:role/pod\nweb_identity_token_file = ~/token\nexternal_id = x\n",
    )
    .file("token", "eyJ.t")
    .set("AWS_ENDPOINT_URL_STS", server.url());
    fetch(&machine).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].form("Action").unwrap(), "AssumeRoleWithWebIdentity");
    assert_eq!(seen[0].form("ExternalId"), None);
}

#[tokio::test]
async fn the_endpoint_of_sts_may_be_set_in_the_profile() {
    let server = Server::start(sts::good).await;
    let text = format!(
        "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\naws_access_key_id = A\n\
         aws_secret_access_key = a\nservices = local\n[services local]\nsts =\n  endpoint_url = {}\n",
        server.url()
    );
    assert_eq!(
        fetch(&config(&text)).await.unwrap().access_key_id(),
        "ASIAX"
    );
}
