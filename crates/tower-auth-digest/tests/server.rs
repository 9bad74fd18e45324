//! What a Digest client has to do over many requests, against a server that checks every answer by itself.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use md5::{Digest as _, Md5};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_auth_core::{
    BoxScheme, Error, ErrorKind, HeaderApiKey, SchemeExt, Schemes, replay::Cloned,
};
use tower_auth_digest::Digest;

type Body = Full<Bytes>;

/// A server with MD5, one nonce at a time, and a memory of all counts.
#[derive(Debug, Default)]
struct Server {
    nonce: u32,
    seen: HashSet<(String, String)>,
    challenged: usize,
    accepted: usize,
    says_stale: bool,
    next_nonce: bool,
    /// The next nonce is always the same.
    repeats: bool,
    /// Each nonce is good for one answer; these are.
    one_time: Option<HashSet<String>>,
    /// Nobody may ask for this.
    forbidden: &'static str,
    session: bool,
    quality: &'static str,
    /// For `-sess`: the secret of the session to which a nonce belongs. It is made once, after a challenge (RFC 7616
    /// section 3.4.2); a next nonce is no challenge.
    secrets: HashMap<String, String>,
}

type Shared = Arc<Mutex<Server>>;

fn h(text: &[&[u8]]) -> String {
    let hash = Md5::digest(text.join(&b":"[..]));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Server {
    fn new(quality: &'static str) -> Shared {
        Arc::new(Mutex::new(Self {
            quality,
            says_stale: true,
            ..Self::default()
        }))
    }

    fn answer(
        &mut self,
        method: &str,
        uri: &str,
        header: Option<&str>,
        body: &[u8],
    ) -> Response<Body> {
        let mut response = Response::new(Body::default());
        let verdict = header.map(|header| self.check(method, uri, header, body));
        if verdict == Some(Ok(())) {
            self.accepted += 1;
            if self.next_nonce || self.repeats {
                let secret = self.secrets.get(&format!("n{}", self.nonce)).cloned();
                self.nonce += u32::from(self.next_nonce);
                if let Some(secret) = secret {
                    self.secrets.insert(format!("n{}", self.nonce), secret);
                }
                let info = format!(r#"nextnonce="n{}""#, self.nonce);
                response
                    .headers_mut()
                    .insert("authentication-info", info.parse().unwrap());
            }
            return response;
        }
        self.challenged += 1;
        if let Some(fresh) = &mut self.one_time {
            self.nonce += 1;
            fresh.insert(format!("n{}", self.nonce));
        }
        let stale = self.says_stale && verdict == Some(Err("stale"));
        let algorithm = if self.session { "MD5-sess" } else { "MD5" };
        let challenge = format!(
            r#"Digest realm="r", nonce="n{}", qop="{}", algorithm={algorithm}, stale={stale}"#,
            self.nonce, self.quality,
        );
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response
            .headers_mut()
            .insert("www-authenticate", challenge.parse().unwrap());
        response
    }

    fn check(
        &mut self,
        method: &str,
        uri: &str,
        header: &str,
        body: &[u8],
    ) -> Result<(), &'static str> {
        let params: HashMap<_, _> = header
            .strip_prefix("Digest ")
            .ok_or("scheme")?
            .split(", ")
            .filter_map(|param| param.split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
            .collect();
        let get = |name: &str| params.get(name).copied().ok_or("incomplete");
        let (nonce, nc, cnonce) = (get("nonce")?, get("nc")?, get("cnonce")?);
        if get("uri")? != uri {
            return Err("uri");
        }
        let mut secret = h(&[b"user", b"r", b"password"]);
        if self.session {
            let first = || h(&[secret.as_bytes(), nonce.as_bytes(), cnonce.as_bytes()]);
            secret = self
                .secrets
                .entry(nonce.to_owned())
                .or_insert_with(first)
                .clone();
        }
        let what = match get("qop")? {
            "auth-int" => h(&[method.as_bytes(), uri.as_bytes(), h(&[body]).as_bytes()]),
            _ => h(&[method.as_bytes(), uri.as_bytes()]),
        };
        let pieces = [&secret, nonce, nc, cnonce, get("qop")?, &what].map(str::as_bytes);
        if get("response")? != h(&pieces) {
            return Err("response");
        }
        let is_good = match &mut self.one_time {
            Some(fresh) => fresh.remove(nonce),
            None => nonce == format!("n{}", self.nonce),
        };
        if !is_good {
            return Err("stale");
        }
        if !self.seen.insert((nonce.to_owned(), nc.to_owned())) {
            return Err("replayed");
        }
        if uri == self.forbidden {
            return Err("forbidden");
        }
        Ok(())
    }
}

fn service(server: &Shared) -> BoxCloneSyncService<Request<Body>, Response<Body>, Infallible> {
    let server = Arc::clone(server);
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let server = Arc::clone(&server);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            tokio::task::yield_now().await;
            let header = parts
                .headers
                .get(AUTHORIZATION)
                .map(|h| h.to_str().unwrap());
            let target = parts.uri.path_and_query().unwrap().to_string(); // as clients write it
            let mut server = server.lock().unwrap();
            Ok::<_, Infallible>(server.answer(parts.method.as_str(), &target, header, &body))
        }
    }))
}

