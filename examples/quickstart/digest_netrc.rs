//! Digest, against a server that computes the answer by itself; and what `.netrc` has for the host.

use crate::{
    Body, BoxError, Http,
    server::{PASSWORD, Servers, USER},
    table::{Table, outcome},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use examples::Server;
use http::Request;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tower::{Layer, ServiceExt};
use tower_auth::{SchemeExt, digest::Digest, netrc::Netrc, replay::Cloned};

const REALM: &str = "quickstart";
const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";

pub(crate) async fn run(http: &Http, servers: &Servers, table: &mut Table) -> Result<(), BoxError> {
    let arrived = Arc::new(AtomicUsize::new(0));
    let app = Router::new().fallback(get(digest)).with_state(arrived);
    let server = Server::serve(app).await?;

    // One client: the nonce that the first 401 teaches serves the second request.
    let client = Digest::new(USER, PASSWORD)?
        .only_to(server.origin())?
        .replay(Cloned)
        .layer(http.clone());
    for (what, saw) in [
        (
            "Digest, the first request",
            "alice, by request 2, nc=00000001",
        ),
        ("Digest, the second", "alice, by request 3, nc=00000002"),
    ] {
        let request = Request::get(server.uri("/a?b=c")).body(Body::default())?;
        let (seen, status) = outcome(client.clone().oneshot(request).await).await;
        table.row(what, seen, status, (saw, "200"));
    }
    let wrong = Digest::new(USER, "guess")?.only_to(server.origin())?;
    let client = wrong.replay(Cloned).layer(http.clone());
    let request = Request::get(server.uri("/")).body(Body::default())?;
    let (seen, status) = outcome(client.oneshot(request).await).await;
    let expected = ("an answer that is wrong", "401");
    table.row("Digest, with a wrong password", seen, status, expected);

    let text = format!("machine 127.0.0.1 login {USER} password \"{PASSWORD}\"");
    let netrc = Netrc::parse(&text)?.only_to(servers.checker.as_str())?;
    let request = Request::get(format!("{}/basic", servers.checker)).body(Body::default())?;
    let (seen, status) = outcome(netrc.layer(http.clone()).oneshot(request).await).await;
    table.row("Netrc", seen, status, ("Basic alice", "200"));
    Ok(())
}

/// RFC 7616 section 3.4.1, for SHA-256 and `auth`.
async fn digest(
    State(arrived): State<Arc<AtomicUsize>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let number = arrived.fetch_add(1, Ordering::SeqCst) + 1;
    let Some(answer) = headers.get(header::AUTHORIZATION) else {
        let challenge =
            format!(r#"Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=SHA-256"#);
        let headers = [(header::WWW_AUTHENTICATE, challenge)];
        return (StatusCode::UNAUTHORIZED, headers).into_response();
    };
    let answer = answer.to_str().unwrap_or("").replace("Digest ", "");
    let answer: HashMap<_, _> = answer
        .split(", ")
        .filter_map(|param| param.split_once('='))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    let get = |name: &str| answer.get(name).copied().unwrap_or("");
    let secret = hash(&format!("{USER}:{REALM}:{PASSWORD}"));
    let what = hash(&format!("{method}:{uri}"));
    let (nc, cnonce) = (get("nc"), get("cnonce"));
    let expected = hash(&format!("{secret}:{NONCE}:{nc}:{cnonce}:auth:{what}"));
    if get("response") == expected {
        format!("alice, by request {number}, nc={nc}").into_response()
    } else {
        (StatusCode::UNAUTHORIZED, "an answer that is wrong").into_response()
    }
}

fn hash(text: &str) -> String {
    let hash = Sha256::digest(text);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
