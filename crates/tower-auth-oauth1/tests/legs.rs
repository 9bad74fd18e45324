//! How legs fail.

mod support;

use http::{Request, Response, StatusCode};
use std::{convert::Infallible, error::Error as StdError, time::Duration};
use support::{http, server};
use tower::service_fn;
use tower_auth_core::{AuthError, BoxError, ErrorKind};
use tower_auth_oauth1::{
    Body, Callback, HttpClient, HttpErrorKind, LegError, LegErrorKind, OAuth1,
    TemporaryCredentials, ThreeLegs, TokenCredentials, Verifier,
};

fn legs(client: HttpClient) -> ThreeLegs {
    ThreeLegs::new(OAuth1::new("ck", "cs").unwrap())
        .http_client(client)
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap()
}

async fn first_leg_by(client: HttpClient) -> Result<TokenCredentials, AuthError> {
    let legs = legs(client);
    let temporary = legs.temporary_credentials(&Callback::out_of_band()).await?;
    Ok(temporary.credentials().clone())
}

async fn first_leg(status: u16, answer: impl Into<bytes::Bytes>) -> AuthError {
    let (client, _) = server(status, answer);
    let client = http(client).max_answer(1000);
    first_leg_by(client).await.unwrap_err()
}

fn leg(error: &AuthError) -> &LegError {
    assert_eq!(error.kind(), ErrorKind::Credentials);
    LegError::of(error).unwrap()
}

#[tokio::test]
async fn an_answer_that_is_no_form_or_too_large_or_without_token_has_one_clear_error_each() {
    let html = first_leg(200, "<html>welcome</html>").await;
    assert_eq!(leg(&html).kind(), LegErrorKind::NotAForm);
    assert_eq!(leg(&html).address(), Some("https://h/1"));
    let large = first_leg(200, format!("oauth_token={}", "x".repeat(1000))).await;
    assert_eq!(leg(&large).kind(), LegErrorKind::TooLarge);
    let http = leg(&large).http().unwrap();
    assert_eq!(http.kind(), HttpErrorKind::TooLarge);
    assert!(large.to_string().contains("1000 bytes"), "{large}");
    for empty in ["", "oauth_token_secret=s", "{\"a\":1}"] {
        let none = first_leg(200, empty).await;
        assert_eq!(leg(&none).kind(), LegErrorKind::NoToken);
        assert_eq!(leg(&none).parameter(), Some("oauth_token"));
    }
    let unconfirmed = first_leg(200, "oauth_token=t&oauth_token_secret=s").await;
    assert_eq!(leg(&unconfirmed).kind(), LegErrorKind::CallbackNotConfirmed);
}

