//! Tokens on real requests, over real connections.
#![cfg(feature = "client")]

mod support;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{error::Error as _, time::Duration};
use support::server::Server;
use tower::{Layer, Service, ServiceExt};
use tower_auth_core::{Clock, Error, HeaderApiKey, SchemeExt, clock::ManualClock, replay::Cloned};
use tower_auth_oauth2::{BearerError, ClientAuth, OAuth2, TokenError};

type Body = Full<Bytes>;

fn http() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn request(origin: &str) -> Request<Body> {
    Request::get(format!("{origin}/api"))
        .body(Body::default())
        .unwrap()
}

async fn get<S, B>(client: &S, origin: &str) -> (StatusCode, String)
where
    S: Service<Request<Body>, Response = http::Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let response = client.clone().oneshot(request(origin)).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn clock() -> (ManualClock, Clock) {
    let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    (hands.clone(), Clock::new(hands))
}

#[tokio::test]
async fn a_token_is_kept_renewed_when_it_expires_and_replaced_when_it_was_revoked() {
    let server = Server::default();
    let origin = server.start().await;
    let (hands, clock) = clock();
    let auth = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
        .clock(clock)
        .build()
        .unwrap();
    let client = auth.only_to(&origin).unwrap().replay(Cloned).layer(http());

    assert_eq!(
        get(&client, &origin).await,
        (StatusCode::OK, "access-1".into())
    );
    assert_eq!(get(&client, &origin).await.1, "access-1");
    hands.advance(Duration::from_secs(3600));
    assert_eq!(get(&client, &origin).await.1, "access-2");
    server.revoke_all();
    assert_eq!(
        get(&client, &origin).await,
        (StatusCode::OK, "access-3".into())
    );
    // Client credentials keep no refresh tokens.
    assert_eq!(server.token_requests(), ["client_credentials"; 3]);
    assert_eq!(server.api_requests(), 5);
}

#[tokio::test]
async fn a_token_is_given_up_thirty_seconds_early_unless_told_otherwise_and_zero_is_zero() {
    for (early, last_good) in [(None, 3570), (Some(0), 3600), (Some(60), 3540)] {
        let server = Server::default();
        let origin = server.start().await;
        let (hands, clock) = clock();
        let builder = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
            .refresh_ahead(Duration::ZERO)
            .clock(clock);
        let builder = match early {
            Some(early) => builder.early_expiry(Duration::from_secs(early)),
            None => builder,
        };
        let auth = builder.build().unwrap();
        assert_eq!(auth.token().await.unwrap().expose(), "access-1");
        hands.advance(Duration::from_secs(last_good - 1));
        assert_eq!(auth.token().await.unwrap().expose(), "access-1");
        hands.advance(Duration::from_secs(2));
        assert_eq!(
            auth.token().await.unwrap().expose(),
            "access-2",
            "{early:?}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_requests_on_an_expired_token_make_one_token_request() {
    let server = Server::default();
    let origin = server.start().await;
    let auth = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
        .build()
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let auth = auth.clone();
        tasks.spawn(async move { auth.token().await.unwrap().expose().to_owned() });
    }
    while let Some(token) = tasks.join_next().await {
        assert_eq!(token.unwrap(), "access-1");
    }
    assert_eq!(server.token_requests().len(), 1);
}

#[tokio::test]
async fn too_little_scope_and_step_up_fetch_no_token() {
    for (status, challenge) in [
        (
            401,
            r#"Bearer error="insufficient_user_authentication", acr_values="myACR""#,
        ),
        (401, r#"Bearer error="insufficient_scope", scope="write""#),
        (403, r#"Bearer error="insufficient_scope", scope="write""#),
        (403, r#"Bearer error="invalid_token""#),
    ] {
        let server = Server::default();
        let origin = server.start().await;
        server.refuse_with(status, challenge);
        let auth = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
            .build()
            .unwrap();
        let client = auth.replay(Cloned).layer(http());
        let response = client.oneshot(request(&origin)).await.unwrap();
        assert_eq!(response.status(), status);
        let expected = BearerError::of(&response);
        assert!(expected.is_some());
        assert_eq!(BearerError::check(response).err(), expected);
        assert_eq!(
            (server.token_requests().len(), server.api_requests()),
            (1, 1),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn an_api_that_always_says_401_does_not_cost_a_token_each() {
    let server = Server::default();
    let origin = server.start().await;
    server.refuse_with(401, r#"Bearer error="invalid_token""#);
    let auth = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
        .build()
        .unwrap();
    let client = auth.replay(Cloned).layer(http());
    for _ in 0..50 {
        assert_eq!(get(&client, &origin).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(server.token_requests().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_with_its_cause_and_keeps_the_session() {
    let server = Server::default();
    let origin = server.start().await;
    let (hands, clock) = clock();
    let auth = OAuth2::refresh_token(format!("{origin}/token"), "id", "first")
        .client_auth(ClientAuth::post("id", "secret").unwrap())
        .clock(clock)
        .build()
        .unwrap();
    let client = auth.clone().layer(http());

    // The server does not know this refresh token.
    let Err(Error::Auth(error)) = client.clone().oneshot(request(&origin)).await else {
        panic!("not sent")
    };
    let cause: &TokenError = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(cause.response().unwrap().error(), Some("invalid_grant"));
    assert!(!cause.is_transient());
    assert_eq!(server.api_requests(), 0);

    server.break_down(true);
    let broken = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
        .build()
        .unwrap();
    let error = broken.token().await.unwrap_err();
    let cause: &TokenError = error.source().unwrap().downcast_ref().unwrap();
    assert!(cause.is_transient());
    assert_eq!(cause.response().unwrap().status(), 503);
    hands.advance(Duration::from_secs(1));
}

#[cfg(feature = "password")]
#[tokio::test]
async fn a_broken_server_never_costs_the_refresh_token() {
    let server = Server::default();
    let origin = server.start().await;
    let (hands, clock) = clock();
    let auth = OAuth2::password(format!("{origin}/token"), "u", "p")
        .clock(clock)
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "access-1");
    hands.advance(Duration::from_secs(4000));
    server.break_down(true);
    assert!(auth.token().await.is_err());
    server.break_down(false);
    hands.advance(Duration::from_secs(100));
    assert_eq!(auth.token().await.unwrap().expose(), "access-2");
    assert_eq!(
        server.token_requests(),
        ["password", "refresh_token", "refresh_token"]
    );
}

#[tokio::test]
async fn it_adds_up_with_other_schemes_and_keeps_to_its_origins() {
    let server = Server::default();
    let origin = server.start().await;
    let auth = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret");
    let finisher = auth.build().unwrap() + HeaderApiKey::new("key").unwrap();
    let client = finisher
        .only_to(&origin)
        .unwrap()
        .replay(Cloned)
        .layer(http());
    assert_eq!(get(&client, &origin).await.1, "access-1");

    let elsewhere = Server::default();
    let other = elsewhere.start().await;
    assert_eq!(get(&client, &other).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.token_requests().len(), 1);

    // In a header of its own it is a key, and another finisher fits beside it.
    let key = OAuth2::client_credentials(format!("{origin}/token"), "id", "secret")
        .token_in_header("x-token", "{token}")
        .build()
        .unwrap();
    let both = key + tower_auth_core::Bearer::new("access-1").unwrap();
    let client = both.replay(Cloned).layer(http());
    assert_eq!(get(&client, &origin).await.1, "access-1");
}
