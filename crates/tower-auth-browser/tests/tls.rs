//! Redirect URIs with `https`.

#![cfg(feature = "rustls")]

mod support;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use std::{sync::Arc, time::Duration};
use support::{builder, connect, get, wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

fn certificate() -> (String, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_pem();
    (made.cert.pem(), key, made.cert.der().clone())
}

#[tokio::test]
async fn an_answer_by_https_is_taken_while_others_do_not_even_shake_hands() {
    let (pem, key, der) = certificate();
    let waiting = wait(builder().tls(pem, key)).await;
    assert_eq!(
        waiting.redirect_uri,
        format!("https://localhost:{}/", waiting.port)
    );
    let mut silent = Vec::new();
    for _ in 0..70 {
        silent.push(connect(waiting.port).await.unwrap());
    }
    let plain = waiting.get("/?code=X&state=5f3c").await;
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");

    let mut roots = RootCertStore::empty();
    roots.add(der).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = connect(waiting.port).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let request = get(waiting.port, "/?code=C1&state=5f3c");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.contains("You are authenticated"), "{page}");
    let outcome = tokio::time::timeout(Duration::from_secs(5), waiting.outcome).await;
    assert_eq!(outcome.unwrap().unwrap().unwrap(), "C1");
}

#[test]
fn certificates_that_are_none_are_refused_without_showing_the_key() {
    let (pem, key, _) = certificate();
    let (_, other, _) = certificate();
    for (pem, key) in [
        ("", &*key),
        (&*pem, "hunter2"),
        (&*pem, &*other),
        ("junk", &*key),
    ] {
        let error = builder().tls(pem, key).build().unwrap_err();
        assert_eq!(error.parameter(), Some("tls"));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
