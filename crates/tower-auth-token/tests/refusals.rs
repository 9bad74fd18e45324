//! What a server refuses: C8, C9, C10.

mod support;

use http::StatusCode;
use std::time::Duration;
use support::{Issuer, TokioTime, get, seconds};
use tower::{Layer, ServiceExt};
use tower_auth_core::{
    AuthError, Bearer, HeaderApiKey, SchemeExt, Verdict,
    bearer::{InAuthorization, InHeader},
    replay::Cloned,
};
use tower_auth_token::{Fetched, Reason, Token, TokenAuth};

async fn status<S>(service: S) -> StatusCode
where
    S: tower::Service<http::Request<support::Body>, Response = http::Response<support::Body>>,
    S::Error: std::fmt::Debug,
{
    service.oneshot(get("https://h/")).await.unwrap().status()
}

/// C8.
#[tokio::test(start_paused = true)]
async fn a_thousand_late_refusals_of_an_old_token_cost_nothing_and_of_the_current_one_fetch_once() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer.builder(&time).build();
    let a = cache.get().await.unwrap();
    for _ in 0..1000 {
        assert_eq!(cache.refused(&a), Verdict::Refused);
    }
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get().await.unwrap().generation() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 2);
    }
    assert_eq!(issuer.asked(), 2);
    // B is cached: no token request, and another try with B.
    for _ in 0..1000 {
        assert_eq!(cache.refused(&a), Verdict::Refused);
        assert_eq!(cache.get().await.unwrap().generation(), 2);
    }
    assert_eq!(issuer.asked(), 2);
    assert_eq!(issuer.demands()[1].0, Reason::Refused);
}

/// C8, on the request path: the server revokes a token that many requests carry.
#[tokio::test(start_paused = true)]
async fn a_revoked_token_costs_one_fetch_however_many_requests_were_refused() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    // Answers take a while, so that all of them are under way with the old token.
    let server = tower::ServiceBuilder::new()
        .map_future(|answer| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            answer.await
        })
        .service(issuer.server());
    let service = issuer.auth(&time).replay(Cloned).layer(server);
    assert_eq!(status(service.clone()).await, StatusCode::OK);
    issuer.revoke(1);
    let tasks: Vec<_> = (0..1000)
        .map(|_| tokio::spawn(status(service.clone())))
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(issuer.asked(), 2);
    assert_eq!(issuer.requests(), 1 + 2 * 1000);
}

/// C8: a session that ended says nothing about the one that followed, nor the other way round.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_session_that_is_over_is_not_replayed_with_the_next_one() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer.builder(&time).build();
    let alice = cache.get().await.unwrap();
    cache.clear().await.unwrap();
    assert_eq!(cache.refused(&alice), Verdict::Accepted);
    let bob = cache.get().await.unwrap();
    assert_eq!(cache.refused(&alice), Verdict::Accepted);
    assert_eq!(cache.refused(&bob), Verdict::Refused);
    assert_eq!(issuer.asked(), 2);
}

/// C9.
#[tokio::test(start_paused = true)]
async fn a_request_is_replayed_at_most_once() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    issuer.revoke(1_000_000);
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    assert_eq!(status(service).await, StatusCode::UNAUTHORIZED);
    assert_eq!(issuer.requests(), 2);
    assert_eq!(issuer.asked(), 2);
}

/// C9.
#[tokio::test(start_paused = true)]
async fn when_the_new_token_is_the_old_one_the_refusal_is_the_answer() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    issuer
        .0
        .same_again
        .store(true, std::sync::atomic::Ordering::SeqCst);
    issuer.revoke(1);
    let key = HeaderApiKey::new("key").unwrap();
    let service = (issuer.auth(&time) + key)
        .replay(Cloned)
        .layer(issuer.server());
    let response = service.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["number"], "1");
    assert_eq!(issuer.requests(), 1, "it was not sent again");
    assert_eq!(issuer.asked(), 2);
}