fn post(uri: &str) -> Request<Body> {
    Request::post(uri).body(Body::from("body")).unwrap()
}

fn digest() -> Digest {
    Digest::new("user", "password").unwrap()
}

#[tokio::test]
async fn the_first_401_teaches_the_nonce_and_later_requests_are_authorized_at_once() {
    let server = Server::new("auth");
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..5 {
        let response = client
            .clone()
            .oneshot(post("https://h/a?b=c"))
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let server = server.lock().unwrap();
    assert_eq!((server.challenged, server.accepted), (1, 5));
}

#[tokio::test]
async fn concurrent_requests_have_counts_of_their_own() {
    let server = Server::new("auth");
    let client = digest().replay(Cloned).layer(service(&server));
    let requests: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.clone().oneshot(post("https://h/"))))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    // The server refuses a count that it has seen.
    assert_eq!(server.lock().unwrap().accepted, 50);
}

#[tokio::test]
async fn each_of_many_requests_answers_the_challenge_that_it_got_itself() {
    let server = || {
        let server = Server::new("auth");
        server.lock().unwrap().one_time = Some(HashSet::new());
        service(&server)
    };
    let key = || HeaderApiKey::new("key").unwrap();
    let schemes = Schemes::new([BoxScheme::new(key()), BoxScheme::new(digest())]).unwrap();
    // Alone, and in all that schemes can be wrapped in.
    for client in [
        BoxCloneSyncService::new(digest().replay(Cloned).layer(server())),
        BoxCloneSyncService::new((digest() + key()).replay(Cloned).layer(server())),
        BoxCloneSyncService::new(Some(digest()).replay(Cloned).layer(server())),
        BoxCloneSyncService::new(digest().keep_existing().replay(Cloned).layer(server())),
        BoxCloneSyncService::new(schemes.replay(Cloned).layer(server())),
    ] {
        for _ in 0..3 {
            let requests: Vec<_> = (0..20)
                .map(|_| tokio::spawn(client.clone().oneshot(post("https://h/"))))
                .collect();
            for request in requests {
                assert_eq!(request.await.unwrap().unwrap().status(), StatusCode::OK);
            }
        }
    }
}

#[tokio::test]
async fn a_stale_nonce_is_replaced_and_the_request_sent_once_more() {
    for says_stale in [true, false] {
        let server = Server::new("auth");
        server.lock().unwrap().says_stale = says_stale;
        let client = digest().replay(Cloned).layer(service(&server));
        for nonce in 0..3 {
            server.lock().unwrap().nonce = nonce;
            for _ in 0..2 {
                let response = client.clone().oneshot(post("https://h/")).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK, "{says_stale}");
            }
        }
        let server = server.lock().unwrap();
        assert_eq!((server.challenged, server.accepted), (3, 6));
    }
}

