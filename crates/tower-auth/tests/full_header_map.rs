//! A request that has as many headers as one can have: whoever has to add one says so, and nobody panics.
#![cfg(feature = "full")]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use std::{convert::Infallible, future::ready};
use tower::{Layer, ServiceExt, service_fn};
use tower_auth::{
    Basic, Bearer, BoxScheme, Error, ErrorKind, HeaderApiKey, SchemeExt, Schemes,
    aws::{Credentials, SigV4},
    digest::Digest,
    graphql,
    netrc::Netrc,
    oauth1::OAuth1,
    oauth2::{self, Algorithm, HttpClient, OAuth2, SigningKey},
    replay::Cloned,
};

type Body = Full<Bytes>;

/// As many names as a map takes.
fn full() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for number in 0.. {
        let name = HeaderName::try_from(format!("x-{number}")).unwrap();
        if headers.try_insert(name, HeaderValue::from(0)).is_err() {
            assert_eq!(headers.len(), 24_576);
            break;
        }
    }
    headers
}

/// A token endpoint that is always satisfied.
fn issuer(token_type: &'static str) -> HttpClient {
    HttpClient::new(service_fn(move |_: Request<oauth2::Body>| {
        let json =
            format!(r#"{{"access_token":"a","token_type":"{token_type}","expires_in":600}}"#);
        let answer = Response::builder().header("content-type", "application/json");
        ready(Ok::<_, Infallible>(answer.body(Body::from(json)).unwrap()))
    }))
}

fn schemes() -> Vec<(&'static str, BoxScheme<Body>)> {
    let oauth2 = || OAuth2::client_credentials("https://as.example/token", "id", "secret");
    let bearer = oauth2().http_client(issuer("Bearer")).build().unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let dpop = oauth2().dpop(key).http_client(issuer("DPoP"));
    let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
    let netrc = Netrc::parse("default login user password secret").unwrap();
    vec![
        (
            "Basic",
            BoxScheme::new(Basic::new("user", "secret").unwrap()),
        ),
        ("Bearer", BoxScheme::new(Bearer::new("token").unwrap())),
        (
            "HeaderApiKey",
            BoxScheme::new(HeaderApiKey::new("key").unwrap()),
        ),
        (
            "Digest",
            BoxScheme::new(Digest::new("user", "secret").unwrap()),
        ),
        ("Netrc", BoxScheme::new(netrc)),
        (
            "OAuth1",
            BoxScheme::new(OAuth1::new("id", "secret").unwrap()),
        ),
        ("OAuth2", BoxScheme::new(bearer)),
        ("OAuth2, DPoP", BoxScheme::new(dpop.build().unwrap())),
        (
            "SigV4",
            BoxScheme::new(SigV4::new("s3", "eu-west-1", credentials).unwrap()),
        ),
    ]
}

#[tokio::test]
async fn every_scheme_refuses_a_request_that_has_no_room_for_its_header() {
    let server = service_fn(|_: Request<Body>| {
        let challenge = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
        let answer = Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header("www-authenticate", challenge);
        ready(Ok::<_, Infallible>(answer.body(Body::default()).unwrap()))
    });
    for (name, scheme) in schemes() {
        let auth = Schemes::new([scheme]).unwrap();
        let auth = auth.only_to("https://api.example.com").unwrap();
        let client = auth.replay(Cloned).layer(server); // Digest answers in the second request
        let mut request = Request::new(Body::default());
        *request.uri_mut() = "https://api.example.com/orders".parse().unwrap();
        *request.headers_mut() = full();
        match client.oneshot(request).await {
            Err(Error::Auth(error)) => assert_eq!(error.kind(), ErrorKind::Request, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_graphql_request_that_asks_for_more_headers_than_there_can_be_is_refused() {
    let server = service_fn(|_: Request<graphql::Body>| {
        ready(Ok::<_, Infallible>(Response::new(Body::default())))
    });
    let builder = || graphql::Client::builder("https://api.example.com/graphql").unwrap();
    let names = || {
        full()
            .into_iter()
            .filter_map(|(name, value)| Some((name?, value)))
    };
    let of_the_client = names()
        .fold(builder(), |builder, (name, value)| {
            builder.header(name, value)
        })
        .build(server);
    let plain = builder().build(server);
    let mut of_the_request = graphql::Request::new("{ a }");
    let mut of_the_call = plain.query("{ a }");
    for (name, value) in names() {
        of_the_request = of_the_request.header(name.clone(), value.clone());
        of_the_call = of_the_call.header(name, value);
    }
    for call in [
        of_the_client.query("{ a }"),
        plain.request(of_the_request),
        of_the_call,
    ] {
        let error = call.send::<()>().await.unwrap_err();
        assert_eq!(error.kind(), graphql::ErrorKind::Request, "{error}");
    }
}
