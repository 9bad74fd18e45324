use super::*;
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
        move |request: Request<Full<Bytes>>| async move {
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
        let cause = error.source().unwrap().downcast_ref().unwrap();
        assert!(matches!(cause, TokenError::IssuerMismatch), "{cause:?}");
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
