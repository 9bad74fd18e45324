//! What bounds a request: its parameters are there once, its time ends, and no setting makes it overflow.

mod support;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use std::{convert::Infallible, error::Error as _, future::pending, time::Duration};
use support::answering;
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    ClientAuth, HttpClient, OAuth2, Revocation, TokenError, TokenErrorKind, TokenResponse,
};

const URL: &str = "https://as.example/token";
const TOKEN: (u16, &str) = (200, r#"{"access_token":"a"}"#);

fn cause(error: &AuthError) -> &TokenError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn no_parameter_is_sent_twice_whatever_the_caller_adds() {
    let (http, log) = answering(&[TOKEN]);
    let client = || ClientAuth::post("id", "the-secret").unwrap();
    let schemes = [
        OAuth2::client_credentials_as(URL, client())
            .parameter("client_id", "other")
            .parameter("client_secret", "other")
            .parameter("grant_type", "urn:x")
            .http_client(http.clone())
            .build()
            .unwrap(),
        OAuth2::refresh_token(URL, "id", "r1")
            .parameter("refresh_token", "other")
            .parameter("client_id", "other")
            .http_client(http.clone())
            .build()
            .unwrap(),
        OAuth2::token_exchange(URL, client(), "subject")
            .parameter("subject_token", "other")
            .http_client(http)
            .build()
            .unwrap(),
    ];
    for scheme in schemes {
        scheme.token().await.unwrap();
    }
    assert_eq!(
        log.bodies(),
        [
            "grant_type=urn%3Ax&client_id=id&client_secret=the-secret",
            "grant_type=refresh_token&refresh_token=r1&client_id=id",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=subject&\
             subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&client_id=id&\
             client_secret=the-secret",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_authenticates_the_client_has_no_more_time_than_the_exchange() {
    let (http, log) = answering(&[(200, "")]);
    let never = OAuth2::from_fn(pending::<Result<TokenResponse, AuthError>>)
        .build()
        .unwrap();
    let revocation = Revocation::new("https://as.example/revoke", ClientAuth::scheme(never))
        .unwrap()
        .http_client(http.timeout(Duration::from_secs(7)));
    let began = tokio::time::Instant::now();
    let error = revocation.revoke("t", None).await.unwrap_err();
    assert_eq!(cause(&error).kind(), TokenErrorKind::TimedOut);
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_given_more_time_has_it() {
    let slow = tower::service_fn(async |_: Request<tower_auth_oauth2::Body>| {
        tokio::time::sleep(Duration::from_secs(200)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(TOKEN.1)))
    });
    let auth = OAuth2::client_credentials(URL, "id", "s")
        .http_client(HttpClient::new(slow).timeout(Duration::from_secs(300)))
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a");
}

#[tokio::test]
async fn no_duration_is_too_long() {
    let most = Duration::MAX;
    let (http, _) = answering(&[(200, r#"{"access_token":"a","expires_in":1e300}"#)]);
    let auth = OAuth2::client_credentials(URL, "id", "s")
        .timeout(most)
        .early_expiry(most)
        .refresh_ahead(most)
        .refusal_interval(most)
        .back_off(most, most)
        .http_client(http.timeout(most))
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a");
    assert_eq!(auth.token().await.unwrap().expose(), "a");
    let (http, _) = answering(&[(503, "")]);
    let broken = OAuth2::client_credentials(URL, "id", "s")
        .back_off(most, most)
        .http_client(http)
        .build()
        .unwrap();
    for _ in 0..3 {
        assert!(cause(&broken.token().await.unwrap_err()).is_transient());
    }
}
