use super::*;
use crate::ClientAuth;
use crate::TokenErrorKind;
use crate::{HttpClient, TokenError, well_known_urls};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use std::{convert::Infallible, error::Error as _};

#[test]
fn metadata_are_looked_for_where_the_rfcs_put_them() {
    assert_eq!(
        well_known_urls("https://example.com").unwrap(),
        [
            "https://example.com/.well-known/oauth-authorization-server",
            "https://example.com/.well-known/openid-configuration",
        ]
    );
    for issuer in [
        "https://example.com/issuer1",
        "https://example.com/issuer1/",
    ] {
        assert_eq!(
            well_known_urls(issuer).unwrap(),
            [
                "https://example.com/.well-known/oauth-authorization-server/issuer1",
                "https://example.com/issuer1/.well-known/openid-configuration",
                "https://example.com/.well-known/openid-configuration/issuer1",
            ]
        );
    }
    assert!(well_known_urls("https://example.com?x").is_err());
    assert!(well_known_urls("example.com").is_err());
}

fn server(path: &'static str, document: &'static str) -> HttpClient {
    HttpClient::new(tower::service_fn(
        move |request: Request<tower_auth_http::Body>| async move {
            let found = request.uri().path() == path;
            let (status, body) = if found {
                (200, document)
            } else {
                (404, "<html>")
            };
            Ok::<_, Infallible>(
                Response::builder()
                    .status(status)
                    .body(Full::<Bytes>::from(body))
                    .unwrap(),
            )
        },
    ))
}

#[tokio::test]
async fn the_document_may_be_in_any_of_these_places_and_has_to_name_its_issuer() {
    for path in [
        "/.well-known/oauth-authorization-server/a",
        "/a/.well-known/openid-configuration",
        "/.well-known/openid-configuration/a",
    ] {
        let client = server(
            path,
            r#"{"issuer":"https://as.example/a","token_endpoint":"https://as.example/t"}"#,
        );
        let found = ServerMetadata::discover("https://as.example/a", &client)
            .await
            .unwrap();
        assert_eq!(found.token_endpoint(), Some("https://as.example/t"));
        assert_eq!(found.token_endpoint_auth_methods(), ["client_secret_basic"]);
        assert!(
            found
                .client_credentials(ClientAuth::anonymous())
                .unwrap()
                .http_client(client.clone())
                .build()
                .is_ok()
        );
        assert!(found.device_authorization("tv").is_err());

        let error = ServerMetadata::discover("https://as.example/a/", &client)
            .await
            .unwrap_err();
        let cause = TokenError::of(&error).unwrap();
        assert!(cause.kind() == TokenErrorKind::IssuerMismatch, "{cause:?}");
        // The usual mistake is a slash.
        assert!(
            cause.to_string().contains("`https://as.example/a`"),
            "{cause}"
        );
    }
    let error = ServerMetadata::discover("http://as.example", &server("/", "{}"))
        .await
        .unwrap_err();
    assert_eq!(error.parameter(), Some("issuer"));
    assert!(
        ServerMetadata::discover("https://as.example", &server("/", "{}"))
            .await
            .is_err()
    );
}

/// As Entra answers for `organizations`.
const ENTRA: &str = r#"{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0",
    "token_endpoint":"https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
    "device_authorization_endpoint":"https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode"}"#;

#[tokio::test]
async fn entras_document_for_several_tenants_is_taken_when_it_is_asked_for_and_not_otherwise() {
    let path = "/organizations/v2.0/.well-known/openid-configuration";
    let client = server(path, ENTRA);
    let provider = crate::Provider::entra("organizations").unwrap();
    let found = provider.discover(&client).await.unwrap();
    assert!(found.device_authorization_endpoint().is_some());
    assert_eq!(
        found.issuer(),
        Some("https://login.microsoftonline.com/{tenantid}/v2.0")
    );

    let mismatch = |error: AuthError| {
        let cause = error.source().unwrap().downcast_ref();
        cause.map(TokenError::kind) == Some(TokenErrorKind::IssuerMismatch)
    };
    let error = ServerMetadata::discover(provider.issuer(), &client).await;
    assert!(mismatch(error.unwrap_err()));

    let url = format!("https://login.microsoftonline.com{path}");
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let at = ServerMetadata::discover_at(&url, template, &client).await;
    assert_eq!(at.unwrap(), found);
    let error = ServerMetadata::discover_at(&url, "https://as.example", &client).await;
    assert!(mismatch(error.unwrap_err()));
    let error = ServerMetadata::discover_at("http://as.example/x", template, &client).await;
    assert_eq!(error.unwrap_err().parameter(), Some("metadata_url"));
}

#[tokio::test]
async fn a_page_for_everything_does_not_hide_the_document() {
    let client = HttpClient::new(tower::service_fn(
        async |request: Request<tower_auth_http::Body>| {
            let body = match request.uri().path() {
                "/a/.well-known/openid-configuration" => {
                    r#"{"issuer":"https://as.example/a","token_endpoint":"https://as.example/t"}"#
                }
                _ => "<!doctype html>",
            };
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(body)))
        },
    ));
    assert!(
        ServerMetadata::discover("https://as.example/a", &client)
            .await
            .is_ok()
    );
    let error = ServerMetadata::discover("https://as.example/b", &client)
        .await
        .unwrap_err();
    let cause = TokenError::of(&error).unwrap();
    assert_eq!(cause.kind(), TokenErrorKind::Malformed, "{cause:?}");
}

#[test]
fn a_client_with_a_certificate_goes_where_such_clients_are_expected() {
    // RFC 8705 section 5
    let document = r#"{"issuer":"https://server.example.com","token_endpoint":"https://server.example.com/token",
        "revocation_endpoint":"https://server.example.com/revo",
        "mtls_endpoint_aliases":{"issuer":"https://other.example","token_endpoint":"https://mtls.example.com/token"}}"#;
    let server = ServerMetadata::parse("https://server.example.com", document).unwrap();
    assert_eq!(
        server.token_endpoint(),
        Some("https://server.example.com/token")
    );
    let server = server.for_mutual_tls();
    assert_eq!(
        server.token_endpoint(),
        Some("https://mtls.example.com/token")
    );
    assert_eq!(
        server.revocation_endpoint(),
        Some("https://server.example.com/revo")
    );
    assert_eq!(server.issuer(), Some("https://server.example.com"));
}

#[tokio::test]
async fn endpoints_in_the_clear_are_refused_wherever_they_were_found() {
    let document = r#"{"issuer":"http://127.0.0.1","token_endpoint":"http://as.example/t",
        "revocation_endpoint":"http://as.example/r","introspection_endpoint":"http://as.example/i"}"#;
    let mut server = ServerMetadata::parse("http://127.0.0.1", document).unwrap();
    server.reached.http = Some(self::server("/", "{}"));
    let auth = ClientAuth::anonymous;
    let errors = [
        server
            .client_credentials(auth())
            .unwrap()
            .build()
            .unwrap_err(),
        server.revocation(auth()).unwrap_err(),
        server.introspection(auth()).unwrap_err(),
    ];
    let parameters = errors.each_ref().map(AuthError::parameter);
    assert_eq!(
        parameters,
        [
            Some("token_url"),
            Some("revocation_url"),
            Some("introspection_url")
        ]
    );
}
