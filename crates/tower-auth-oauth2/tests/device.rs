//! Device logins: who is asked, when, and who gets what it gave.

mod support;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    convert::Infallible,
    error::Error as _,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};
use tower_auth_core::{AuthError, Clock, clock::TimeSource};
use tower_auth_oauth2::{
    DeviceAuthorization, HttpClient, OAuth2, OAuth2Builder, TokenError, TokenErrorKind,
    store::{MemoryStore, Store as _},
};

/// Issues the codes `d1`, `d2` … and lets the person in who was shown one of them, at that second. Its tokens are
/// `a<code>`, and live for so many seconds.
#[derive(Clone)]
struct Server {
    began: Instant,
    lets_in: Arc<Mutex<Vec<(String, u64)>>>,
    token: Arc<Mutex<&'static str>>,
    codes: Arc<Mutex<u32>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(lets_in: &[(&str, u64)]) -> Self {
        let lets_in = lets_in.iter().map(|(c, at)| ((*c).to_owned(), *at));
        Self {
            began: Instant::now(),
            lets_in: Arc::new(Mutex::new(lets_in.collect())),
            token: Arc::new(Mutex::new(
                r#"{"access_token":"a{code}","refresh_token":"r{code}","expires_in":3600}"#,
            )),
            codes: Arc::default(),
            asked: Arc::default(),
        }
    }

    fn answer(&self, path: &str, body: &[u8]) -> (u16, String) {
        if path == "/device" {
            let mut codes = self.codes.lock().unwrap();
            *codes += 1;
            let code = format!(
                r#"{{"device_code":"d{0}","user_code":"u{0}","verification_uri":"https://as.example/device",
                   "expires_in":900,"interval":5}}"#,
                *codes
            );
            return (200, code);
        }
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.asked.lock().unwrap().push(body.clone());
        let now = self.began.elapsed().as_secs();
        let lets_in = self.lets_in.lock().unwrap();
        let code = lets_in
            .iter()
            .find(|(code, at)| body.contains(&format!("device_code={code}")) && now >= *at);
        match code {
            Some((code, _)) => (200, self.token.lock().unwrap().replace("{code}", code)),
            None if body.contains("refresh_token=") => {
                (400, r#"{"error":"invalid_grant"}"#.to_owned())
            }
            None => (400, r#"{"error":"authorization_pending"}"#.to_owned()),
        }
    }

    fn client(&self) -> HttpClient {
        let server = self.clone();
        HttpClient::new(tower::service_fn(
            move |request: Request<tower_auth_oauth2::Body>| {
                let server = server.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let (status, answer) = server.answer(&path, &body);
                    let response = Response::builder().status(status);
                    Ok::<_, Infallible>(response.body(Full::<Bytes>::from(answer)).unwrap())
                }
            },
        ))
    }

    fn builder(&self) -> OAuth2Builder<DeviceAuthorization> {
        OAuth2::device_authorization(
            "https://as.example/device",
            "https://as.example/token",
            "tv",
        )
        .http_client(self.client())
        .on_user_code(|_| {})
        .clock(Clock::new(Paused(self.began)))
    }

    fn codes(&self) -> u32 {
        *self.codes.lock().unwrap()
    }
}

/// The paused clock of tokio.
#[derive(Debug)]
struct Paused(Instant);

impl TimeSource for Paused {
    fn now(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.0.elapsed()
    }