/// C9: a body that cannot be copied is sent once; the next request has a new token.
#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_be_copied_is_sent_once() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    issuer.revoke(1);
    let auth = issuer.auth(&time).replay(|_: &support::Body| None);
    let service = auth.layer(issuer.server());
    assert_eq!(status(service.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(issuer.requests(), 1);
    assert_eq!(status(service).await, StatusCode::OK);
}

/// C10.
#[tokio::test(start_paused = true)]
async fn a_server_that_always_says_401_does_not_cost_a_fetch_for_each_request() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO).lifetime(None);
    issuer.revoke(1_000_000);
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    for _ in 0..3600 {
        assert_eq!(status(service.clone()).await, StatusCode::UNAUTHORIZED);
        tokio::time::advance(seconds(1)).await;
    }
    // The first one; then for refusals after 0, 30, 90, 210, 450, 930, 1890 and 2850 s.
    assert_eq!(issuer.asked(), 1 + 8);
}

/// C10, with two kinds of endpoints behind one token: one works, one never does.
#[tokio::test(start_paused = true)]
async fn successes_in_between_do_not_lift_the_limit_on_refreshes() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO).lifetime(None);
    let good = issuer.auth(&time);
    let bad = good.clone().replay(Cloned).layer(tower::service_fn(
        async |_: http::Request<support::Body>| {
            let mut response = http::Response::new(support::Body::default());
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok::<_, std::convert::Infallible>(response)
        },
    ));
    let good = good.layer(issuer.server());
    for _ in 0..1000 {
        assert_eq!(status(good.clone()).await, StatusCode::OK);
        assert_eq!(status(bad.clone()).await, StatusCode::UNAUTHORIZED);
        tokio::time::advance(seconds(1)).await;
    }
    assert_eq!(issuer.asked(), 1 + 6);
}

#[tokio::test(start_paused = true)]
async fn insufficient_scope_never_refreshes() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    *issuer.0.challenge.lock().unwrap() = Some(r#"Bearer error="insufficient_scope", scope="a""#);
    for _ in 0..100 {
        assert_eq!(status(service.clone()).await, StatusCode::UNAUTHORIZED);
        tokio::time::advance(seconds(1)).await;
    }
    assert_eq!((issuer.asked(), issuer.requests()), (1, 100));
    *issuer.0.challenge.lock().unwrap() = Some(r#"Bearer error="invalid_token""#);
    assert_eq!(status(service.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!((issuer.asked(), issuer.requests()), (2, 102));
}

#[tokio::test(start_paused = true)]
async fn a_judge_of_ones_own_decides_what_a_refusal_is() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let judge =
        |response: tower_auth_core::ResponseHead<'_>| response.headers.contains_key("number");
    let auth = issuer.auth(&time).judge(judge);
    assert_eq!(
        status(auth.replay(Cloned).layer(issuer.server())).await,
        StatusCode::OK
    );
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn a_token_is_a_finisher_in_authorization_and_a_key_elsewhere() {
    let source = || async { Ok::<_, tower_auth_core::AuthError>(Fetched::new(String::from("t"))) };
    let header = InHeader::new("x-token", "Token {token}").unwrap();
    let sum = TokenAuth::new(source, header) + Bearer::new("fixed").unwrap();
    let echo = tower::service_fn(async |request: http::Request<()>| {
        let mut response = http::Response::new(());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, std::convert::Infallible>(response)
    });
    let request = http::Request::get("https://h/").body(()).unwrap();
    let response = sum.layer(echo).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-token"], "Token t");
    assert_eq!(response.headers()["authorization"], "Bearer fixed");
    assert!(response.headers()["x-token"].is_sensitive());
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_an_error_that_does_not_show_it() {
    for token in ["", "hunter 2", "hunter2\r\n", "hünter2"] {
        let source = move || async move {
            Ok::<_, tower_auth_core::AuthError>(Fetched::new(token.to_owned()))
        };
        let echo = tower::service_fn(async |_: http::Request<()>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(()))
        });
        let request = http::Request::get("https://h/").body(()).unwrap();
        let result = TokenAuth::bearer(source).layer(echo).oneshot(request).await;
        let error = result.unwrap_err();
        let kind = error.auth().unwrap().kind();
        assert_eq!(kind, tower_auth_core::ErrorKind::Credentials);
        assert!(!format!("{error} {error:?}").contains("nter"), "{error:?}");
    }
}

/// C8: a session that ended with refusals does not slow down the one that follows.
#[tokio::test(start_paused = true)]
async fn a_new_session_has_its_own_count_of_refusals() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer.builder(&time).build();
    let alice = cache.get().await.unwrap();
    assert_eq!(cache.refused(&alice), Verdict::Refused);
    cache.get().await.unwrap();
    cache.clear().await.unwrap();
    let bob = cache.get().await.unwrap();
    assert_eq!(cache.refused(&bob), Verdict::Refused);
}

/// C8: all who were refused get the outcome of the fetch that one of them began, also without a refresh token.
#[tokio::test(start_paused = true)]
async fn who_is_refused_while_a_fetch_is_under_way_waits_for_it_without_a_previous_value_too() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer
        .builder(&time)
        .refresh_ahead(seconds(300))
        .random(|| 0.0)
        .build();
    let one = cache.get().await.unwrap();
    tokio::time::advance(seconds(3400)).await;
    issuer.fail_with(tower_auth_token::Failure::new(support::down()).previous_is_worthless());
    cache.get().await.unwrap(); // begins a refresh ahead, which finds the session dead
    tokio::time::sleep(seconds(1)).await;
    issuer.repair();
    assert_eq!(cache.refused(&one), Verdict::Refused);
    let other = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    tokio::task::yield_now().await;
    assert_eq!(cache.refused(&one), Verdict::Refused);
    other.await.unwrap().unwrap();
}

