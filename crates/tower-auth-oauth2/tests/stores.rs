//! Tokens that outlive a scheme, and are shared by several.
#![cfg(feature = "client")]

mod support;

use std::time::Duration;
use support::{answering, server::Server};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::{ClientAuth, OAuth2};
use tower_auth_token::store::{MemoryStore, Store as _};

const URL: &str = "https://as.example/token";

/// The key under which `httpx_auth` 0.23.1 stores this token: recorded from it.
const HTTPX_AUTH_KEY: &str = include_str!("httpx_auth_key.txt");

#[tokio::test]
async fn two_schemes_share_a_session_by_a_store() {
    let server = Server::default();
    let origin = server.start().await;
    let store = MemoryStore::new();
    let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let scheme = |client: &str| {
        OAuth2::client_credentials(format!("{origin}/token"), client, "secret")
            .store(store.clone())
            .clock(Clock::new(hands.clone()))
            .build()
            .unwrap()
    };
    assert_eq!(scheme("id").token().await.unwrap().expose(), "access-1");
    assert_eq!(scheme("id").token().await.unwrap().expose(), "access-1");
    assert_eq!(scheme("other").token().await.unwrap().expose(), "access-2");
    scheme("id").clear().await.unwrap();
    assert_eq!(scheme("id").token().await.unwrap().expose(), "access-3");
    assert_eq!(server.token_requests().len(), 3);
}