#[tokio::test]
async fn a_next_nonce_is_used_next() {
    let server = Server::new("auth");
    server.lock().unwrap().next_nonce = true;
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..4 {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let server = server.lock().unwrap();
    assert_eq!((server.challenged, server.nonce), (1, 4));
}

#[tokio::test]
async fn a_next_nonce_that_is_the_same_one_goes_on_being_counted() {
    let server = Server::new("auth");
    server.lock().unwrap().repeats = true;
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..4 {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    // The server refuses a count that it has seen.
    assert_eq!(server.lock().unwrap().challenged, 1);
}

#[tokio::test]
async fn a_refusal_with_the_same_nonce_does_not_make_it_count_anew() {
    let server = Server::new("auth");
    server.lock().unwrap().forbidden = "/forbidden";
    let client = digest().layer(service(&server));
    for (uri, expected) in [
        ("https://h/", 401),
        ("https://h/", 200),
        ("https://h/forbidden", 401),
        ("https://h/", 200),
    ] {
        let response = client.clone().oneshot(post(uri)).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{uri}");
    }
}

#[tokio::test]
async fn a_password_that_was_right_is_tried_again_when_the_next_nonce_was_forgotten() {
    let server = Server::new("auth");
    server.lock().unwrap().next_nonce = true;
    server.lock().unwrap().says_stale = false;
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..2 {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        server.lock().unwrap().nonce += 10; // it began anew
    }
}

#[tokio::test]
async fn a_session_goes_on_with_a_next_nonce() {
    let server = Server::new("auth");
    server.lock().unwrap().session = true;
    server.lock().unwrap().next_nonce = true;
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..4 {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let server = server.lock().unwrap();
    assert_eq!((server.challenged, server.nonce), (1, 4));
}

#[tokio::test]
async fn what_is_answered_for_is_the_target_as_it_goes_over_the_wire() {
    let server = Server::new("auth");
    let client = digest().replay(Cloned).layer(service(&server));
    for uri in [
        "https://h",
        "https://h?b=c",
        "https://h/?b=c",
        "https://h/a//b%2F?",
    ] {
        let response = client.clone().oneshot(post(uri)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
    }
}

#[tokio::test]
async fn a_request_whose_headers_are_full_is_an_error() {
    let server = Server::new("auth");
    let client = digest().replay(Cloned).layer(service(&server));
    let mut request = post("https://h/");
    let name = |number: usize| http::HeaderName::try_from(format!("x{number}")).unwrap();
    let value = http::HeaderValue::from_static("x");
    let mut number = 0;
    while request
        .headers_mut()
        .try_insert(name(number), value.clone())
        .is_ok()
    {
        number += 1;
    }
    let error = client.oneshot(request).await.unwrap_err();
    assert!(matches!(error, Error::Auth(error) if error.kind() == ErrorKind::Request));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_per_request_and_never_in_a_circle() {
    let server = Server::new("auth");
    let wrong = Digest::new("user", "guess").unwrap();
    let client = wrong.replay(Cloned).layer(service(&server));
    for expected in [2, 3] {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(server.lock().unwrap().challenged, expected);
    }
}

#[tokio::test]
async fn a_session_keeps_its_client_nonce() {
    let server = Server::new("auth");
    server.lock().unwrap().session = true;
    let client = digest().replay(Cloned).layer(service(&server));
    for _ in 0..3 {
        let response = client.clone().oneshot(post("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(server.lock().unwrap().challenged, 1);
}

#[tokio::test]
async fn integrity_covers_the_body_and_is_not_promised_without() {
    let server = Server::new("auth-int");
    let client = digest().integrity().replay(Cloned).layer(service(&server));
    let response = client.oneshot(post("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    // Only `auth-int` is offered: without, the challenge cannot be answered.
    let client = digest().replay(Cloned).layer(service(&server));
    let response = client.oneshot(post("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.lock().unwrap().challenged, 2);
    // A body beyond the limit is an error, and does not go out unprotected.
    let client = digest()
        .integrity()
        .limit(3)
        .replay(Cloned)
        .layer(service(&server));
    let error = client.oneshot(post("https://h/")).await.unwrap_err();
    assert!(matches!(error, Error::Auth(error) if error.kind() == ErrorKind::Request));
}

#[tokio::test]
async fn each_origin_has_a_nonce_of_its_own_and_callers_headers_do_not_pass() {
    let server = Server::new("auth");
    let client = digest().layer(service(&server));
    let mut request = post("https://h/");
    let basic = "Basic dXNlcjpwYXNzd29yZA==".parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, basic);
    // Not replayed: the first request to each origin is refused, the second is not.
    for (uri, expected) in [
        ("https://h/", 401),
        ("https://h/", 200),
        ("https://other/", 401),
        ("https://h/", 200),
    ] {
        *request.uri_mut() = uri.parse().unwrap();
        let response = client.clone().oneshot(request.clone()).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{uri}");
    }
}

#[tokio::test]
async fn md5_is_not_answered_when_it_is_not_wanted() {
    let server = Server::new("auth");
    let client = digest()
        .without_md5()
        .replay(Cloned)
        .layer(service(&server));
    let response = client.oneshot(post("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.lock().unwrap().challenged, 1);
}

#[test]
fn unusable_names_and_passwords_are_refused_by_name_and_not_shown() {
    for (user, password, parameter) in [
        ("us:er", "hunter2", "username"),
        ("user\r\n", "hunter2", "username"),
        ("user", "hunter2\n", "password"),
    ] {
        let error = Digest::new(user, password).unwrap_err();
        assert_eq!(error.parameter(), Some(parameter));
        assert!(!error.to_string().contains("hunter2"));
    }
    assert!(!format!("{:?}", digest()).contains("password\""));
}

proptest::proptest! {
    #[test]
    fn no_challenge_makes_it_panic(challenge: Vec<u8>, info: Vec<u8>, uri in "/[ -~]{0,20}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let server = service_fn(move |_: Request<Body>| {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            for (name, value) in [
                ("www-authenticate", [b"Digest realm=\"r\", nonce=\"n\", qop=auth,", &challenge[..]].concat()),
                ("authentication-info", info.clone()),
            ] {
                if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                    response.headers_mut().append(name, value);
                }
            }
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let Ok(uri) = format!("https://h{uri}").parse::<http::Uri>() else { return Ok(()) };
        let mut request = post("https://h/");
        *request.uri_mut() = uri;
        let client = digest().replay(Cloned).layer(server);
        let _ = runtime.block_on(client.oneshot(request));
    }
}
