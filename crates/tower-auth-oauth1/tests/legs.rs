//! How legs fail.

mod support;

use http::{Request, Response};
use std::{convert::Infallible, error::Error as _};
use support::{Body, server};
use tower::service_fn;
use tower_auth_core::{AuthError, ErrorKind};
use tower_auth_oauth1::{Callback, LegError, OAuth1, ThreeLegs, TokenCredentials, Verifier};

async fn first_leg(
    status: u16,
    answer: impl Into<bytes::Bytes>,
) -> Result<TokenCredentials, AuthError> {
    let (client, _) = server(status, answer);
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap(), client)
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap()
        .answer_limit(1000);
    let temporary = legs.temporary_credentials(&Callback::out_of_band()).await?;
    Ok(temporary.credentials().clone())
}

fn leg(error: &AuthError) -> &LegError {
    assert_eq!(error.kind(), ErrorKind::Credentials);
    error.source().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn an_answer_that_is_no_form_or_too_large_or_without_token_has_one_clear_error_each() {
    let html = first_leg(200, "<html>welcome</html>").await.unwrap_err();
    assert!(matches!(leg(&html), LegError::NotAForm));
    let large = first_leg(200, format!("oauth_token={}", "x".repeat(1000)))
        .await
        .unwrap_err();
    assert!(matches!(leg(&large), LegError::TooLarge { limit: 1000 }));
    for empty in ["", "oauth_token_secret=s", "{\"a\":1}"] {
        let none = first_leg(200, empty).await.unwrap_err();
        assert!(matches!(
            leg(&none),
            LegError::NoToken {
                parameter: "oauth_token"
            }
        ));
    }
}

#[tokio::test]
async fn a_refusal_tells_status_and_problem() {
    let error = first_leg(401, "oauth_problem=timestamp_refused&hint=x")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a leg to a token failed: the OAuth server answered 401: timestamp_refused; check the consumer's key and secret, \
         and the clock"
    );
    let error = first_leg(503, "<html>secret internals</html>")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a leg to a token failed: the OAuth server answered 503; try again later"
    );
    assert!(error.is_transient());
    let error = first_leg(302, "oauth_token=t&oauth_token_secret=s")
        .await
        .unwrap_err();
    assert!(matches!(leg(&error), LegError::Refused { status, .. } if status.as_u16() == 302));
}

#[tokio::test]
async fn a_problem_in_the_header_is_told_too() {
    let client = service_fn(async |_: Request<Body>| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
        let header = "OAuth realm=\"x\", oauth_problem=\"nonce_used\"";
        response
            .headers_mut()
            .insert("www-authenticate", header.parse().unwrap());
        Ok::<_, Infallible>(response)
    });
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap(), client)
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap();
    let error = legs
        .temporary_credentials(&Callback::out_of_band())
        .await
        .unwrap_err();
    match leg(&error) {
        LegError::Refused { problem, .. } => assert_eq!(problem.as_deref(), Some("nonce_used")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_fails_is_the_source() {
    let client = service_fn(async |_: Request<Body>| {
        Err::<Response<Body>, _>(std::io::Error::other("unplugged"))
    });
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap(), client)
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap();
    let error = legs
        .temporary_credentials(&Callback::out_of_band())
        .await
        .unwrap_err();
    assert!(matches!(leg(&error), LegError::Transport(_)));
    assert_eq!(
        error.source().unwrap().source().unwrap().to_string(),
        "unplugged"
    );
}

#[tokio::test]
async fn token_secrets_are_not_fetched_in_the_clear() {
    let (client, seen) = server(
        200,
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
    );
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap(), client)
        .endpoints("http://h/1", "http://h/2", "http://h/3")
        .unwrap();
    let error = legs
        .temporary_credentials(&Callback::out_of_band())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Insecure);
    assert!(seen.lock().unwrap().is_empty());
    let legs = legs.danger_allow_plaintext();
    assert!(
        legs.temporary_credentials(&Callback::out_of_band())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_parameters_of_legs_can_go_into_query_or_form() {
    let (client, seen) = server(
        200,
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
    );
    let oauth = OAuth1::new("ck", "cs").unwrap();
    let uris = ["https://h/1?x=1", "https://h/2?y=1", "https://h/3"];
    let query = ThreeLegs::new(oauth.clone().in_query(), client.clone());
    let query = query.endpoints(uris[0], uris[1], uris[2]).unwrap();
    let form = ThreeLegs::new(oauth.in_body(), client);
    let form = form.endpoints(uris[0], uris[1], uris[2]).unwrap();
    let temporary = query
        .temporary_credentials(&Callback::new("https://c/?a=b"))
        .await
        .unwrap();
    let uri = query
        .authorization_uri_with(&temporary, &[("force_login", "true é")])
        .unwrap();
    assert_eq!(
        uri,
        "https://h/2?y=1&force_login=true%20%C3%A9&oauth_token=t"
    );
    form.token_credentials(temporary, Verifier::new("v"))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let sent = seen[0].uri().query().unwrap();
    assert!(sent.starts_with("x=1&oauth_nonce="), "{sent}");
    assert!(
        sent.contains("&oauth_callback=https%3A%2F%2Fc%2F%3Fa%3Db&"),
        "{sent}"
    );
    assert_eq!(
        seen[1].headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
}

#[test]
fn endpoints_have_to_be_absolute() {
    let (client, _) = server(200, "");
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap(), client);
    for (bad, parameter) in [
        (
            ["/1", "https://h/2", "https://h/3"],
            "temporary credentials endpoint",
        ),
        (
            ["https://h/1", "ftp://h/2", "https://h/3"],
            "authorization endpoint",
        ),
        (["https://h/1", "https://h/2", ""], "token endpoint"),
    ] {
        let error = legs.clone().endpoints(bad[0], bad[1], bad[2]).unwrap_err();
        assert_eq!(error.parameter(), Some(parameter));
    }
}