#[tokio::test]
async fn the_granted_scope_is_kept_with_the_token_and_over_a_refresh_that_does_not_say_it() {
    let (http, log) = answering(&[
        (
            200,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":3600,"refresh_token":"r1","scope":"read","id_token":"i"}"#,
        ),
        (200, r#"{"access_token":"a2","expires_in":3600}"#),
    ]);
    let store = MemoryStore::new();
    let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let process = || {
        OAuth2::refresh_token(URL, "id", "r0")
            .scope("read write")
            .http_client(http.clone())
            .store(store.clone())
            .store_key("k")
            .clock(Clock::new(hands.clone()))
            .build()
            .unwrap()
    };
    assert_eq!(
        process().granted_scope().await.unwrap().as_deref(),
        Some("read")
    );
    assert_eq!(
        process().granted_scope().await.unwrap().as_deref(),
        Some("read")
    );
    hands.advance(Duration::from_secs(4000));
    let later = process();
    assert_eq!(later.token().await.unwrap().expose(), "a2");
    assert_eq!(
        later.granted_scope().await.unwrap().as_deref(),
        Some("read")
    );
    let stored = store.load("k").await.unwrap().unwrap();
    assert_eq!(stored.scope(), Some("read"));
    assert_eq!(stored.id_token().unwrap().expose(), "i");
    assert_eq!(stored.refresh().unwrap().expose(), "r1");
    // What httpx_auth has no room for is written only where there is something to say.
    assert_eq!(stored.token_type(), None);
    assert_eq!(log.all().len(), 2);
}

#[tokio::test]
async fn pythons_httpx_auth_finds_the_token_where_it_looks() {
    let (http, _) = answering(&[(200, r#"{"access_token":"a"}"#)]);
    let store = MemoryStore::new();
    let auth = OAuth2::client_credentials("https://provide_access_token", "test_user", "test_pwd")
        .http_client(http.clone())
        .store(store.clone())
        .httpx_auth_store_key()
        .build()
        .unwrap();
    auth.token().await.unwrap();
    let found = store.load(HTTPX_AUTH_KEY.trim()).await.unwrap().unwrap();
    assert_eq!(found.token().expose(), "a");

    let no_such_key = OAuth2::client_credentials_as(URL, ClientAuth::public("id").unwrap())
        .http_client(http)
        .store(store)
        .httpx_auth_store_key()
        .build();
    assert_eq!(no_such_key.unwrap_err().parameter(), Some("store_key"));
}

#[cfg(all(feature = "file", feature = "password"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_schemes_on_one_file_refresh_a_rotating_session_once() {
    use tower_auth_oauth2::store::FileStore;

    let server = Server::default();
    let origin = server.start().await;
    let directory = tempfile::tempdir().unwrap();
    let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let schemes: Vec<_> = (0..20)
        .map(|_| {
            OAuth2::password(format!("{origin}/token"), "u", "p")
                .store(FileStore::new(directory.path().join("tokens.json")))
                .clock(Clock::new(hands.clone()))
                .build()
                .unwrap()
        })
        .collect();
    for expected in ["access-1", "access-2", "access-3"] {
        let mut tasks = tokio::task::JoinSet::new();
        for scheme in schemes.clone() {
            tasks.spawn(async move { scheme.token().await.unwrap().expose().to_owned() });
        }
        while let Some(token) = tasks.join_next().await {
            assert_eq!(token.unwrap(), expected);
        }
        hands.advance(Duration::from_secs(3600));
    }
    assert_eq!(
        server.token_requests(),
        ["password", "refresh_token", "refresh_token"]
    );
}

#[tokio::test]
async fn nobody_gets_the_token_of_somebody_else_out_of_a_store() {
    let store = MemoryStore::new();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let http = tower_auth_oauth2::HttpClient::new(tower::service_fn(
        move |_: http::Request<tower_auth_oauth2::Body>| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move {
                let body = format!(r#"{{"access_token":"{number}","expires_in":3600}}"#);
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<
                    bytes::Bytes,
                >::from(body)))
            }
        },
    ));
    let client = || ClientAuth::basic("id", "secret").unwrap();
    let mut seen = std::collections::HashSet::new();
    macro_rules! each {
        ($($builder:expr),+ $(,)?) => { $(
            let auth = || $builder.http_client(http.clone()).store(store.clone()).build().unwrap();
            let token = auth().token().await.unwrap().expose().to_owned();
            // Its own it finds again.
            assert_eq!(auth().token().await.unwrap().expose(), token, stringify!($builder));
            assert!(seen.insert(token), stringify!($builder));
        )+ };
    }
    each!(
        OAuth2::client_credentials(URL, "id", "s"),
        OAuth2::client_credentials(URL, "id", "s").scope("a"),
        OAuth2::client_credentials(URL, "id", "s").parameter("tenant", "a"),
        OAuth2::client_credentials(URL, "id", "s").parameter("tenant", "b"),
        OAuth2::refresh_token(URL, "id", "of-alice"),
        OAuth2::refresh_token(URL, "id", "of-bob"),
        OAuth2::saml_bearer(URL, "<alice/>"),
        OAuth2::saml_bearer(URL, "<bob/>"),
        OAuth2::token_exchange(URL, client(), "of-alice"),
        OAuth2::token_exchange(URL, client(), "of-bob"),
        OAuth2::token_exchange(URL, client(), "of-bob").actor_token("x", "urn:x"),
        OAuth2::token_exchange(URL, client(), "of-bob").subject_label("bob"),
    );
    #[cfg(feature = "jwt")]
    each!(
        OAuth2::jwt_bearer_given(URL, "of-alice"),
        OAuth2::jwt_bearer_given(URL, "of-bob"),
    );
    // Where it cannot be told, somebody has to say it.
    let unknown = [
        OAuth2::from_fn(async || Ok(tower_auth_oauth2::TokenResponse::new("a")))
            .store(store.clone())
            .build(),
        OAuth2::client_credentials_as(
            URL,
            ClientAuth::scheme(tower_auth_core::HeaderApiKey::new("k").unwrap()),
        )
        .http_client(http.clone())
        .store(store.clone())
        .build(),
        OAuth2::token_exchange(URL, client(), "")
            .subject_token_from(async || Ok("fresh".into()))
            .http_client(http.clone())
            .store(store.clone())
            .build(),
    ];
    for auth in unknown {
        assert_eq!(auth.unwrap_err().parameter(), Some("store_key"));
    }
    let said = OAuth2::from_fn(async || Ok(tower_auth_oauth2::TokenResponse::new("a")))
        .store(store)
        .store_key("mine")
        .build();
    assert_eq!(said.unwrap().token().await.unwrap().expose(), "a");
}
