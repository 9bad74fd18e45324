//! A server that lets in who shows what the path asks for, over TLS with both versions of HTTP, or without.

use crate::sigv4;
use axum::{
    Json, Router,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{HeaderMap, Method, StatusCode, Uri, Version},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

#[derive(Default)]
pub(crate) struct Seen {
    /// Access tokens that were issued; the last one is good.
    pub(crate) issued: AtomicUsize,
    /// By which methods and versions sockets were had.
    versions: Mutex<BTreeSet<String>>,
}

pub(crate) struct Server {
    origin: String,
    /// Where tokens are issued, without TLS: that client is another one.
    pub(crate) tokens: String,
    pub(crate) authority: Option<CertificateDer<'static>>,
    pub(crate) seen: Arc<Seen>,
}

impl Server {
    pub(crate) async fn plain() -> Self {
        let seen = Arc::new(Seen::default());
        let origin = format!("http://{}", listen(app(&seen), None).await);
        let (tokens, authority) = (format!("{origin}/token"), None);
        Self {
            origin,
            tokens,
            authority,
            seen,
        }
    }

    pub(crate) async fn over_tls() -> Self {
        let plain = Self::plain().await;
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = listen(app(&plain.seen), Some(acceptor)).await;
        let port = address.rsplit(':').next().unwrap().to_owned();
        Self {
            origin: format!("https://localhost:{port}"),
            authority: Some(authority.der().clone()),
            ..plain
        }
    }

    /// Where this kind of credentials is asked for.
    pub(crate) fn endpoint(&self, kind: &str) -> String {
        format!("{}/{kind}", self.origin)
    }

    pub(crate) fn versions(&self) -> Vec<String> {
        self.seen.versions.lock().unwrap().iter().cloned().collect()
    }
}

async fn listen(app: Router, acceptor: Option<TlsAcceptor>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, app.clone(), acceptor.clone()));
        }
    });
    address
}

async fn serve(stream: TcpStream, app: Router, acceptor: Option<TlsAcceptor>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().enable_connect_protocol();
    let app = TowerToHyperService::new(app);
    // How a connection ends is for the client to say.
    let _ = match acceptor {
        None => {
            builder
                .serve_connection_with_upgrades(TokioIo::new(stream), app)
                .await
        }
        Some(acceptor) => {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            builder
                .serve_connection_with_upgrades(TokioIo::new(stream), app)
                .await
        }
    };
}

fn app(seen: &Arc<Seen>) -> Router {
    Router::new()
        .route("/token", post(issue))
        .route("/login", post(log_in))
        .route("/{kind}", any(upgrade))
        .with_state(Arc::clone(seen))
}

/// Refreshes: there is a new token each time (RFC 6749 section 6).
async fn issue(State(seen): State<Arc<Seen>>, form: String) -> Response {
    if !form.contains("grant_type=refresh_token") || !form.contains("refresh_token=rt") {
        let error = Json(json!({"error": "invalid_grant"}));
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    let number = seen.issued.fetch_add(1, SeqCst) + 1;
    let token = format!("at-{number}");
    Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600})).into_response()
}

async fn log_in(body: String) -> Response {
    if !body.contains("open sesame") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let cookie = [("set-cookie", "session=1; Path=/; HttpOnly")];
    (cookie, Json(json!({"data": {}}))).into_response()
}

/// What is shown, when it is what is asked for.
fn judge(
    kind: &str,
    seen: &Seen,
    method: &Method,
    uri: &str,
    headers: &HeaderMap,
) -> Option<String> {
    let shown = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is = |name: &str, wanted: &str| shown(name).filter(|shown| *shown == wanted);
    match kind {
        "basic" => is("authorization", "Basic dXNlcjpwYXNzd29yZA=="),
        "key" => is("x-api-key", "k"),
        "bearer" => is("authorization", "Bearer t"),
        "cookie" => is("cookie", "session=1"),
        "sigv4" => sigv4::by_header(method, uri, headers).then_some("signed"),
        "presigned" => sigv4::by_query(method, uri, headers).then_some("signed"),
        // The first token was revoked; of the others, the newest is good.
        "oauth2" => shown("authorization").filter(|shown| {
            let last = seen.issued.load(SeqCst);
            last > 1 && *shown == format!("Bearer at-{last}")
        }),
        _ => None,
    }
    .map(str::to_owned)
}

async fn upgrade(
    State(seen): State<Arc<Seen>>,
    Path(kind): Path<String>,
    uri: Uri,
    method: Method,
    version: Version,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut headers = headers;
    if let (Version::HTTP_2, Some(authority)) = (version, uri.authority()) {
        headers.insert("host", authority.as_str().parse().unwrap());
    }
    let Some(shown) = judge(&kind, &seen, &method, target, &headers) else {
        let challenge = [("www-authenticate", "Bearer")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let how = format!("{method} {version:?}");
    seen.versions.lock().unwrap().insert(how);
    // The second token expires while it is in use.
    let expires = shown.ends_with("at-2");
    upgrade
        .protocols(["graphql-transport-ws"])
        .on_upgrade(move |socket| answer(socket, shown, expires))
}

/// Acknowledges, and answers every operation with what was shown.
async fn answer(mut socket: WebSocket, shown: String, expires: bool) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        let message: Value = serde_json::from_str(&text).unwrap();
        let answer = match message["type"].as_str() {
            Some("connection_init") => json!({"type": "connection_ack"}),
            Some("subscribe") => {
                json!({"type": "next", "id": message["id"], "payload": {"data": {"said": shown}}})
            }
            _ => continue,
        };
        let _ = socket.send(Message::text(answer.to_string())).await;
        if expires && message["type"] == "subscribe" {
            let (code, reason) = (4403, "expired".into());
            let _ = socket
                .send(Message::Close(Some(CloseFrame { code, reason })))
                .await;
            return;
        }
    }
}
