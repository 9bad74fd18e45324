//! Layers of tower and tower-http above a scheme and below it: both orders compile, and whatever error arrives has the one
//! that was the cause in it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use std::{future::ready, io, time::Duration};
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt,
    buffer::BufferLayer,
    limit::{ConcurrencyLimitLayer, RateLimitLayer},
    load_shed::{LoadShedLayer, error::Overloaded},
    retry::{Policy, RetryLayer},
    service_fn,
    timeout::{TimeoutLayer, error::Elapsed},
    util::{BoxCloneService, BoxCloneSyncService, BoxService, MapErrLayer},
};
use tower_auth::{AuthError, Basic, BoxScheme, ErrorKind, SchemeExt, Schemes, cause_of};
use tower_http::{
    decompression::DecompressionLayer, follow_redirect::FollowRedirectLayer,
    request_id::PropagateRequestIdLayer, sensitive_headers::SetSensitiveRequestHeadersLayer,
    set_header::SetRequestHeaderLayer, trace::TraceLayer,
};

type Body = Full<Bytes>;

const WORKS: &str = "https://api.example.com/";
const FAILS: &str = "https://api.example.com/fails";
const HANGS: &str = "https://api.example.com/hangs";
const NOWHERE: &str = "/no-origin";

/// A client, with an error of its own type.
#[derive(Clone)]
struct Client;

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, io::Error>> + Send + Sync>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), io::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(request.headers().contains_key("authorization"));
        match request.uri().path() {
            "/fails" => Box::pin(ready(Err(io::ErrorKind::HostUnreachable.into()))),
            "/hangs" => Box::pin(std::future::pending()),
            _ => Box::pin(ready(Ok(Response::default()))),
        }
    }
}

fn request(uri: &'static str) -> Request<Body> {
    let mut request = Request::default();
    *request.uri_mut() = Uri::from_static(uri);
    request
}

/// Credentials that never change.
macro_rules! fixed {
    () => {
        Basic::new("user", "password")
            .unwrap()
            .only_to("https://api.example.com")
            .unwrap()
    };
}

/// Credentials that might have to be waited for: their service clones the one below.
macro_rules! deferred {
    () => {{
        let basic = BoxScheme::new(Basic::new("user", "password").unwrap());
        Schemes::<Body>::new([basic])
            .unwrap()
            .only_to("https://api.example.com")
            .unwrap()
    }};
}

/// What becomes of a request, by `?` on whatever error the stack has.
macro_rules! outcome {
    ($stack:expr, $uri:expr) => {
        async {
            let mut stack = $stack;
            let response = stack.ready().await?.call(request($uri)).await?;
            Ok::<StatusCode, BoxError>(response.status())
        }
        .await
    };
}

/// The error of the client, that of the scheme, and a success, all through this stack.
macro_rules! check {
    ($stack:expr) => {
        assert_eq!(outcome!($stack, WORKS).unwrap(), StatusCode::OK);
        let error = outcome!($stack, FAILS).unwrap_err();
        let cause = cause_of::<io::Error>(&*error).expect("the error of the client");
        assert_eq!(cause.kind(), io::ErrorKind::HostUnreachable);
        assert!(AuthError::of(&*error).is_none());
        let error = outcome!($stack, NOWHERE).unwrap_err();
        let cause = AuthError::of(&*error).expect("the error of the scheme");
        assert_eq!(cause.kind(), ErrorKind::NoOrigin);
    };
}

/// A layer above a scheme, below it, and on both sides.
macro_rules! every_order {
    ($layer:expr, over $($scheme:ident),+) => {$(
        check!(ServiceBuilder::new().layer($layer).layer($scheme!()).service(Client));
        check!(ServiceBuilder::new().layer($scheme!()).layer($layer).service(Client));
        check!(ServiceBuilder::new().layer($layer).layer($scheme!()).layer($layer).service(Client));
    )+};
}

const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_secs(60);

/// Never tries again.
#[derive(Clone)]
struct Once;