    fn monotonic(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

fn cause(error: &AuthError) -> &TokenError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_login_holds_no_lock_and_all_who_share_the_store_get_the_first_token() {
    // Of three processes each shows a code; the person enters that of the second.
    let server = Server::new(&[("d2", 300)]);
    let store = MemoryStore::new();
    let mut processes = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let auth = server
            .builder()
            .store(store.clone())
            .store_key("k")
            .build()
            .unwrap();
        processes.spawn(async move { auth.token().await.unwrap().expose().to_owned() });
    }
    sleep(Duration::from_secs(100)).await;
    assert_eq!(server.codes(), 3);
    let lock = timeout(Duration::from_secs(1), store.lock("k")).await;
    drop(lock.expect("nobody holds the lock").unwrap());

    while let Some(token) = processes.join_next().await {
        assert_eq!(token.unwrap(), "ad2");
    }
    assert!(server.began.elapsed() <= Duration::from_secs(310));
    let stored = store.load("k").await.unwrap().unwrap();
    assert_eq!(stored.token().expose(), "ad2");
    assert_eq!(stored.refresh().unwrap().expose(), "rd2");
    // The lifetime counts from when the token was issued, not from when the login began.
    let expiry = stored.expires_at().unwrap();
    let since = expiry.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 1_700_000_000 + 300 + 3600);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_was_cleared_away_stores_nothing() {
    let server = Server::new(&[("d1", 20)]);
    let store = MemoryStore::new();
    let auth = server
        .builder()
        .store(store.clone())
        .store_key("k")
        .build()
        .unwrap();
    let login = tokio::spawn({
        let auth = auth.clone();
        async move { auth.token().await }
    });
    sleep(Duration::from_secs(7)).await;
    auth.clear().await.unwrap();
    assert!(login.await.unwrap().is_err());
    sleep(Duration::from_secs(600)).await;
    assert!(store.load("k").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_was_cleared_away_asks_its_server_no_longer() {
    let server = Server::new(&[("d1", 300)]);
    let told = Arc::new(Mutex::new(0));
    let tell = Arc::clone(&told);
    let builder = server.builder();
    let auth = builder
        .on_token(move |_| *tell.lock().unwrap() += 1)
        .build()
        .unwrap();
    let login = tokio::spawn({
        let auth = auth.clone();
        async move { auth.token().await }
    });
    sleep(Duration::from_secs(7)).await;
    auth.clear().await.unwrap();
    assert!(login.await.unwrap().is_err());
    sleep(Duration::from_secs(600)).await;
    let asked = server.asked.lock().unwrap().len();
    assert!(asked <= 2, "{asked}");
    assert_eq!(*told.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_refresh_token_is_refused_the_next_login_begins_at_once_also_with_a_store() {
    let server = Server::new(&[("d1", 0), ("d2", 0)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let auth = server
        .builder()
        .scope("a b")
        .store(MemoryStore::new())
        .store_key("k")
        .on_token(move |token| {
            let token = token.access_token().expose().to_owned();
            tell.lock().unwrap().push(token);
        })
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "ad1");
    sleep(Duration::from_secs(4000)).await;
    assert_eq!(auth.token().await.unwrap().expose(), "ad2");
    let refreshes = server.asked.lock().unwrap();
    let refreshes: Vec<_> = refreshes.iter().filter(|b| b.contains("rd1")).collect();
    // The person may have granted less than was asked for.
    assert_eq!(
        refreshes,
        ["grant_type=refresh_token&refresh_token=rd1&client_id=tv"]
    );
    assert_eq!(*told.lock().unwrap(), ["ad1", "ad2"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_to_log_in_while_the_token_is_still_good() {
    for with_store in [false, true] {
        let server = Server::new(&[("d1", 0), ("d2", 0)]);
        *server.token.lock().unwrap() = r#"{"access_token":"a{code}","expires_in":3600}"#;
        let builder = server.builder().refresh_ahead(Duration::from_secs(3600));
        let auth = if with_store {
            builder.store(MemoryStore::new()).store_key("k").build()
        } else {
            builder.build()
        };
        let auth = auth.unwrap();
        for _ in 0..34 {
            assert_eq!(auth.token().await.unwrap().expose(), "ad1");
            sleep(Duration::from_secs(100)).await;
        }
        assert_eq!(server.codes(), 1);
        sleep(Duration::from_secs(600)).await;
        assert_eq!(auth.token().await.unwrap().expose(), "ad2");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_came_for_nothing_is_not_asked_again_before_clear() {
    let server = Server::new(&[("d1", 0)]);
    *server.token.lock().unwrap() = r#"{"access_token":"a","token_type":"DPoP"}"#;
    let auth = server.builder().build().unwrap();
    for _ in 0..5 {
        let error = auth.token().await.unwrap_err();
        assert_eq!(cause(&error).kind(), TokenErrorKind::TokenType);
        sleep(Duration::from_secs(600)).await;
    }
    assert_eq!(server.codes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_granted_less_than_is_required_is_not_asked_again_before_clear() {
    let server = Server::new(&[("d1", 0), ("d2", 0)]);
    *server.token.lock().unwrap() = r#"{"access_token":"a","scope":"read"}"#;
    let builder = server.builder().scope("read write");
    let auth = builder.require_granted_scope().build().unwrap();
    for _ in 0..5 {
        let error = auth.token().await.unwrap_err();
        assert_eq!(cause(&error).kind(), TokenErrorKind::ScopeNotGranted);
        sleep(Duration::from_secs(600)).await;
    }
    assert_eq!(server.codes(), 1);
    auth.clear().await.unwrap();
    auth.token().await.unwrap_err();
    assert_eq!(server.codes(), 2);
}

#[tokio::test(start_paused = true)]
async fn parameters_of_the_caller_are_in_every_request() {
    let server = Server::new(&[("d1", 0)]);
    let auth = server
        .builder()
        .resource("https://api.example/")
        .parameter("device_code", "other")
        .build()
        .unwrap();
    auth.token().await.unwrap();
    assert_eq!(
        *server.asked.lock().unwrap(),
        [
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&resource=https%3A%2F%2Fapi.example%2F&\
             device_code=d1&client_id=tv"
        ]
    );
}

#[test]
fn without_a_runtime_it_is_an_error_and_no_panic() {
    let (http, _) = support::answering(&[(200, "{}")]);
    let auth = OAuth2::device_authorization(
        "https://as.example/device",
        "https://as.example/token",
        "tv",
    )
    .http_client(http)
    .on_user_code(|_| {})
    .build()
    .unwrap();
    let mut token = std::pin::pin!(auth.token());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = token.as_mut().poll(&mut cx) else {
        panic!("not ready")
    };
    assert!(error.to_string().contains("runtime"), "{error}");
}

#[test]
fn a_page_for_codes_in_the_clear_is_refused_when_the_scheme_is_built() {
    let (http, _) = support::answering(&[(200, "{}")]);
    let auth = OAuth2::device_authorization("http://as.example/d", "https://as.example/t", "tv")
        .http_client(http)
        .on_user_code(|_| {})
        .build();
    assert_eq!(
        auth.unwrap_err().parameter(),
        Some("device_authorization_url")
    );
}