#[tokio::test]
async fn a_refusal_tells_status_and_problem_and_what_helps() {
    let error = first_leg(401, "oauth_problem=timestamp_refused&hint=x").await;
    assert_eq!(leg(&error).kind(), LegErrorKind::Refused);
    assert_eq!(leg(&error).status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(leg(&error).problem(), Some("timestamp_refused"));
    assert_eq!(
        error.to_string(),
        "no temporary credentials: https://h/1 answered 401: timestamp_refused; set the clock of this machine right"
    );
    let error = first_leg(503, "<html>secret internals</html>").await;
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "no temporary credentials: https://h/1 answered 503 without saying why; try again later"
    );
    let advice = "oauth_problem=nonce_used&oauth_problem_advice=one+more+time";
    let error = first_leg(400, format!("\u{feff}{advice}")).await;
    assert_eq!(leg(&error).problem(), Some("nonce_used"));
    assert!(
        error.to_string().contains(": nonce_used: one more time; "),
        "{error}"
    );
    let json = "{\"errors\":[{\"code\":32,\"message\":\"Could not authenticate you.\"}]}";
    for words in ["Failed to validate oauth signature and token", json] {
        let error = first_leg(401, words).await;
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_whatever_it_has_in_it() {
    let error = first_leg(302, "oauth_token=t&oauth_token_secret=s").await;
    assert_eq!(leg(&error).kind(), LegErrorKind::Redirected);
}

#[tokio::test]
async fn a_problem_in_the_header_is_told_too() {
    let client = service_fn(async |_: Request<Body>| {
        let response = Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header("www-authenticate", "Basic realm=\"oauth_problem=no\"")
            .header(
                "www-authenticate",
                "OAuth realm=\"x\", oauth_problem=\"nonce_used\"",
            );
        Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
    });
    let error = first_leg_by(HttpClient::new(client)).await.unwrap_err();
    assert_eq!(leg(&error).problem(), Some("nonce_used"));
}

#[tokio::test]
async fn a_problem_in_the_header_is_told_without_the_secrets_that_it_quotes() {
    let client = service_fn(async |_: Request<Body>| {
        let challenge = "OAuth oauth_problem=\"got oauth_token_secret=planted\"";
        let response = Response::builder().status(StatusCode::UNAUTHORIZED);
        let response = response.header("www-authenticate", challenge);
        Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
    });
    let error = first_leg_by(HttpClient::new(client)).await.unwrap_err();
    assert!(leg(&error).problem().unwrap().starts_with("got "));
    let text = everything(&error);
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test]
async fn a_client_that_fails_is_the_cause() {
    let client = service_fn(async |_: Request<Body>| {
        Err::<Response<Body>, _>(std::io::Error::other("unplugged"))
    });
    let error = first_leg_by(HttpClient::new(client)).await.unwrap_err();
    assert_eq!(leg(&error).kind(), LegErrorKind::Unreachable);
    assert!(leg(&error).http().unwrap().request_may_have_run());
    assert_eq!(leg(&error).source().unwrap().to_string(), "unplugged");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_not_waited_for_without_end() {
    let client =
        service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, Infallible>>());
    let client = HttpClient::new(client).timeout(Duration::from_secs(5));
    let error = first_leg_by(client).await.unwrap_err();
    assert_eq!(leg(&error).kind(), LegErrorKind::TimedOut);
}

/// Every way in which servers repeat what they were sent.
fn spellings(secret: &str) -> Vec<String> {
    let percent = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02x}")).collect() };
    vec![
        secret.to_owned(),
        percent(secret),
        percent(&percent(secret)),
        secret
            .chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect(),
        secret
            .chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect(),
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret),
        secret.bytes().map(|b| format!("{b:02X}")).collect(),
    ]
}

fn everything(error: &AuthError) -> String {
    let mut all = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        all.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    all + leg(error).problem().unwrap_or_default()
}

const SECRETS: [&str; 4] = [
    "consumer/secret é&1",
    "temporary+token&2",
    "token secret/3",
    "verifier=4%",
];

#[tokio::test]
async fn no_answer_of_any_leg_has_an_error_repeat_a_secret_in_any_spelling() {
    let [consumer, token, token_secret, verifier] = SECRETS;
    let at = |client| {
        ThreeLegs::new(OAuth1::new("identifier", consumer).unwrap())
            .http_client(client)
            .endpoints("https://h/1", "https://h/2", "https://h/3")
            .unwrap()
    };
    for spelling in SECRETS.into_iter().flat_map(spellings) {
        let said = format!("no good: {spelling}. Client: identifier");
        let problem = |text: &str| {
            let text: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            format!("oauth_problem={text}")
        };
        let client = |body: String| {
            let (client, _) = server(400, body);
            http(client)
        };
        for body in [said.clone(), problem(&said)] {
            let temporary =
                TemporaryCredentials::restore(TokenCredentials::new(token, token_secret));
            let legs = at(client(body.clone()));
            let third = legs
                .token_credentials(temporary, Verifier::new(verifier))
                .await;
            let text = everything(&third.unwrap_err());
            assert!(!text.contains(&spelling), "{spelling}: {text}");
            assert!(
                text.contains("[redacted]") && text.contains("Client: identifier"),
                "{spelling}: {text}"
            );
        }
    }
    for spelling in spellings(consumer) {
        let (client, _) = server(400, format!("no good: {spelling}."));
        let legs = at(http(client));
        let first = legs.temporary_credentials(&Callback::out_of_band()).await;
        let text = everything(&first.unwrap_err());
        assert!(!text.contains(&spelling), "{spelling}: {text}");
    }
}

