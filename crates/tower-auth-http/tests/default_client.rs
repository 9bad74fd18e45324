//! The default client, over real sockets.
#![cfg(all(feature = "rustls", feature = "http2"))]

use http::{Request, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tower_auth_http::{Body, ClientBuilder, HttpClient, HttpErrorKind};

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

/// A server that answers every request of HTTP/1.1, and the port of it.
async fn serve(ca: &Ca, name: &str, wants_certificate: bool) -> u16 {
    let (certificate, key) = ca.issue(name);
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(ca.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(default_provider()),
        );
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn get(url: String) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}

fn only(ca: &Ca) -> ClientBuilder {
    HttpClient::builder()
        .root_certificates(ca.0.pem())
        .only_these_root_certificates()
}

#[tokio::test]
async fn a_server_of_a_ca_that_was_given_is_trusted_and_no_other() {
    let ca = Ca::new();
    let port = serve(&ca, "localhost", false).await;
    let url = || get(format!("https://localhost:{port}/"));
    let answer = only(&ca).build().unwrap().send(url()).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);
    assert_eq!(answer.into_body(), "hello");

    let error = only(&Ca::new())
        .build()
        .unwrap()
        .send(url())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Tls, "{error:?}");
    assert!(error.to_string().contains("root_certificates"), "{error}");
    assert!(!error.request_may_have_run());

    let other = serve(&ca, "other.example", false).await;
    let url = get(format!("https://localhost:{other}/"));
    let error = only(&ca).build().unwrap().send(url).await.unwrap_err();
    assert!(error.to_string().contains("another name"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_wants_one() {
    let ca = Ca::new();
    let port = serve(&ca, "localhost", true).await;
    let url = || get(format!("https://localhost:{port}/"));
    let (certificate, key) = ca.issue("client");
    let client = only(&ca).client_certificate(certificate.pem(), key.serialize_pem());
    assert!(!format!("{client:?}").contains("PRIVATE"));
    let answer = client.build().unwrap().send(url()).await.unwrap();
    assert_eq!(answer.into_body(), "hello");
    let without = only(&ca).build().unwrap();
    let error = without.send(url()).await.unwrap_err();
    assert!(error.to_string().contains("client certificate") || error.request_may_have_run());

    let (_, another) = ca.issue("client");
    let mismatched = only(&ca).client_certificate(certificate.pem(), another.serialize_pem());
    let error = mismatched.build().unwrap_err();
    assert_eq!(error.parameter(), Some("client certificate"));
    let error = only(&ca)
        .client_certificate("no pem", "no key")
        .build()
        .unwrap_err();
    assert_eq!(error.parameter(), Some("client certificate"));
    let error = HttpClient::builder()
        .root_certificates("no pem")
        .build()
        .unwrap_err();
    assert_eq!(error.parameter(), Some("root certificates"));
}

#[tokio::test]
async fn what_breaks_in_tls_after_the_request_was_sent_may_have_run() {
    let ca = Ca::new();
    let (certificate, key) = ca.issue("localhost");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.get_mut().0.write_all(b"no record of TLS").await;
        let _ = stream.read(&mut buffer).await;
    });
    let client = only(&ca).build().unwrap();
    let error = client
        .send(get(format!("https://localhost:{port}/")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Interrupted, "{error:?}");
    assert!(error.request_may_have_run());
}

#[tokio::test]
async fn what_stands_in_the_way_is_named_with_its_remedy() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = plain.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            // TLS is answered as an http server would; http is cut off in the middle.
            if buffer[..read].starts_with(b"GET") {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhal")
                    .await;
            } else {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        }
    });
    let ca = Ca::new();
    let client = only(&ca).build().unwrap();
    let error = client
        .send(get(format!("https://127.0.0.1:{port}/x?k=planted")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Tls);
    assert!(
        error
            .to_string()
            .contains("does not speak TLS on this port"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with(&format!("https://127.0.0.1:{port} "))
    );

    let error = client
        .send(get(format!("http://127.0.0.1:{port}/x?k=planted")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Interrupted, "{error:?}");
    assert!(error.request_may_have_run());
    assert!(!format!("{error} {error:?} {:?}", error.source()).contains("planted"));

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let error = client
        .send(get(format!("http://127.0.0.1:{port}/")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Connect, "{error:?}");
    assert!(
        error.to_string().contains("refused the connection"),
        "{error}"
    );
}

/// Layers take `wss` for encrypted.
#[tokio::test]
async fn what_is_neither_http_nor_https_is_not_sent_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["wss", "ws", "ftp"] {
        let client = HttpClient::default().timeout(Duration::from_secs(2));
        let request = get(format!("{scheme}://127.0.0.1:{port}/"));
        let error = client.send(request).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Client, "{error:?}");
    }
    let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(connected.is_err());
}

/// Node closes idle connections after 5 s: one that is about to be closed is not used again.
#[tokio::test]
async fn an_idle_connection_is_not_kept_for_as_long_as_servers_keep_it() {
    let ca = Ca::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = tokio::spawn(async move {
        let mut count = 0;
        while let Ok(Ok((mut stream, _))) =
            tokio::time::timeout(Duration::from_millis(700), listener.accept()).await
        {
            count += 1;
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                }
            });
        }
        count
    });
    let client = only(&ca)
        .idle_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    for pause in [0, 300] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        for _ in 0..2 {
            client
                .send(get(format!("http://127.0.0.1:{port}/")))
                .await
                .unwrap();
        }
    }
    assert_eq!(connections.await.unwrap(), 2);
}

/// Nothing was sent yet, so that it can be sent again.
#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_no_connection() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let client = only(&Ca::new()).connect_timeout(Duration::from_millis(200));
    let client = client.build().unwrap();
    let sent = client.send(get(format!("https://127.0.0.1:{port}/")));
    let answer = tokio::time::timeout(Duration::from_secs(10), sent).await;
    let error = answer.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Connect, "{error:?}");
    assert!(error.to_string().contains("200 ms"), "{error}");
    assert!(!error.request_may_have_run());
}

/// The limit is on what is read at once.
#[tokio::test]
async fn neither_a_large_request_nor_a_large_answer_is_bounded_by_what_is_read_at_once() {
    let router = axum::Router::new()
        .fallback(async |body: axum::body::Body| body)
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async { axum::serve(listener, router).await });
    let text = "0123456789abcdef".repeat(40_000); // 640 kB
    let request = Request::post(format!("http://127.0.0.1:{port}/"))
        .header("x-long", &text[..100_000])
        .body(Body::from(text.clone()))
        .unwrap();
    let answer = HttpClient::default().send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.into_body(), text);
}

/// hyper adds `Host` of its own.
#[tokio::test]
async fn as_many_headers_as_there_may_be_are_an_error_and_no_panic() {
    let mut request = get("http://127.0.0.1:9/".to_owned());
    *request.headers_mut() = (0..24_576)
        .map(|number| {
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            (name, http::HeaderValue::from_static("1"))
        })
        .collect();
    let error = HttpClient::default().send(request).await.unwrap_err();
    let why = error.source().unwrap().to_string();
    assert!(why.contains("more headers"), "{error:?}");
}

#[test]
fn without_a_runtime_it_is_an_error_and_no_panic() {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };
    let client = HttpClient::default();
    let mut sent = pin!(client.send(get("http://127.0.0.1:9/".to_owned())));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = sent.as_mut().poll(&mut context) else {
        panic!("no error");
    };
    assert!(
        error.source().unwrap().to_string().contains("runtime"),
        "{error:?}"
    );
}
