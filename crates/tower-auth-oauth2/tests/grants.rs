//! What every grant puts on the wire, option by option.

mod support;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt as _, Full};
use std::{error::Error as _, time::Duration};
use support::answering;
use tower::{Layer as _, ServiceExt as _};
use tower_auth_core::{AuthError, Authorize, Deferred, ErrorKind, Secret, clock::ManualClock};
use tower_auth_oauth2::{ClientAuth, OAuth2, TokenError, TokenErrorKind, TokenResponse};

const TOKEN: (u16, &str) = (
    200,
    r#"{"access_token":"a","token_type":"bearer","expires_in":3600}"#,
);
const URL: &str = "https://as.example/token";

#[tokio::test]
async fn client_credentials_with_every_option() {
    let (http, log) = answering(&[TOKEN]);
    let auth = OAuth2::client_credentials("https://as.example/token?x=1#f", "id", "s:c")
        .scope("a b")
        .scopes(["c"])
        .resource("https://api.example/")
        .resource("urn:other")
        .audience("aud")
        .parameter("custom", "ü")
        .http_client(http)
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a");
    let sent = log.last();
    assert_eq!(sent.uri, "https://as.example/token?x=1");
    assert_eq!(
        sent.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(sent.headers["accept"], "application/json");
    assert_eq!(sent.headers[AUTHORIZATION], "Basic aWQ6cyUzQWM="); // id:s%3Ac
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&scope=a+b+c&resource=https%3A%2F%2Fapi.example%2F&resource=urn%3Aother\
         &audience=aud&custom=%C3%BC"
    );
}

