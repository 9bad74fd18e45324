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
        OAuth2::client_credentials(&format!("{origin}/token"), client, "secret")
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
    assert_eq!(found.token.expose(), "a");

    let no_such_key = OAuth2::client_credentials_as(URL, ClientAuth::public("id").unwrap())
        .http_client(http)
        .store(store)
        .httpx_auth_store_key()
        .build();
    assert_eq!(no_such_key.unwrap_err().parameter(), Some("store_key"));
}