#[tokio::test]
async fn a_redirect_and_a_client_that_fail_repeat_no_secret_either() {
    let [consumer, token, token_secret, _] = SECRETS;
    let encode = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let answer = format!(
        "oauth_token={}&oauth_token_secret={}&oauth_callback_confirmed=true",
        encode(token),
        encode(token_secret)
    );
    let (client, _) = server(200, answer);
    let oauth = OAuth1::new("identifier", consumer).unwrap();
    let legs = ThreeLegs::new(oauth.clone())
        .http_client(http(client))
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap();
    let temporary = legs
        .temporary_credentials(&Callback::out_of_band())
        .await
        .unwrap();
    for secret in [consumer, token, token_secret, "fresh-verifier"] {
        for spelling in spellings(secret) {
            let back = format!(
                "/?oauth_verifier=fresh-verifier&oauth_problem={}",
                encode(&spelling)
            );
            let error = temporary.verifier(&back).unwrap_err();
            assert_eq!(leg(&error).kind(), LegErrorKind::Problem);
            let text = everything(&error);
            assert!(!text.contains(&spelling), "{spelling}: {text}");
        }
    }
    let client = service_fn(async |request: Request<Body>| {
        let header = request.headers()["authorization"].to_str().unwrap();
        Err::<Response<Body>, BoxError>(format!("cannot send {header}").into())
    });
    let legs = ThreeLegs::new(oauth)
        .http_client(HttpClient::new(client))
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap();
    let error = legs
        .token_credentials(temporary, Verifier::new("fresh-verifier"))
        .await;
    let text = everything(&error.unwrap_err());
    assert!(text.contains("cannot send OAuth"), "{text}");
    for secret in ["fresh-verifier", "temporary%2Btoken%262"] {
        assert!(!text.contains(secret), "{text}");
    }
    let (_, signature) = text.split_once("oauth_signature=\"").unwrap();
    assert!(signature.starts_with("[redacted]"), "{text}");
}

#[tokio::test]
async fn what_a_refusal_brings_as_a_secret_is_not_shown() {
    for body in [
        "oauth_token=planted-1&oauth_token_secret=planted-2",
        "{\"data\":{\"oauth_token_secret\":\"planted-3\"}}",
        "{\"oauth_token_secret\":\"planted-4\"",
        "<a href=\"planted-5\">",
        "status=fail\noauth_token_secret=planted-6",
        "status=fail;oauth_token_secret=planted-7",
        "{\"message\":\"got oauth_token_secret=planted-8\"}",
        "oauth_problem=got+oauth_token_secret%3Dplanted-9",
        "message=got+oauth_token_secret%3Dplanted-10",
        "oauth_problem=no&oauth_problem_advice=got+oauth_token_secret%3Dplanted-11",
    ] {
        let error = first_leg(400, body).await;
        let text = everything(&error);
        assert!(!text.contains("planted"), "{text}");
    }
}

#[cfg(not(feature = "client"))]
#[tokio::test]
async fn without_a_client_the_first_leg_says_what_is_missing() {
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap())
        .endpoints("https://h/1", "https://h/2", "https://h/3")
        .unwrap();
    let error = legs.temporary_credentials(&Callback::out_of_band()).await;
    assert_eq!(error.unwrap_err().parameter(), Some("http_client"));
}

#[tokio::test]
async fn token_secrets_are_not_fetched_in_the_clear() {
    let (client, seen) = server(
        200,
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
    );
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap())
        .http_client(http(client))
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
    let query = ThreeLegs::new(oauth.clone().in_query()).http_client(http(client.clone()));
    let query = query.endpoints(uris[0], uris[1], uris[2]).unwrap();
    let form = ThreeLegs::new(oauth.in_body()).http_client(http(client));
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
    let legs = ThreeLegs::new(OAuth1::new("ck", "cs").unwrap());
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
