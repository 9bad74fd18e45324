//! The default HTTP client over TLS, against a server in this process.
//!
//! It trusts what the machine trusts, and that is told to it with `SSL_CERT_FILE`. A program cannot change its own
//! variables safely, so each test runs its own program once more, with the variable set, for the half that is the client.

#![cfg(unix)]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    env,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};
use tower_auth_aws::credentials::{
    Container, CredentialsErrorKind, Env, ProvideCredentials, ProviderContext,
};

const URL: &str = "TEST_CREDENTIALS_URL";
const JSON: &str = r#"{"AccessKeyId":"ASIATLS","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}"#;

/// How a client ends that came to its end.
const REACHED: i32 = 42;

/// An authority, and a server with a certificate of it for `localhost`.
async fn server() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /credentials HTTP/1.1\r\n"));
            let length = JSON.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{JSON}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (
        authority.pem(),
        format!("https://localhost:{port}/credentials"),
    )
}

/// Runs one test of this program again, with these certificates as those that the machine trusts.
async fn again(test: &str, certificates: &Path, url: &str) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env_remove("SSL_CERT_DIR")
        .env("SSL_CERT_FILE", certificates)
        .env(URL, url);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn provider(url: &str) -> Container {
    let env = Env::from_iter([("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]);
    Container::new(&ProviderContext::new().with_env(env))
}

fn assert_passed(output: Output) {
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_a_trusted_authority_gives_credentials() {
    if let Ok(url) = env::var(URL) {
        let key = provider(&url).provide().await.unwrap();
        assert_eq!(key.access_key_id(), "ASIATLS");
        return;
    }
    let (authority, url) = server().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    let name = "a_server_with_a_certificate_of_a_trusted_authority_gives_credentials";
    assert_passed(again(name, &file, &url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_another_authority_gets_no_request() {
    if let Ok(url) = env::var(URL) {
        let error = provider(&url).provide().await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Unreachable);
        let text = format!("{error:?}");
        assert!(text.contains("InvalidCertificate"), "{text}");
        return;
    }
    let (_, url) = server().await;
    let (other, _) = server().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("other.pem");
    std::fs::write(&file, other).unwrap();
    let name = "a_server_with_a_certificate_of_another_authority_gets_no_request";
    assert_passed(again(name, &file, &url).await);
}

/// The file is a pipe that nobody writes to until other work was done on the only thread of the runtime.
#[tokio::test]
async fn certificates_are_not_loaded_on_the_thread_that_others_wait_for() {
    if let Ok(url) = env::var(URL) {
        let pipe = env::var("SSL_CERT_FILE").unwrap();
        // The process ends with an error if the runtime stands still.
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(20));
            std::process::exit(3);
        });
        let provider = provider(&url);
        let others = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::spawn_blocking(move || std::fs::write(pipe, "no certificate"))
                .await
                .unwrap()
                .unwrap();
        };
        let (credentials, ()) = tokio::join!(provider.provide(), others);
        assert_eq!(
            credentials.unwrap_err().kind(),
            CredentialsErrorKind::Unreachable
        );
        // A pipe that nobody writes to is still open, and a runtime would wait for it.
        std::process::exit(REACHED);
    }
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let name = "certificates_are_not_loaded_on_the_thread_that_others_wait_for";
    let output = again(name, &pipe, "https://localhost:1/credentials").await;
    assert_eq!(output.status.code(), Some(REACHED), "{output:?}");
}
