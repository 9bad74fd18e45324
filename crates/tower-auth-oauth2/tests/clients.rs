//! Revocation, introspection, and providers: what they put on the wire, and what they make of answers.

mod support;

use std::{error::Error as _, time::Duration};
use support::answering;
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    ClientAuth, Introspection, Provider, Revocation, ServerMetadata, TokenError, TokenErrorKind,
    TokenHint,
};

fn cause(error: &AuthError) -> &TokenError {
    error.source().unwrap().downcast_ref().unwrap()
}

fn client() -> ClientAuth {
    ClientAuth::basic("s6BhdRkqt3", "gX1fBat3bV").unwrap()
}

#[tokio::test]
async fn a_token_is_revoked_as_in_rfc_7009() {
    // Section 2.1; the authentication is that of the example.
    let (http, log) = answering(&[(200, "whatever"), (503, ""), (400, "{}")]);
    let revocation = Revocation::new("https://server.example.com/revoke", client())
        .unwrap()
        .http_client(http);
    let hint = Some(TokenHint::RefreshToken);
    revocation
        .revoke("45ghiukldjahdnhzdauz", hint)
        .await
        .unwrap();
    let sent = log.last();
    assert_eq!(
        sent.body,
        "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token"
    );
    assert_eq!(
        sent.headers["authorization"],
        "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
    );
    let error = revocation.revoke("t", None).await.unwrap_err();
    assert!(cause(&error).is_transient());
    let error = revocation.revoke("t", None).await.unwrap_err();
    assert!(!cause(&error).is_transient());
}

