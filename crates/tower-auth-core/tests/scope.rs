//! Scope: credentials stay with their origins, under redirects too, and never go out in the clear.

mod support;

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use support::{Body, Numbered, echo, get, seen};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_auth_core::{
    Basic, Bearer, Error, ErrorKind, HeaderApiKey, NoAuth, QueryApiKey, RequestAuth, SchemeExt,
};
use tower_http::follow_redirect::{FollowRedirectLayer, policy};

/// a.example redirects to itself, and then to evil.example; writes down what each host saw.
#[derive(Clone, Debug, Default)]
struct Net(Arc<Mutex<Vec<Seen>>>);

/// Host and path, and whether `Authorization`, the header key and the query key were there.
type Seen = (String, bool, bool, bool);

impl Net {
    fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}

impl Service<Request<Body>> for Net {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let host = request.uri().host().unwrap();
        let path = request.uri().path();
        self.0.lock().unwrap().push((
            format!("{host}{path}"),
            request.headers().contains_key(AUTHORIZATION),
            request.headers().contains_key("x-api-key"),
            request.uri().query().unwrap_or("").contains("query-key"),
        ));
        let mut response = Response::new(Body::default());
        let next = match (host, path) {
            ("a.example", "/") => Some("/next"),
            ("a.example", "/next") => Some("https://evil.example/"),
            _ => None,
        };
        if let Some(next) = next {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response
                .headers_mut()
                .insert("location", next.parse().unwrap());
        }
        ready(Ok(response))
    }
}

fn saw(place: &str, authorization: bool, header: bool, query: bool) -> Seen {
    (place.to_owned(), authorization, header, query)
}

macro_rules! sum {
    () => {
        Basic::new("user", "password").unwrap()
            + HeaderApiKey::new("header-key").unwrap()
            + QueryApiKey::new("query-key").unwrap()
    };
}

#[tokio::test]
async fn inside_follow_redirect_no_credential_reaches_another_origin() {
    let net = Net::default();
    let service = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(sum!().only_to("https://a.example").unwrap())
        .service(net.clone());
    service.oneshot(get("https://a.example/")).await.unwrap();
    assert_eq!(
        net.seen(),
        [
            saw("a.example/", true, true, true),
            saw("a.example/next", true, true, true), // the same origin: authenticated afresh
            saw("evil.example/", false, false, false),
        ]
    );
}

#[tokio::test]
async fn inside_follow_redirect_a_fetched_token_does_not_reach_another_origin_either() {
    let net = Net::default();
    let service = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(Numbered::default().only_to("https://a.example").unwrap())
        .service(net.clone());
    service.oneshot(get("https://a.example/")).await.unwrap();
    let authorized: Vec<_> = net.seen().into_iter().map(|seen| seen.1).collect();
    assert_eq!(authorized, [true, true, false]);
}

/// The order that the docs warn of. If a release of tower-http stops the leak, this test tells us to say so.
#[tokio::test]
async fn outside_follow_redirect_an_api_key_in_a_header_leaks() {
    let net = Net::default();
    let service = ServiceBuilder::new()
        .layer(sum!().only_to("https://a.example").unwrap())
        .layer(FollowRedirectLayer::new())
        .service(net.clone());
    service.oneshot(get("https://a.example/")).await.unwrap();
    assert_eq!(
        net.seen(),
        [
            saw("a.example/", true, true, true),
            saw("a.example/next", true, true, false),
            saw("evil.example/", false, true, false),
        ]
    );
}

#[tokio::test]
async fn nothing_goes_out_in_the_clear_but_to_this_machine() {
    let service = sum!().layer(service_fn(echo::<Body>));
    for uri in [
        "https://h/",
        "http://localhost:8080/",
        "http://127.0.0.2/",
        "http://[::1]:3000/",
    ] {
        let response = service.clone().oneshot(get(uri)).await.unwrap();
        assert!(seen(&response, "authorization").is_some(), "{uri}");
    }
    for uri in [
        "http://example.com/",
        "http://localhost.example.com/",
        "http://10.0.0.1/",
    ] {
        let error = service.clone().oneshot(get(uri)).await.unwrap_err();
        assert!(matches!(error, Error::Auth(error) if error.kind() == ErrorKind::Insecure));
    }
    let service = sum!()
        .danger_allow_plaintext()
        .layer(service_fn(echo::<Body>));
    let response = service.oneshot(get("http://example.com/")).await.unwrap();
    assert!(seen(&response, "authorization").is_some());
}

#[tokio::test]
async fn a_request_that_does_not_say_where_it_goes_is_an_error() {
    let service = sum!().layer(service_fn(echo::<Body>));
    let error = service
        .oneshot(get("/pkg.Service/Method"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Auth(error) if error.kind() == ErrorKind::NoOrigin));
}

#[tokio::test]
async fn a_request_can_opt_out_or_bring_its_own_credentials() {
    let numbered = Numbered::default();
    let service = (numbered.clone() + HeaderApiKey::new("header-key").unwrap())
        .only_to("https://h")
        .unwrap()
        .layer(service_fn(echo::<Body>));

    let mut request = get("https://h/");
    request.extensions_mut().insert(NoAuth);
    let response = service.clone().oneshot(request).await.unwrap();
    assert_eq!(seen(&response, "authorization"), None);
    assert_eq!(seen(&response, "x-api-key"), None);

    let alice = RequestAuth::new(Bearer::new("alice").unwrap());
    assert!(!format!("{alice:?}").contains("alice"));
    for (uri, sent) in [
        ("https://h/", Some("Bearer alice")),
        ("https://other/", None),
    ] {
        let mut request = get(uri);
        request.extensions_mut().insert(alice.clone());
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(seen(&response, "authorization").as_deref(), sent);
        assert_eq!(seen(&response, "x-api-key"), None); // instead of everything
    }
    assert_eq!(numbered.issued(), 0, "no token was fetched for any of them");

    // The same over the service of fixed credentials.
    let service = Basic::new("user", "password")
        .unwrap()
        .layer(service_fn(echo::<Body>));
    let mut request = get("https://h/");
    request.extensions_mut().insert(alice);
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(seen(&response, "authorization").unwrap(), "Bearer alice");
}

/// Why the opt-out is a convenience and not a wall.
#[tokio::test]
async fn a_redirect_to_another_origin_forgets_the_opt_out_unless_told() {
    async fn keyed_at_evil(
        layer: FollowRedirectLayer<impl policy::Policy<Body, Error<Infallible>> + Clone>,
    ) -> bool {
        let net = Net::default();
        let service = ServiceBuilder::new()
            .layer(layer)
            .layer(HeaderApiKey::new("header-key").unwrap())
            .service(net.clone());
        let mut request = get("https://a.example/");
        request.extensions_mut().insert(NoAuth);
        service.oneshot(request).await.unwrap();
        net.seen().last().unwrap().2
    }
    assert!(keyed_at_evil(FollowRedirectLayer::new()).await);
    let keep = policy::FilterCredentials::new().allow_extension::<NoAuth>();
    assert!(!keyed_at_evil(FollowRedirectLayer::with_policy(keep)).await);
}
