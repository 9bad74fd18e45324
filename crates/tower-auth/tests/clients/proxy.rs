//! The stack inside an axum handler that passes requests on.

use crate::{BASIC, KEY, hyper::client, server::Server, stack};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use http_body_util::BodyExt;
use tower::{BoxError, ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

type Upstream = BoxCloneSyncService<Request, Response, BoxError>;

/// Passes everything on but `Host`, hop-by-hop headers included, to show what the layers leave alone.
async fn pass_on(
    State((origin, upstream)): State<(Uri, Upstream)>,
    mut request: Request,
) -> Result<Response, StatusCode> {
    let mut parts = origin.into_parts();
    parts.path_and_query = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| StatusCode::BAD_REQUEST)?;
    request.headers_mut().remove(header::HOST);
    let answer = upstream.oneshot(request).await;
    answer.map_err(|_| StatusCode::BAD_GATEWAY)
}

async fn proxy_to(upstream: &Server) -> Server {
    let stack = ServiceBuilder::new()
        .map_err(BoxError::from)
        .map_response(|response: http::Response<_>| response.map(Body::new))
        .service(stack(&upstream.origin, client::<Body>()));
    let stack = BoxCloneSyncService::new(stack);
    let router = Router::new()
        .fallback(pass_on)
        .with_state((upstream.origin.clone(), stack));
    Server::new(router).await
}

#[tokio::test]
async fn credentials_of_the_caller_are_overwritten_and_other_headers_pass() {
    let upstream = Server::echo().await;
    let proxy = proxy_to(&upstream).await;

    let mut sent = HeaderMap::new();
    for (name, value) in [
        (header::AUTHORIZATION, "Bearer of-the-caller"),
        (header::AUTHORIZATION, "Bearer another"),
        (
            header::HeaderName::from_static("x-api-key"),
            "of-the-caller",
        ),
        (header::PROXY_AUTHORIZATION, "Basic hop"),
        (header::CONNECTION, "te, x-hop"),
        (header::TE, "trailers"),
        (header::HeaderName::from_static("x-hop"), "1"),
        (header::COOKIE, "a=b"),
        (header::COOKIE, "c=d"),
        (header::ACCEPT, "text/plain"),
        (header::CONTENT_LENGTH, "4"),
    ] {
        sent.append(name, HeaderValue::from_static(value));
    }
    let mut request = Request::post(proxy.uri("/path?query"))
        .body(Body::from("text"))
        .unwrap();
    *request.headers_mut() = sent.clone();
    let response = client().request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "text");

    // The proxy saw what was sent, so the upstream server could have seen it, too.
    assert_eq!(proxy.only().all("authorization").len(), 2);
    let seen = upstream.only();
    assert_eq!(seen.target, "/path?query");
    let mut expected = sent;
    expected.insert(header::AUTHORIZATION, HeaderValue::from_static(BASIC));
    expected.insert("x-api-key", HeaderValue::from_static(KEY));
    let host = HeaderValue::from_str(upstream.authority()).unwrap();
    expected.insert(header::HOST, host);
    assert_eq!(seen.headers, expected);
}

#[tokio::test]
async fn the_answer_passes_untouched() {
    let upstream = Server::new(Router::new().fallback(async || {
        (
            StatusCode::UNAUTHORIZED,
            [
                ("www-authenticate", "Basic realm=\"upstream\""),
                ("x-custom", "1"),
            ],
            "no",
        )
    }))
    .await;
    let proxy = proxy_to(&upstream).await;
    let request = Request::get(proxy.uri("/")).body(Body::empty()).unwrap();
    let response = client().request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        response.headers()["www-authenticate"],
        "Basic realm=\"upstream\""
    );
    assert_eq!(response.headers()["x-custom"], "1");
    assert!(!response.headers().contains_key("authorization"));
    upstream.only().assert_credentials();
}