#[tokio::test]
async fn an_answer_that_does_not_say_active_is_an_error_and_not_a_no() {
    let (http, log) = answering(&[
        (
            200,
            r#"{"active":true,"aud":["a","b"],"exp":1419356238,"scope":"read"}"#,
        ),
        (200, r#"{"active":false}"#),
        (200, r#"{"active":"true"}"#),
        (200, "{}"),
        (200, ""),
        (200, "<html>"),
        (401, r#"{"error":"invalid_client"}"#),
    ]);
    let server = Introspection::new("https://server.example.com/introspect", client())
        .unwrap()
        .http_client(http);
    let hint = Some(TokenHint::AccessToken);
    let good = server.introspect("mF_9.B5f-4.1JqM", hint).await.unwrap();
    assert_eq!(
        log.last().body,
        "token=mF_9.B5f-4.1JqM&token_type_hint=access_token"
    );
    assert!(good.is_active());
    assert_eq!(good.audience(), ["a", "b"]);
    assert_eq!(
        good.expires_at(),
        Some(std::time::UNIX_EPOCH + Duration::from_secs(1_419_356_238))
    );
    assert!(!server.introspect("t", None).await.unwrap().is_active());
    for _ in 0..4 {
        let error = server.introspect("t", None).await.unwrap_err();
        assert!(
            cause(&error).kind() == TokenErrorKind::Malformed,
            "{error:?}"
        );
    }
    let error = server.introspect("t", None).await.unwrap_err();
    assert_eq!(
        cause(&error).response().unwrap().error(),
        Some("invalid_client")
    );
}

#[tokio::test]
async fn providers_are_asked_where_they_are_for_what_they_want() {
    let (http, log) = answering(&[(200, r#"{"access_token":"a"}"#)]);
    let entra = Provider::entra("contoso.com").unwrap();
    let scheme = entra
        .client_credentials("id", "secret")
        .scope("https://graph.microsoft.com/.default");
    let scheme = scheme.http_client(http.clone()).build().unwrap();
    scheme.token().await.unwrap();
    let sent = log.last();
    assert_eq!(
        sent.uri,
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
    );
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );

    let okta = Provider::okta("example.okta.com", "default").unwrap();
    let scheme = okta.client_credentials_as(client()).scopes(["a", "b"]);
    let scheme = scheme.http_client(http.clone()).build().unwrap();
    scheme.token().await.unwrap();
    let sent = log.last();
    assert_eq!(sent.uri, "https://example.okta.com/oauth2/default/v1/token");
    assert_eq!(sent.body, "grant_type=client_credentials&scope=a+b");
    for unscoped in [
        okta.client_credentials("id", "secret"),
        entra.client_credentials_as(client()),
    ] {
        let error = unscoped.http_client(http.clone()).build().unwrap_err();
        assert_eq!(error.parameter(), Some("scope"));
    }

    #[cfg(feature = "password")]
    {
        let scheme = okta.password("u", "p", client());
        let scheme = scheme.http_client(http).build().unwrap();
        scheme.token().await.unwrap();
        let sent = log.last();
        assert_eq!(
            sent.body,
            "grant_type=password&username=u&password=p&scope=openid"
        );
        assert_eq!(
            sent.headers["authorization"],
            "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
        );
    }
}

#[tokio::test]
async fn what_was_discovered_is_called() {
    let (http, log) = answering(&[
        (
            200,
            r#"{"issuer":"https://as.example","token_endpoint":"https://tokens.example/t",
               "revocation_endpoint":"https://as.example/r","introspection_endpoint":"https://as.example/i"}"#,
        ),
        (200, r#"{"access_token":"a","active":true}"#),
    ]);
    let server = ServerMetadata::discover("https://as.example", &http)
        .await
        .unwrap();
    let scheme = server.client_credentials(client()).unwrap();
    let scheme = scheme.http_client(http.clone()).build().unwrap();
    let token = scheme.token().await.unwrap();
    let introspection = server.introspection(client()).unwrap();
    assert!(
        introspection
            .introspect(&token, None)
            .await
            .unwrap()
            .is_active()
    );
    let revocation = server.revocation(client()).unwrap();
    revocation.revoke(token, None).await.unwrap();
    let called: Vec<_> = log.all().into_iter().map(|sent| sent.uri).collect();
    assert_eq!(
        called,
        [
            "https://as.example/.well-known/oauth-authorization-server",
            "https://tokens.example/t",
            "https://as.example/i",
            "https://as.example/r",
        ]
    );
    assert!(log.all()[0].headers.get("authorization").is_none());
}

#[tokio::test]
async fn a_server_that_was_discovered_is_asked_by_the_client_that_discovered_it() {
    let (http, log) = answering(&[
        (
            200,
            r#"{"issuer":"http://localhost:7","token_endpoint":"http://localhost:7/token",
               "revocation_endpoint":"http://localhost:7/r","introspection_endpoint":"http://localhost:7/i"}"#,
        ),
        (200, r#"{"access_token":"a","active":true}"#),
    ]);
    let found = |discovery: tower_auth_oauth2::Discovery| discovery.http_client(http.clone());
    let discovery = ServerMetadata::discovery("http://localhost:7");
    let refused = found(discovery.clone()).discover().await.unwrap_err();
    assert_eq!(refused.parameter(), Some("issuer"));
    let server = found(discovery).allow_localhost().discover().await.unwrap();
    let client = ClientAuth::public("id").unwrap();
    let auth = server.client_credentials(client).unwrap().build().unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a");
    assert_eq!(log.last().uri, "http://localhost:7/token");
    let client = || ClientAuth::public("id").unwrap();
    let introspection = server.introspection(client()).unwrap();
    assert!(
        introspection
            .introspect("a", None)
            .await
            .unwrap()
            .is_active()
    );
    assert_eq!(log.last().uri, "http://localhost:7/i");
    let revocation = server.revocation(client()).unwrap();
    revocation.revoke("a", None).await.unwrap();
    assert_eq!(log.last().uri, "http://localhost:7/r");
}

#[test]
fn the_metadata_of_an_https_issuer_cannot_send_a_secret_anywhere_in_the_clear() {
    let issuer = "https://as.example";
    for insecure in [
        "http://127.0.0.1:9/token",
        "http://as.example/token",
        "HTTP://[::1]/",
        "ftp://as.example",
    ] {
        let names = [
            "token_endpoint",
            "authorization_endpoint",
            "device_authorization_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
        ];
        let mut document = serde_json::json!({"issuer": issuer});
        for name in names {
            document[name] = insecure.into();
            document["mtls_endpoint_aliases"][name] = insecure.into();
        }
        let server = ServerMetadata::parse(issuer, document.to_string()).unwrap();
        for server in [server.clone(), server.for_mutual_tls()] {
            let client = ClientAuth::post("id", "s").unwrap();
            let error = server.client_credentials(client.clone()).unwrap_err();
            let kind = TokenError::of(&error).unwrap().kind();
            assert_eq!(kind, TokenErrorKind::InsecureEndpoint);
            assert!(error.to_string().contains("token_endpoint"), "{error}");
            assert!(server.device_authorization("id").is_err());
            for error in [
                server.revocation(client.clone()).unwrap_err(),
                server.introspection(client).unwrap_err(),
            ] {
                let kind = TokenError::of(&error).unwrap().kind();
                assert_eq!(kind, TokenErrorKind::InsecureEndpoint);
            }
            assert_eq!(server.token_endpoint(), None);
            assert_eq!(server.authorization_endpoint(), None);
        }
    }
}

#[cfg(not(feature = "client"))]
#[tokio::test]
async fn without_a_client_nothing_is_sent_and_the_error_says_what_is_missing() {
    let url = "https://server.example.com";
    let asked = Introspection::new(url, client()).unwrap();
    let error = asked.introspect("t", None).await.unwrap_err();
    assert_eq!(error.parameter(), Some("http_client"));
    let revocation = Revocation::new(url, client()).unwrap();
    let error = revocation.revoke("t", None).await.unwrap_err();
    assert_eq!(error.parameter(), Some("http_client"));
}