impl<T, E> Policy<Request<Body>, T, E> for Once {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut Request<Body>, _: &mut Result<T, E>) -> Option<Self::Future> {
        None
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn layers_of_tower_go_above_and_below() {
    every_order!(TimeoutLayer::new(LATE), over fixed, deferred);
    every_order!(BufferLayer::<Request<Body>>::new(4), over fixed, deferred);
    every_order!(ConcurrencyLimitLayer::new(4), over fixed, deferred);
    every_order!(RateLimitLayer::new(100, LATE), over fixed);
    every_order!(LoadShedLayer::new(), over fixed, deferred);
    every_order!(RetryLayer::new(Once), over fixed, deferred);
    every_order!(BoxService::layer(), over fixed);
    every_order!(BoxCloneService::layer(), over fixed, deferred);
    every_order!(BoxCloneSyncService::layer(), over fixed, deferred);
    every_order!(MapErrLayer::new(BoxError::from), over fixed, deferred);
}

#[tokio::test]
async fn layers_of_tower_http_go_above_and_below() {
    static X: HeaderName = HeaderName::from_static("x-request-id");
    every_order!(TraceLayer::new_for_http(), over fixed, deferred);
    every_order!(DecompressionLayer::new(), over fixed, deferred);
    every_order!(FollowRedirectLayer::new(), over fixed, deferred);
    every_order!(
        tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, LATE),
        over fixed, deferred
    );
    every_order!(
        SetRequestHeaderLayer::overriding(X.clone(), HeaderValue::from_static("1")),
        over fixed, deferred
    );
    every_order!(SetSensitiveRequestHeadersLayer::new([X.clone()]), over fixed, deferred);
    every_order!(PropagateRequestIdLayer::new(X.clone()), over fixed, deferred);
}

#[tokio::test]
async fn what_a_layer_says_itself_is_found_in_every_order() {
    let timeout = || TimeoutLayer::new(SOON);
    for error in [
        outcome!(
            ServiceBuilder::new()
                .layer(timeout())
                .layer(fixed!())
                .service(Client),
            HANGS
        ),
        outcome!(
            ServiceBuilder::new()
                .layer(fixed!())
                .layer(timeout())
                .service(Client),
            HANGS
        ),
        outcome!(
            ServiceBuilder::new()
                .layer(deferred!())
                .layer(timeout())
                .service(Client),
            HANGS
        ),
        outcome!(
            ServiceBuilder::new()
                .buffer(4)
                .layer(deferred!())
                .layer(timeout())
                .layer(fixed!())
                .service(Client),
            HANGS
        ),
    ] {
        let error = error.unwrap_err();
        assert!(cause_of::<Elapsed>(&*error).is_some(), "{error:?}");
        assert_eq!(error.to_string(), "request timed out");
    }

    let busy = || {
        let never_ready =
            service_fn(|_: Request<Body>| ready(Ok::<_, io::Error>(Response::<Body>::default())));
        ServiceBuilder::new()
            .load_shed()
            .concurrency_limit(0)
            .service(never_ready)
    };
    let error = outcome!(ServiceBuilder::new().layer(fixed!()).service(busy()), WORKS).unwrap_err();
    assert!(cause_of::<Overloaded>(&*error).is_some(), "{error:?}");
    let error = outcome!(
        ServiceBuilder::new().layer(deferred!()).service(busy()),
        WORKS
    )
    .unwrap_err();
    assert!(cause_of::<Overloaded>(&*error).is_some(), "{error:?}");
}

#[tokio::test]
async fn a_boxed_error_below_comes_out_as_it_was() {
    let stack = ServiceBuilder::new()
        .layer(fixed!())
        .layer(TimeoutLayer::new(SOON))
        .service(Client);
    let error: tower_auth::Error<BoxError> = stack.oneshot(request(HANGS)).await.unwrap_err();
    assert!(error.into_boxed().downcast::<Elapsed>().is_ok());
}
