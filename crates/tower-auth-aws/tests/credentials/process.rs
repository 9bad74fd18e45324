//! `credential_process`.

#![cfg(unix)]

use crate::support::{Machine, told_of};
use std::time::Duration;
use tower_auth_aws::credentials::{
    CredentialsErrorKind, Env, Process, Profile, ProvideCredentials,
};
use tower_auth_core::Clock;

const JSON: &str = r#"{"Version":1,"AccessKeyId":"ASIAP","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-31T13:00:00Z"}"#;

#[tokio::test]
async fn what_a_command_prints_is_read() {
    let key = Process::new(format!("printf %s '{JSON}'"))
        .provide()
        .await
        .unwrap();
    assert_eq!(key.access_key_id(), "ASIAP");
    assert_eq!(key.session_token().unwrap(), "t");
    assert!(key.expires_at().is_some());
    let lasting = Process::new(r#"echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}'"#);
    let lasting = lasting.provide().await.unwrap();
    assert!(lasting.session_token().is_none() && lasting.expires_at().is_none());
}

#[tokio::test]
async fn a_profile_may_have_a_command_with_quoted_arguments() {
    let machine = Machine::new()
        .file(
            "give keys.sh",
            "cat <<E\n{\"Version\":1,\"AccessKeyId\":\"$1$VAULT\",\"SecretAccessKey\":\"s\"}\nE\n",
        )
        .file(
            ".aws/config",
            "[default]\ncredential_process = sh \"$HOME/give keys.sh\" A\n",
        )
        .set("PATH", "/usr/bin:/bin")
        .set("VAULT", "B");
    let key = Profile::new(&machine.context()).provide().await.unwrap();
    assert_eq!(key.access_key_id(), "AB");
}

#[tokio::test]
async fn what_is_no_answer_is_told_and_not_quoted() {
    for (command, kind) in [
        ("echo hunter2", CredentialsErrorKind::Malformed),
        ("true", CredentialsErrorKind::Malformed),
        (
            r#"echo '{"AccessKeyId":"A","SecretAccessKey":"hunter2"}'"#,
            CredentialsErrorKind::Malformed,
        ),
        (
            r#"echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"hunter2"}'"#,
            CredentialsErrorKind::Malformed,
        ),
        (
            r#"echo '{"Version":1,"AccessKeyId":"A"}'"#,
            CredentialsErrorKind::Malformed,
        ),
        ("echo hunter2; exit 3", CredentialsErrorKind::Refused),
        ("yes hunter2", CredentialsErrorKind::Malformed),
    ] {
        let result = Process::new(command).provide().await;
        assert_eq!(result.as_ref().unwrap_err().kind(), kind, "{command}");
        assert!(!told_of(result).contains("hunter2"));
    }
    assert!(!format!("{:?}", Process::new("vault --password hunter2")).contains("hunter2"));
}

#[tokio::test]
async fn a_command_that_hangs_is_killed() {
    let machine = Machine::new();
    let pid = machine.path("pid");
    let process = Process::new(format!("echo $$ > '{pid}'; exec sleep 600"))
        .timeout(Duration::from_millis(300));
    let began = Clock::system().monotonic();
    let error = process.provide().await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Unreachable);
    assert!(Clock::system().monotonic() - began < Duration::from_secs(10));
    let pid = machine.read("pid");
    let gone = format!(
        "for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 {} 2>/dev/null || exit 0; sleep 0.2; done; exit 1",
        pid.trim()
    );
    let status = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(gone)
        .status()
        .await
        .unwrap();
    assert!(status.success(), "the process is still there");
}

#[tokio::test]
async fn a_command_runs_in_the_environment_that_it_was_given() {
    let env = Env::from_iter([("PATH", "/usr/bin:/bin"), ("ID", "AKIDENV")]);
    let command = r#"echo "{\"Version\":1,\"AccessKeyId\":\"$ID$CARGO_MANIFEST_DIR\",\"SecretAccessKey\":\"s\"}""#;
    let key = Process::new(command).env(env).provide().await.unwrap();
    assert_eq!(key.access_key_id(), "AKIDENV");
}
