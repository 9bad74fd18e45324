//! Credentials that are fetched: tower's contract, replay, and what a scheme sees of responses.

mod support;

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt as _;
use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::atomic::Ordering,
    task::{Context, Poll},
    time::Duration,
};
use support::{Body, Numbered, Strict, get, seen};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    retry::{Policy, RetryLayer},
    service_fn,
};
use tower_auth_core::{
    Basic, BoxScheme, ByOrigin, Error, ErrorKind, HeaderApiKey, NotAuthenticated, QueryApiKey,
    SchemeExt, Schemes, replay::Cloned,
};

async fn status<S>(service: S) -> StatusCode
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: std::fmt::Debug,
{
    service.oneshot(get("https://h/")).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_credentials_and_later_ones_do_not() {
    let numbered = Numbered::default();
    let service = numbered.layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    let started = tokio::time::Instant::now();
    assert_eq!(status(service).await, StatusCode::OK);
    assert!(started.elapsed().is_zero());
    assert_eq!(numbered.issued(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_is_the_error_of_the_response_and_the_service_lives_on() {
    let numbered = Numbered::default();
    numbered.0.broken.store(1, Ordering::SeqCst);
    let mut service = numbered.layer(numbered.server());
    let error = service.ready().await.unwrap().call(get("https://h/")).await;
    assert!(matches!(error, Err(Error::Auth(error)) if error.kind() == ErrorKind::Credentials));
    numbered.0.broken.store(0, Ordering::SeqCst);
    let response = service.ready().await.unwrap().call(get("https://h/")).await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_request_sent_once_more() {
    let numbered = Numbered::default();
    let service = numbered.clone().replay(Cloned).layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    numbered.revoke(1);
    let all: Vec<_> = (0..50)
        .map(|_| {
            let request = Request::post("https://h/")
                .body(Body::from("body"))
                .unwrap();
            tokio::spawn(service.clone().oneshot(request))
        })
        .collect();
    for one in all {
        let response = one.await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(seen(&response, "authorization").unwrap(), "Bearer t2");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "body");
    }
    assert_eq!(numbered.issued(), 2);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_third_try() {
    let numbered = Numbered::default();
    numbered.revoke(1_000_000);
    let service = numbered.clone().replay(Cloned).layer(numbered.server());
    assert_eq!(status(service).await, StatusCode::UNAUTHORIZED);
    assert_eq!(numbered.issued(), 2);
    assert_eq!(numbered.0.observed.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_once_unless_asked_and_when_its_body_cannot_be_copied() {
    let numbered = Numbered::default();
    numbered.revoke(1_000_000);
    assert_eq!(
        status(numbered.layer(numbered.server())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(numbered.issued(), 1);
    let stream = numbered.clone().replay(|_: &Body| None);
    assert_eq!(
        status(stream.layer(numbered.server())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(numbered.issued(), 2); // the first was dropped when it was refused
}

#[tokio::test(start_paused = true)]
async fn when_no_other_credentials_can_be_had_that_is_the_answer() {
    let numbered = Numbered::default();
    let service = numbered.clone().replay(Cloned).layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    numbered.revoke(1);
    numbered.0.broken.store(1, Ordering::SeqCst);
    let error = service.oneshot(get("https://h/")).await.unwrap_err();
    assert!(matches!(error, Error::Auth(error) if error.kind() == ErrorKind::Credentials));
}

#[tokio::test(start_paused = true)]
async fn when_the_same_credentials_come_again_the_refusal_is_the_answer_and_nothing_is_sent_again()
{
    let numbered = Numbered::default();
    numbered.0.same_again.store(true, Ordering::SeqCst);
    numbered.revoke(1_000_000);
    let key = HeaderApiKey::new("key").unwrap();
    let sum = key.clone() + numbered.clone().keep_existing() + Some(QueryApiKey::new("q").unwrap());
    let boxed = Schemes::<Body>::new([BoxScheme::new(numbered.clone()), BoxScheme::new(key)]);
    let boxed = boxed.unwrap().replay(Cloned).layer(numbered.server());
    assert_eq!(
        status(sum.replay(Cloned).layer(numbered.server())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(numbered.issued(), 2); // another one was asked for
    assert_eq!(numbered.0.observed.load(Ordering::SeqCst), 1); // and one answer came
    assert_eq!(status(boxed).await, StatusCode::UNAUTHORIZED);
    assert_eq!(numbered.0.observed.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn every_response_is_shown_to_the_scheme_but_not_those_without_its_credentials() {
    let numbered = Numbered::default();
    let service = numbered
        .clone()
        .only_to("https://h")
        .unwrap()
        .layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    assert_eq!(numbered.0.observed.load(Ordering::SeqCst), 1);
    let elsewhere = service.oneshot(get("https://other/")).await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(numbered.0.observed.load(Ordering::SeqCst), 1);
    assert_eq!(numbered.issued(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_marked_200_counts_as_refused_and_is_replayed_only_when_it_did_not_run() {
    for (mark, tries) in [
        (NotAuthenticated::not_executed(), 2),
        (NotAuthenticated::maybe_executed(), 1),
    ] {
        let numbered = Numbered::default();
        let server = Strict::new(service_fn(move |request: Request<Body>| {
            let first = request.headers()[AUTHORIZATION] == "Bearer t1";
            let mut response = Response::new(Body::default());
            if first {
                response.extensions_mut().insert(mark);
            }
            ready(Ok::<_, Infallible>(response))
        }));
        let service = numbered.clone().replay(Cloned).layer(server);
        assert_eq!(status(service.clone()).await, StatusCode::OK);
        assert_eq!(numbered.issued(), tries);
        // Either way the refused token is not used again.
        assert_eq!(status(service).await, StatusCode::OK);
        assert_eq!(numbered.issued(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sum_with_a_token_is_replayed_whole() {
    let numbered = Numbered::default();
    let service =
        (HeaderApiKey::new("key").unwrap() + numbered.clone() + QueryApiKey::new("key").unwrap())
            .replay(Cloned)
            .only_to("https://h")
            .unwrap()
            .layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    numbered.revoke(1);
    let response = service.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(seen(&response, "x-api-key").unwrap(), "key");
    assert_eq!(seen(&response, "authorization").unwrap(), "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn sums_made_at_run_time_wait_observe_and_replay_too() {
    let numbered = Numbered::default();
    let schemes = Schemes::new([
        BoxScheme::<Body>::new(numbered.clone()),
        BoxScheme::new(HeaderApiKey::new("key").unwrap()),
    ])
    .unwrap();
    let service = schemes.replay(Cloned).layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    numbered.revoke(1);
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    assert_eq!(numbered.issued(), 2);
    numbered.revoke(2);
    numbered.0.broken.store(1, Ordering::SeqCst);
    assert!(service.oneshot(get("https://h/")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_table_by_origin_is_a_scheme_that_waits_replays_and_adds_up() {
    let numbered = Numbered::default();
    let basic = Basic::new("u", "p").unwrap();
    let table = ByOrigin::<Body>::new()
        .add("https://h", BoxScheme::new(numbered.clone()))
        .and_then(|table| table.add("https://other", BoxScheme::new(basic)))
        .unwrap();
    let service = (HeaderApiKey::new("key").unwrap() + table)
        .replay(Cloned)
        .layer(numbered.server());
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    numbered.revoke(1);
    let response = service.clone().oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(seen(&response, "authorization").unwrap(), "Bearer t2");
    assert_eq!(seen(&response, "x-api-key").unwrap(), "key");
    let response = service.oneshot(get("https://other/")).await.unwrap();
    assert_eq!(seen(&response, "authorization").unwrap(), "Basic dTpw");
    assert_eq!(numbered.issued(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_its_own_authorization_costs_no_token_and_blames_none() {
    let numbered = Numbered::default();
    let service = numbered
        .clone()
        .keep_existing()
        .replay(Cloned)
        .layer(numbered.server());
    let mut request = get("https://h/");
    request
        .headers_mut()
        .insert(AUTHORIZATION, "mine".parse().unwrap());
    let response = service.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(seen(&response, "authorization").unwrap(), "mine");
    assert_eq!(numbered.issued(), 0);
    assert_eq!(status(service).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_request_at_any_point_harms_no_other() {
    let numbered = Numbered::default();
    let service = numbered.clone().replay(Cloned).layer(numbered.server());
    for millis in 0..8 {
        numbered.revoke(numbered.issued());
        let patience = Duration::from_millis(millis);
        let _ = tokio::time::timeout(patience, service.clone().oneshot(get("https://h/"))).await;
        assert_eq!(status(service.clone()).await, StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn under_retry_and_over_a_buffer() {
    #[derive(Clone)]
    struct Once(bool);
    impl<T, E> Policy<Request<Body>, T, E> for Once {
        type Future = Ready<()>;
        fn retry(&mut self, _: &mut Request<Body>, _: &mut Result<T, E>) -> Option<Ready<()>> {
            std::mem::take(&mut self.0).then(|| ready(()))
        }
        fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
            Some(request.clone())
        }
    }
    let numbered = Numbered::default();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(Once(true)))
        .layer(HeaderApiKey::new("key").unwrap() + numbered.clone())
        .buffer(1)
        .rate_limit(100, Duration::from_secs(1)) // not `Clone`: hence the buffer
        .service(numbered.server());
    assert_eq!(status(service).await, StatusCode::OK);
    assert_eq!(numbered.issued(), 1);
}

/// The token would be fetched through the same connection pool: holding the only permit would wait forever.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_credentials_holds_no_permit_of_the_inner_service() {
    let numbered = Numbered::default();
    let limited = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(numbered.server());
    let mut service = numbered.layer(limited.clone());
    let waiting = service.ready().await.unwrap().call(get("https://h/"));
    // Nobody drives `waiting`; the permit has to be free all the same.
    let other = tokio::time::timeout(Duration::from_secs(1), limited.oneshot(get("https://h/")));
    assert!(other.await.is_ok());
    assert_eq!(waiting.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn readiness_and_its_errors_pass_through() {
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<Body>, Response<Body>, _>(
        HeaderApiKey::new("key").unwrap(),
    );
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    let response = service.call(get("https://h/"));
    let (request, send) = handle.next_request().await.unwrap();
    assert_eq!(request.headers()["x-api-key"], "key");
    send.send_response(Response::new(Body::default()));
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    handle.send_error("down");
    match service.poll_ready() {
        Poll::Ready(Err(Error::Inner(error))) => assert_eq!(error.to_string(), "down"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn fixed_credentials_do_not_ask_for_a_service_that_clones() {
    struct NotClone;
    impl Service<Request<Body>> for NotClone {
        type Response = (); // not even an HTTP response
        type Error = Infallible;
        type Future = Ready<Result<(), Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<Body>) -> Self::Future {
            ready(Ok(()))
        }
    }
    let sum = HeaderApiKey::new("key").unwrap() + Basic::new("user", "password").unwrap();
    sum.layer(NotClone)
        .oneshot(get("https://h/"))
        .await
        .unwrap();
}

#[test]
fn the_future_of_fixed_credentials_is_as_large_as_the_inner_one() {
    use tower_auth_core::service::FixedFuture;
    type Hyper = hyper_util::client::legacy::ResponseFuture;
    type Immediate = Ready<Result<Response<Body>, Infallible>>;
    assert_eq!(size_of::<FixedFuture<Hyper>>(), size_of::<Hyper>());
    assert_eq!(size_of::<FixedFuture<Immediate>>(), size_of::<Immediate>());
}
