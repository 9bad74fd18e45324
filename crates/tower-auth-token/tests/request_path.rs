//! What requests notice: C28, C31; and what is printed: C30.

mod support;

use std::fmt::Debug;
use support::{Issuer, TokioTime, get, seconds};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer};
use tower_auth_core::{
    AuthError, Clock, Error, ErrorKind, HeaderApiKey, SchemeExt, Secret,
    bearer::{InAuthorization, InQuery},
    replay::Cloned,
};
use tower_auth_token::{
    Cache, Demand, Fetched, Placing, Reason, Token, TokenAuth,
    store::{MemoryStore, Storable, Store, Stored},
};

/// C28.
#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    issuer.break_down();
    let key = HeaderApiKey::new("key").unwrap();
    let mut service = (issuer.auth(&time) + key).layer(issuer.server());
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(get("https://h/"));
        let error = response.await.unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), ErrorKind::Credentials);
    }
    assert_eq!(issuer.requests(), 0);
}

/// C28: nor is a refused one sent again while the issuer is down.
#[tokio::test(start_paused = true)]
async fn when_no_other_token_can_be_had_the_request_is_not_sent_again() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    service.clone().oneshot(get("https://h/")).await.unwrap();
    issuer.revoke(1);
    issuer.break_down();
    let error = service.oneshot(get("https://h/")).await.unwrap_err();
    assert!(matches!(error, Error::Auth(_)));
    assert_eq!(issuer.requests(), 2);
}

/// C31: the token comes through the same client, which serves one request at a time.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_token_leaves_the_client_to_the_fetch() {
    let issuer = Issuer::new();
    let client = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .service(issuer.server());
    let through = client.clone();
    let auth = TokenAuth::bearer(move || {
        let client = through.clone();
        async move {
            let mut request = get("https://issuer/token");
            let value = "Bearer t1".parse().unwrap();
            request.headers_mut().insert("authorization", value);
            let Ok(response) = client.oneshot(request).await;
            assert_eq!(response.status(), http::StatusCode::OK);
            Ok::<_, AuthError>(Fetched::new(Token::from("t1")))
        }
    });
    let mut service = auth.layer(client);
    let service = service.ready().await.unwrap();
    let response = tokio::time::timeout(seconds(10), service.call(get("https://h/"))).await;
    assert_eq!(response.unwrap().unwrap().status(), http::StatusCode::OK);
}

const SECRET: &str = "pl4nted-s3cret";

fn check(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    assert!(!text.contains(SECRET), "{text}");
}

async fn planted() -> Result<Fetched<Token>, AuthError> {
    Ok(Fetched::new(token()).lifetime(seconds(100)))
}

fn token() -> Token {
    Token::new(SECRET).with_refresh(Some(Secret::from(SECRET)))
}

/// C30.
#[tokio::test]
async fn no_public_type_prints_a_token() {
    check(&token());
    check(&Fetched::new(token()));
    check(&Demand::new(
        Some(token()),
        Reason::Expired,
        Clock::system(),
    ));
    check(&token().to_stored(None));
    let store = MemoryStore::new();
    store.save(SECRET, &token().to_stored(None)).await.unwrap();
    check(&store);
    check(&Stored::new(planted, store, SECRET));
    check(&Placing::new(planted, InAuthorization::default()));
    check(&Cache::builder(planted));
    let cache = Cache::new(planted);
    check(&cache.acquire());
    check(&cache.get().await.unwrap());
    check(&cache);
    let auth = TokenAuth::new(planted, InQuery::new("token").unwrap());
    check(&*auth.cache().get().await.unwrap());
    check(&auth);
    check(&auth.clone().replay(Cloned));
    let mut request = get("https://h/");
    let service = TokenAuth::bearer(planted).layer(tower::service_fn(
        async |request: http::Request<support::Body>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(request))
        },
    ));
    check(&service);
    request = service.oneshot(request).await.unwrap().into_body();
    assert_eq!(
        request.headers()["authorization"],
        format!("Bearer {SECRET}").as_str()
    );
    check(&request);
}