#[cfg(feature = "password")]
#[tokio::test]
async fn a_password_is_sent_once_and_refreshed_after() {
    let first = (
        200,
        r#"{"access_token":"a","expires_in":0,"refresh_token":"r1"}"#,
    );
    let second = (200, r#"{"access_token":"b","expires_in":0}"#);
    let (http, log) = answering(&[first, second, second]);
    let hands = ManualClock::at(std::time::UNIX_EPOCH);
    let auth = OAuth2::password(URL, "johndoe", "A3ddj3w")
        .scope("s")
        .parameter("x", "y")
        .client_auth(ClientAuth::post("id", "secret").unwrap())
        .clock(tower_auth_core::Clock::new(hands.clone()))
        .http_client(http)
        .build()
        .unwrap();
    for token in ["a", "b", "b"] {
        assert_eq!(auth.token().await.unwrap().expose(), token);
        hands.advance(Duration::from_secs(1));
    }
    // The refresh token that the second answer left out is still used.
    let refresh =
        "grant_type=refresh_token&scope=s&x=y&refresh_token=r1&client_id=id&client_secret=secret";
    assert_eq!(
        log.bodies(),
        [
            "grant_type=password&username=johndoe&password=A3ddj3w&scope=s&x=y&client_id=id&client_secret=secret",
            refresh,
            refresh,
        ]
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_is_told_and_used() {
    let (http, log) = answering(&[
        (
            200,
            r#"{"access_token":"a","expires_in":0,"refresh_token":"r2"}"#,
        ),
        (
            200,
            r#"{"access_token":"b","expires_in":0,"refresh_token":"r3"}"#,
        ),
        (400, r#"{"error":"invalid_grant"}"#),
    ]);
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = std::sync::Arc::clone(&told);
    let hands = ManualClock::at(std::time::UNIX_EPOCH);
    let auth = OAuth2::refresh_token(URL, "app", "r1")
        .on_token(move |token| {
            let refresh = token.refresh_token().map(|token| token.expose().to_owned());
            keep.lock().unwrap().push(refresh.unwrap());
        })
        .clock(tower_auth_core::Clock::new(hands.clone()))
        .http_client(http)
        .build()
        .unwrap();
    auth.token().await.unwrap();
    hands.advance(Duration::from_secs(1));
    auth.token().await.unwrap();
    hands.advance(Duration::from_secs(1));
    assert_eq!(*told.lock().unwrap(), ["r2", "r3"]);
    let error = auth.token().await.unwrap_err();
    let cause: &TokenError = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(cause.response().unwrap().error(), Some("invalid_grant"));
    let tokens: Vec<_> = log
        .bodies()
        .iter()
        .map(|body| body.contains("refresh_token=r"))
        .collect();
    assert!(tokens.iter().all(|sent| *sent));
    assert_eq!(
        log.bodies()[..3]
            .iter()
            .map(|b| &b[b.len() - 16..])
            .collect::<Vec<_>>(),
        ["r1&client_id=app", "r2&client_id=app", "r3&client_id=app",]
    );
}

#[tokio::test]
async fn a_token_exchange_is_that_of_rfc_8693() {
    // Section 2.3, but for the order of the parameters, which means nothing.
    let (http, log) = answering(&[(
        200,
        r#"{"access_token":"a","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":60}"#,
    )]);
    let client = ClientAuth::basic("rs08", "long-secure-random-secret").unwrap();
    let auth = OAuth2::token_exchange(URL, client, "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC")
        .resource("https://backend.example.com/api")
        .http_client(http.clone())
        .build()
        .unwrap();
    auth.token().await.unwrap();
    let sent = log.last();
    assert_eq!(
        sent.headers[AUTHORIZATION],
        "Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0"
    );
    assert_eq!(
        sent.body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&resource=https%3A%2F%2Fbackend.example.com\
         %2Fapi&subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC&subject_token_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
    );

    let auth = OAuth2::token_exchange(URL, ClientAuth::anonymous(), "")
        .subject_token_from(async || Ok(Secret::from("fresh")))
        .subject_token_type("urn:x")
        .actor_token("act", "urn:y")
        .requested_token_type("urn:z")
        .http_client(http)
        .build()
        .unwrap();
    auth.token().await.unwrap();
    assert!(log.last().body.ends_with(
        "&subject_token=fresh&subject_token_type=urn%3Ax&actor_token=act&actor_token_type=urn%3Ay\
         &requested_token_type=urn%3Az"
    ));
}

#[tokio::test]
async fn a_saml_assertion_is_sent_in_base64url() {
    let (http, log) = answering(&[TOKEN]);
    let auth = OAuth2::saml_bearer(URL, "<Assertion>?>~</Assertion>")
        .http_client(http)
        .build()
        .unwrap();
    auth.token().await.unwrap();
    assert_eq!(
        log.last().body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&assertion=PEFzc2VydGlvbj4_Pn48L0Fzc2VydGlvbj4"
    );
}

#[cfg(feature = "jwt")]
mod assertions {
    use super::*;
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use tower_auth_oauth2::{Algorithm, Assertion, SigningKey};

    fn claims(body: &str) -> Value {
        let assertion = form_urlencoded::parse(body.as_bytes())
            .find(|(name, _)| name == "assertion")
            .unwrap()
            .1;
        let payload = assertion.split('.').nth(1).unwrap();
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_assertion_is_signed_afresh_for_every_token() {
        let (http, log) = answering(&[(200, r#"{"access_token":"a","expires_in":0}"#)]);
        let key =
            SigningKey::from_secret(Algorithm::Hs256, "0123456789abcdef0123456789abcdef").unwrap();
        let hands = ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let auth = OAuth2::jwt_bearer(URL, Assertion::new(key).issuer("client-1"))
            .subject("alice")
            .scope("a b")
            .clock(tower_auth_core::Clock::new(hands.clone()))
            .http_client(http)
            .build()
            .unwrap();
        auth.token().await.unwrap();
        hands.advance(Duration::from_secs(5));
        auth.token().await.unwrap();
        let [first, second] = &log.bodies()[..] else {
            panic!()
        };
        assert!(first.starts_with(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey"
        ));
        assert!(first.ends_with("&scope=a+b"), "{first}");
        let (mut first, mut second) = (claims(first), claims(second));
        let ids = [first["jti"].take(), second["jti"].take()];
        assert_ne!(ids[0], ids[1]);
        assert_eq!(
            first,
            json!({"iss": "client-1", "sub": "alice", "aud": URL, "jti": null, "iat": 1_700_000_000, "exp": 1_700_000_300})
        );
        assert_eq!(second["iat"], 1_700_000_005);
    }

    #[tokio::test]
    async fn a_google_service_account_says_its_scope_in_the_assertion() {
        let pem = tests_key();
        let file = json!({
            "type": "service_account", "private_key_id": "kid-1", "private_key": pem,
            "client_email": "svc@proj.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
        });
        let (http, log) = answering(&[TOKEN]);
        let auth = OAuth2::google_service_account(file.to_string())
            .unwrap()
            .scope("https://www.googleapis.com/auth/cloud-platform")
            .subject("user@example.com")
            .http_client(http)
            .build()
            .unwrap();
        auth.token().await.unwrap();
        let sent = log.last();
        assert_eq!(sent.uri, "https://oauth2.googleapis.com/token");
        assert!(!sent.body.contains("&scope="), "{}", sent.body);
        let assertion = sent.body.split("assertion=").nth(1).unwrap();
        assert!(!assertion.contains("%3D"), "padding: {assertion}");
        let header = BASE64_URL_SAFE_NO_PAD
            .decode(assertion.split('.').next().unwrap())
            .unwrap();
        assert_eq!(header, br#"{"alg":"RS256","typ":"JWT","kid":"kid-1"}"#);
        let claims = claims(&sent.body);
        assert_eq!(
            claims["scope"],
            "https://www.googleapis.com/auth/cloud-platform"
        );
        assert_eq!(claims["sub"], "user@example.com");
        assert_eq!(claims["iss"], "svc@proj.iam.gserviceaccount.com");
        assert_eq!(claims["aud"], "https://oauth2.googleapis.com/token");
        let names: Vec<_> = claims.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 7, "{names:?}"); // and jti, iat, exp
        assert_eq!(
            claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
            3600
        );
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"type":"authorized_user"}"#,
            r#"{"type":"service_account","private_key":"x"}"#,
        ] {
            let error = OAuth2::google_service_account(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
        }
        let scopeless = OAuth2::google_service_account(file.to_string()).unwrap();
        let error = scopeless.build().unwrap_err();
        assert_eq!(error.parameter(), Some("scope"));
    }

    fn tests_key() -> String {
        use aws_lc_rs::{
            encoding::{AsDer as _, Pkcs8V1Der},
            rsa::{KeyPair, KeySize},
        };
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let text = base64::prelude::BASE64_STANDARD.encode(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }
}

#[tokio::test]
async fn a_way_of_the_users_own_is_asked_once_for_all() {
    let auth = OAuth2::from_fn(async || {
        Ok(TokenResponse::new("own").with_lifetime(Duration::from_secs(60)))
    })
    .token_in_query("access_token")
    .build()
    .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "own");
    let failing = OAuth2::from_fn(async || Err(AuthError::new(ErrorKind::Credentials, "why")))
        .build()
        .unwrap();
    assert_eq!(failing.token().await.unwrap_err().to_string(), "why");
}

#[tokio::test]
async fn the_token_may_be_in_another_field() {
    let (http, _) = answering(&[(200, r#"{"access_token":"a","id_token":"i"}"#)]);
    let auth = OAuth2::client_credentials(URL, "id", "s")
        .token_field_name("id_token")
        .http_client(http)
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "i");
}

#[test]
fn unusable_settings_are_refused_by_name() {
    let (http, _) = answering(&[TOKEN]);
    let refused = |error: AuthError| {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.parameter().unwrap()
    };
    let cc = |url: &str, id: &str, secret: &str| {
        OAuth2::client_credentials(url, id, secret).http_client(http.clone())
    };
    assert_eq!(refused(cc("", "i", "s").build().unwrap_err()), "token_url");
    assert_eq!(
        refused(cc("http://as.example/t", "i", "s").build().unwrap_err()),
        "token_url"
    );
    assert_eq!(refused(cc(URL, "", "s").build().unwrap_err()), "client_id");
    assert_eq!(
        refused(cc(URL, "i", "").build().unwrap_err()),
        "client_secret"
    );
    assert_eq!(
        refused(cc(URL, "i", "s").resource("relative").build().unwrap_err()),
        "resource"
    );
    assert_eq!(
        refused(
            cc(URL, "i", "s")
                .timeout(Duration::ZERO)
                .build()
                .unwrap_err()
        ),
        "timeout"
    );
    assert_eq!(
        refused(
            cc(URL, "i", "s")
                .token_template("Bearer")
                .build()
                .unwrap_err()
        ),
        "template"
    );
    assert_eq!(
        refused(cc(URL, "i", "s").token_field_name("").build().unwrap_err()),
        "token_field_name"
    );
    assert_eq!(
        refused(
            OAuth2::refresh_token(URL, "i", "")
                .http_client(http.clone())
                .build()
                .unwrap_err()
        ),
        "refresh_token"
    );
    #[cfg(feature = "password")]
    {
        let password = |user, password| {
            OAuth2::password(URL, user, password)
                .http_client(http.clone())
                .build()
                .unwrap_err()
        };
        assert_eq!(refused(password("", "p")), "username");
        assert_eq!(refused(password("u", "")), "password");
    }
}

/// What a client below the layer gets to send.
async fn carried<A>(auth: A, request: http::Request<Full<Bytes>>) -> http::Request<Full<Bytes>>
where
    A: Authorize<Full<Bytes>, Mode = Deferred> + Send + Sync + 'static,
    A::Acquire: Send,
    A::Credentials: Send + Sync,
{
    let echo = tower::service_fn(async |request| {
        Ok::<_, std::convert::Infallible>(http::Response::new(request))
    });
    let client = tower_auth_core::AuthLayer::new(auth).layer(echo);
    client.oneshot(request).await.unwrap().into_body()
}

#[tokio::test]
async fn the_token_goes_where_it_is_told_to() {
    let (http, _) = answering(&[(200, r#"{"access_token":"a/b"}"#)]);
    let builder = || OAuth2::client_credentials(URL, "id", "s").http_client(http.clone());
    let post = |body: &'static str| {
        http::Request::post("https://api.example/x")
            .body(Full::from(body))
            .unwrap()
    };

    let sent = carried(
        builder().token_template("Token {token}").build().unwrap(),
        post(""),
    )
    .await;
    assert_eq!(sent.headers()[AUTHORIZATION], "Token a/b");
    assert!(sent.headers()[AUTHORIZATION].is_sensitive());
    let sent = carried(builder().token_in_query("t").build().unwrap(), post("")).await;
    assert_eq!(sent.uri(), "https://api.example/x?t=a%2Fb");
    let header = builder()
        .token_in_header("x-token", "{token}")
        .build()
        .unwrap();
    let both = header
        + builder()
            .token_in_form_body("access_token")
            .build()
            .unwrap();
    let sent = carried(both, post("q=1")).await;
    assert_eq!(sent.headers()["x-token"], "a/b");
    assert!(sent.headers().get(AUTHORIZATION).is_none());
    let body = sent.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "q=1&access_token=a%2Fb");
}

#[tokio::test]
async fn a_callback_that_panics_costs_no_token() {
    let (http, _) = answering(&[TOKEN]);
    let builder = OAuth2::client_credentials(URL, "id", "s").http_client(http);
    let auth = builder.on_token(|_| panic!("a mistake")).build().unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a");
}

#[tokio::test]
async fn the_file_of_a_google_user_is_a_refresh_token_and_its_client() {
    let file =
        r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    let (http, log) = answering(&[TOKEN]);
    let auth = OAuth2::google_authorized_user(file).unwrap();
    auth.http_client(http)
        .build()
        .unwrap()
        .token()
        .await
        .unwrap();
    assert_eq!(log.last().uri, "https://oauth2.googleapis.com/token");
    assert_eq!(
        log.last().body,
        "grant_type=refresh_token&refresh_token=r&client_id=c&client_secret=s"
    );
    for bad in ["", "{}", r#"{"type":"authorized_user"}"#] {
        assert!(OAuth2::google_authorized_user(bad).is_err(), "{bad}");
    }
    #[cfg(feature = "jwt")]
    {
        let error = OAuth2::google_service_account(file).unwrap_err();
        assert!(
            error.to_string().contains("google_authorized_user"),
            "{error}"
        );
    }
}

#[test]
fn an_empty_secret_names_what_a_client_without_one_uses() {
    let error = OAuth2::client_credentials(URL, "id", "")
        .build()
        .unwrap_err();
    assert_eq!(error.parameter(), Some("client_secret"));
    assert!(error.to_string().contains("ClientAuth::public"), "{error}");
}

#[tokio::test]
async fn what_a_server_says_of_lifetime_and_type_can_be_set_right() {
    let (http, log) = answering(&[(
        200,
        r#"{"access_token":"a","token_type":"jwt-bearer","expires_in":0}"#,
    )]);
    let builder = || OAuth2::client_credentials(URL, "id", "s").http_client(http.clone());
    let refused = builder().build().unwrap().token().await.unwrap_err();
    assert!(
        refused.to_string().contains("bearer_token_type"),
        "{refused}"
    );
    let auth = builder()
        .bearer_token_type("JWT-Bearer")
        .token_lifetime(Duration::from_secs(600))
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(auth.token().await.unwrap().expose(), "a");
    }
    assert_eq!(log.all().len(), 2);
}

#[tokio::test]
async fn a_token_for_less_than_was_asked_for_is_used_unless_all_of_it_is_required() {
    let (http, _) = answering(&[(200, r#"{"access_token":"a","scope":"read"}"#)]);
    let builder = || {
        let builder = OAuth2::client_credentials(URL, "id", "s").scope("read write");
        builder.http_client(http.clone())
    };
    assert!(builder().build().unwrap().token().await.is_ok());
    let strict = builder().require_granted_scope().build().unwrap();
    let error = strict.token().await.unwrap_err();
    let cause = TokenError::of(&error).unwrap();
    assert_eq!(cause.kind(), TokenErrorKind::ScopeNotGranted);
    assert_eq!(cause.missing_scope(), Some("write"));
}
