//! The client of the feature `client` over TLS, against a server in this process.
//!
//! It trusts what the machine trusts, and that is told to it with `SSL_CERT_FILE`. A program cannot change its own
//! variables safely, so each test runs its own program once more, with the variable set, for the half that is the client.

#![cfg(unix)]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{env, error::Error as _, path::Path, process::Command, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};
use tower_auth_core::AuthError;
use tower_auth_oauth2::{ClientAuth, Introspection, TokenError, TokenErrorKind, TokenState};

const URL: &str = "TEST_INTROSPECTION_URL";
const JSON: &str = r#"{"active":true,"scope":"over tls"}"#;

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
            let mut request = Vec::new();
            while !request.ends_with(b"token=t") {
                let more = stream.read_buf(&mut request).await.unwrap();
                assert!(more > 0, "the request ends with its form");
            }
            assert!(request.starts_with(b"POST /introspect HTTP/1.1\r\n"));
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{JSON}",
                JSON.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (
        authority.pem(),
        format!("https://localhost:{port}/introspect"),
    )
}

/// Runs one test of this program again, with these certificates as those that the machine trusts.
async fn again(test: &str, certificates: &str, url: &str) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("authority.pem");
    std::fs::write(&file, certificates).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env_remove("SSL_CERT_DIR")
        .env("SSL_CERT_FILE", Path::new(&file))
        .env(URL, url);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{errors}"
    );
}

async fn introspect(url: &str) -> Result<TokenState, AuthError> {
    let client = ClientAuth::basic("s6BhdRkqt3", "gX1fBat3bV").unwrap();
    Introspection::new(url, client)?.introspect("t", None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_a_trusted_authority_is_asked() {
    if let Ok(url) = env::var(URL) {
        assert!(introspect(&url).await.unwrap().is_active());
        return;
    }
    let (authority, url) = server().await;
    let name = "a_server_with_a_certificate_of_a_trusted_authority_is_asked";
    again(name, &authority, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_another_authority_gets_no_request() {
    if let Ok(url) = env::var(URL) {
        let error = introspect(&url).await.unwrap_err();
        let cause: &TokenError = error.source().unwrap().downcast_ref().unwrap();
        assert_eq!(cause.kind(), TokenErrorKind::Unreachable);
        assert!(!cause.request_may_have_run());
        assert!(
            format!("{cause:?}").contains("InvalidCertificate"),
            "{cause:?}"
        );
        return;
    }
    let (_, url) = server().await;
    let (other, _) = server().await;
    let name = "a_server_with_a_certificate_of_another_authority_gets_no_request";
    again(name, &other, &url).await;
}