/// Servers that count in whole seconds end a token up to a second before its `expires_in` is over. That is no refusal to be
/// held against the next one: nobody but the server sees it. Returns the 401s that callers saw, of how many, and the fetches.
async fn short_lived(lifetime: u64, pause: impl Fn(u64) -> Duration) -> (u64, u64, u64) {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    let time = TokioTime::new();
    let now = {
        let clock = time.clock();
        move || {
            let since = clock
                .now()
                .duration_since(std::time::SystemTime::UNIX_EPOCH);
            since.unwrap().as_secs()
        }
    };
    let fetches = std::sync::Arc::new(AtomicU64::new(0));
    let source = {
        let (fetches, now) = (fetches.clone(), now.clone());
        move || {
            let number = fetches.fetch_add(1, SeqCst);
            let end = now() + lifetime;
            async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let token = Token::from(format!("{end}.{number}"));
                Ok::<_, AuthError>(Fetched::new(token).lifetime(seconds(lifetime)))
            }
        }
    };
    let api = tower::service_fn(move |request: http::Request<support::Body>| {
        let token = request.headers()["authorization"].to_str().unwrap();
        let token = token.strip_prefix("Bearer ").unwrap();
        let end: u64 = token.split_once('.').unwrap().0.parse().unwrap();
        let mut response = http::Response::new(support::Body::default());
        if now() >= end {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    let builder = TokenAuth::cache_builder(source, InAuthorization::default());
    let auth = TokenAuth::from_cache(builder.clock(time.clock()).build());
    let service = auth.replay(Cloned).layer(api);
    let (mut refused, requests) = (0, 10_000);
    for request in 0..requests {
        if status(service.clone()).await == StatusCode::UNAUTHORIZED {
            refused += 1;
        }
        tokio::time::advance(pause(request)).await;
    }
    (refused, requests, fetches.load(SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_short_lived_tokens_in_whole_seconds_costs_callers_no_401() {
    for lifetime in [1, 2, 3] {
        let paces: [fn(u64) -> Duration; 3] = [
            |_| Duration::from_millis(7),
            |request| Duration::from_millis(50 + request * 7919 % 400),
            |request| Duration::from_millis(900 + request * 104_729 % 1300),
        ];
        for pace in paces {
            let (refused, requests, fetches) = short_lived(lifetime, pace).await;
            println!("{lifetime} s: {refused} of {requests} refused, {fetches} fetches");
            assert_eq!(refused, 0, "{lifetime} s, of {requests}");
        }
    }
}

/// C10, for tokens that end by themselves all the time: no more than four fetches for each lifetime.
#[tokio::test(start_paused = true)]
async fn a_server_that_always_refuses_short_lived_tokens_costs_four_fetches_for_each_lifetime() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO).lifetime(seconds(1));
    issuer.revoke(1_000_000);
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    for _ in 0..10_000 {
        assert_eq!(status(service.clone()).await, StatusCode::UNAUTHORIZED);
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert!(issuer.asked() <= 1 + 4 * 100, "{}", issuer.asked());
}
