//! Services remember the token that they used last. They must not use it a moment longer than the cache would.

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use support::{Body, Issuer, TokioTime, get, seconds};
use tower::{Layer, Service, ServiceExt};
use tower_auth_core::{
    AuthError, SchemeExt, Step, Verdict,
    bearer::{InAuthorization, InHeader},
    replay::Cloned,
};
use tower_auth_token::{Cache, Fetched, Lender, TokenAuth, ValueId};

/// The number of the token that the next request through this very service carries.
async fn number<S>(service: &mut S) -> u64
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Error: std::fmt::Debug,
{
    let ready = service.ready().await.unwrap();
    let response = ready.call(get("https://h/")).await.unwrap();
    let number = response.headers()["number"].to_str().unwrap();
    number.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_service_stops_using_a_token_when_it_expires_is_refused_or_is_cleared() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let auth = issuer.auth(&time);
    let mut service = auth.clone().replay(Cloned).layer(issuer.server());
    let mut other = service.clone();
    for _ in 0..3 {
        assert_eq!(number(&mut service).await, 1);
        assert_eq!(number(&mut other).await, 1);
    }
    // An hour, less half a minute.
    tokio::time::sleep(seconds(3569)).await;
    assert_eq!(number(&mut service).await, 1);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(number(&mut service).await, 2);
    assert_eq!(number(&mut other).await, 2);
    // What the one is refused, the other one does not send.
    issuer.revoke(2);
    assert_eq!(number(&mut service).await, 3);
    assert_eq!(number(&mut other).await, 3);
    assert_eq!(issuer.requests(), 11 + 1, "one was sent again");
    auth.cache().clear().await.unwrap();
    assert_eq!(number(&mut other).await, 4);
    assert_eq!(number(&mut service).await, 4);
    assert_eq!(issuer.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_remembers_its_token_looks_for_the_next_one_ahead() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let builder = TokenAuth::cache_builder(issuer.clone(), InAuthorization::default());
    let builder = builder.clock(time.clock()).refresh_ahead(seconds(300));
    let mut service = TokenAuth::from_cache(builder.build()).layer(issuer.server());
    assert_eq!(number(&mut service).await, 1);
    tokio::time::sleep(seconds(3260)).await;
    assert_eq!(number(&mut service).await, 1);
    assert_eq!(issuer.asked(), 1, "not yet");
    tokio::time::sleep(seconds(200)).await;
    assert_eq!(number(&mut service).await, 1, "nobody waits");
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(number(&mut service).await, 2);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_notices_that_the_time_of_day_says_that_its_token_is_over() {
    let time = TokioTime::new();
    let cache = Cache::builder({
        let clock = time.clock();
        move || {
            let end = clock.now() + seconds(600);
            async move { Ok::<_, AuthError>(Fetched::new(7).expires_at(end)) }
        }
    });
    let mut lender = Lender::new(cache.clock(time.clock()).build());
    lender.cache().get().await.unwrap();
    let mut at_hand = || matches!(lender.lend_mut(), Step::Ready(_));
    assert!(at_hand() && at_hand());
    time.shift(601); // the machine slept, and its other clock with it
    assert!(!at_hand());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_reaches_the_cache_that_lent_the_value_and_no_other() {
    let time = TokioTime::new();
    let (one, other) = (Issuer::new(), Issuer::new());
    let (mut lender, neighbour) = (
        Lender::new(one.builder(&time).build()),
        Lender::new(other.builder(&time).build()),
    );
    let first = lender.cache().get().await.unwrap().id();
    let of_neighbour = neighbour.cache().get().await.unwrap().id();
    assert_eq!(first.generation(), of_neighbour.generation());
    assert_ne!(first, of_neighbour);
    let lent = |lender: &mut Lender<Issuer>| -> Option<ValueId> {
        match lender.lend_mut() {
            Step::Ready(loan) => Some(lender.value(&loan).unwrap().1),
            Step::Wait(_) => None,
        }
    };
    assert_eq!(lent(&mut lender), Some(first));
    assert_eq!(of_neighbour.refused(), Verdict::Refused);
    assert_eq!(lent(&mut lender), Some(first));
    assert_eq!(first.refused(), Verdict::Refused);
    assert_eq!(lent(&mut lender), None);
    drop((lender, neighbour));
    tokio::time::sleep(seconds(1)).await; // what was being fetched for it
    assert_eq!(first.refused(), Verdict::Accepted, "nobody is left to ask");
}

/// Two tokens in one sum: one is remembered, the other one has to be waited for.
#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_sent_with_what_had_to_be_waited_for() {
    let time = TokioTime::new();
    let (long, short) = (Issuer::new(), Issuer::new().lifetime(seconds(60)));
    let in_header = InHeader::new("x-token", "{token}").unwrap();
    let builder = TokenAuth::cache_builder(long.clone(), in_header).clock(time.clock());
    let other = TokenAuth::from_cache(builder.refresh_ahead(Duration::ZERO).build());
    let mut service = (short.auth(&time) + other).layer(long.server());
    for round in 1..=3 {
        assert_eq!(number(&mut service).await, round);
        assert_eq!(number(&mut service).await, round, "both are remembered");
        tokio::time::sleep(seconds(100)).await;
    }
    assert_eq!((long.asked(), short.asked()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_token_at_hand_is_sent_by_a_sum_that_waits_for_another_token() {
    let time = TokioTime::new();
    let (one, other) = (Issuer::new(), Issuer::new());
    let placement = InHeader::new("x-token", "{token}").unwrap();
    let builder = TokenAuth::cache_builder(one.clone(), placement).clock(time.clock());
    let key = TokenAuth::from_cache(builder.build());
    let auth = other.auth(&time);
    let mut service = (key + auth.clone()).replay(Cloned).layer(other.server());
    assert_eq!(number(&mut service).await, 1);
    assert_eq!(number(&mut service).await, 1);
    // Cleared, then refused: the first try waits for a token, and then the second one.
    auth.cache().clear().await.unwrap();
    assert_eq!(number(&mut service).await, 2);
    assert_eq!(number(&mut service).await, 2);
    other.revoke(2);
    assert_eq!(number(&mut service).await, 3);
    assert_eq!((one.asked(), other.asked()), (2, 3), "a refusal is of both");
}

/// Threads that hold a service each, while tokens are thrown away as fast as they come.
#[test]
fn no_request_that_begins_after_a_token_was_thrown_away_carries_it() {
    const ROUNDS: u64 = 300;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let issuer = Issuer::new().latency(Duration::ZERO);
    let auth = TokenAuth::bearer(issuer.clone());
    // Tokens up to this one were thrown away.
    let over = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let mut service = auth.layer(issuer.server());
            let (over, done) = (Arc::clone(&over), Arc::clone(&done));
            runtime.spawn(async move {
                let mut requests = 0_u64;
                while !done.load(SeqCst) {
                    let over = over.load(SeqCst);
                    // A request that comes while a token is thrown away may be told so.
                    let ready = service.ready().await.unwrap();
                    if let Ok(response) = ready.call(get("https://h/")).await {
                        let number = response.headers()["number"].to_str().unwrap();
                        let number: u64 = number.parse().unwrap();
                        assert!(number > over, "{number} was thrown away: {over}");
                        requests += 1;
                    }
                    tokio::task::yield_now().await;
                }
                requests
            })
        })
        .collect();
    runtime.block_on(async {
        let mut round = 0;
        while round < ROUNDS {
            let Ok(current) = auth.cache().get().await else {
                continue;
            };
            let number = current.access().expose()[1..].parse().unwrap();
            auth.cache().clear().await.unwrap();
            over.store(number, SeqCst);
            round += 1;
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        done.store(true, SeqCst);
        for task in tasks {
            assert!(task.await.unwrap() > 0);
        }
    });
}
