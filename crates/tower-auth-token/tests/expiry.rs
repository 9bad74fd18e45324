//! How long values are used, and when the next one is looked for: C11 to C15.

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use support::{Issuer, TokioTime, seconds};
use tower_auth_core::{AuthError, Step};
use tower_auth_token::{Cache, Failure, Fetched, Reason, lifetime_from_seconds};

async fn advance(by: u64) {
    tokio::time::advance(seconds(by)).await;
}

/// C11.
#[tokio::test(start_paused = true)]
async fn refreshing_ahead_runs_aside_while_the_old_value_is_used() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer
        .builder(&time)
        .refresh_ahead(seconds(300))
        .random(|| 0.0)
        .build();
    assert_eq!(cache.get().await.unwrap().generation(), 1);
    // 3600 s less 30 s of margin less 300 s of window; 100 ms of it went by while it was fetched.
    advance(3600 - 330 - 1).await;
    assert_eq!(cache.get().await.unwrap().generation(), 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(issuer.asked(), 1, "too early");
    tokio::time::advance(Duration::from_millis(500)).await;
    for _ in 0..1000 {
        let Step::Ready(old) = cache.acquire() else {
            panic!("a value that is still good is never waited for");
        };
        assert_eq!(old.generation(), 1);
    }
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(issuer.asked(), 2);
    assert_eq!(issuer.demands()[1].0, Reason::Ahead);
    let Step::Ready(new) = cache.acquire() else {
        panic!("the new one is there");
    };
    assert_eq!(new.generation(), 2);
}

/// C11.
#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_that_fails_is_noticed_by_nobody_before_the_value_expires() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO);
    let cache = issuer
        .builder(&time)
        .refresh_ahead(seconds(300))
        .random(|| 0.0)
        .build();
    cache.get().await.unwrap();
    advance(3600 - 330).await;
    issuer.break_down();
    let mut seconds_used = 0;
    while seconds_used < 300 {
        assert!(matches!(cache.acquire(), Step::Ready(_)));
        tokio::time::sleep(seconds(1)).await;
        seconds_used += 1;
    }
    // After 0, 1, 3, 7, 15, 31, 63, 123, 183 and 243 s, each noticed by the next request.
    let ahead = issuer.asked() - 1;
    assert!(
        (8..=12).contains(&ahead),
        "{ahead} attempts ahead, spaced out"
    );
    // Now it really expires: an attempt is made at once, whatever happened aside.
    advance(1).await;
    let before = issuer.asked();
    assert!(cache.get().await.is_err());
    assert_eq!(issuer.asked(), before + 1);
    issuer.repair();
    advance(60).await;
    assert!(cache.get().await.is_ok());
}

/// C11: what the server said about when to come back holds for those who come later, too.
#[tokio::test(start_paused = true)]
async fn a_retry_after_that_came_aside_is_kept_when_the_value_expires() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO);
    let cache = issuer.builder(&time).refresh_ahead(seconds(300)).build();
    cache.get().await.unwrap();
    advance(3600 - 31).await;
    issuer.fail_with(Failure::new(support::down()).retry_after(seconds(120)));
    cache.get().await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(issuer.asked(), 2);
    advance(60).await;
    assert!(cache.get().await.is_err());
    assert_eq!(issuer.asked(), 2);
}

/// C12.
#[tokio::test(start_paused = true)]
async fn replicas_refresh_at_different_moments() {
    let time = TokioTime::new();
    let mut moments = Vec::new();
    let replicas: Vec<_> = (0..100)
        .map(|_| {
            let issuer = Issuer::new().latency(Duration::ZERO);
            // No randomness given: that of the operating system.
            let cache = issuer.builder(&time).refresh_ahead(seconds(300)).build();
            (issuer, cache)
        })
        .collect();
    for (_, cache) in &replicas {
        cache.get().await.unwrap();
    }
    advance(3600 - 331).await;
    for second in 0..300 {
        for (_, cache) in &replicas {
            cache.get().await.unwrap();
        }
        tokio::time::sleep(seconds(1)).await;
        let asked: usize = replicas.iter().map(|(issuer, _)| issuer.asked()).sum();
        moments.resize(asked - 100, second);
    }
    assert_eq!(moments.len(), 100, "each of them once");
    let most = moments
        .chunk_by(|a, b| a == b)
        .map(<[_]>::len)
        .max()
        .unwrap();
    assert!(most <= 10, "{most} in one second");
    let spread = moments[99] - moments[0];
    assert!(spread >= 100, "within {spread} s");
}

/// C13.
#[tokio::test(start_paused = true)]
async fn a_margin_larger_than_the_lifetime_does_not_fetch_for_each_request() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO).lifetime(seconds(30));
    let cache = issuer.builder(&time).early_expiry(seconds(60)).build();
    let mut used = Vec::new();
    for _ in 0..60 {
        used.push(cache.get().await.unwrap().generation());
        advance(1).await;
    }
    // At least three quarters of each lifetime.
    assert_eq!(issuer.asked(), 3);
    assert_eq!(
        used.iter().filter(|generation| **generation == 1).count(),
        23
    );
}

/// The margin is what it was said to be, and zero is zero.
#[tokio::test(start_paused = true)]
async fn a_value_is_used_until_its_margin_begins() {
    for (margin, last) in [(None, 3570), (Some(0), 3600), (Some(100), 3500)] {
        let time = TokioTime::new();
        let issuer = Issuer::new().latency(Duration::ZERO);
        let mut builder = issuer.builder(&time);
        if let Some(margin) = margin {
            builder = builder.early_expiry(seconds(margin));
        }
        let cache = builder.build();
        cache.get().await.unwrap();
        advance(last).await;
        assert_eq!(cache.get().await.unwrap().generation(), 1, "{margin:?}");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(cache.get().await.unwrap().generation(), 2, "{margin:?}");
        assert_eq!(issuer.demands()[1], (Reason::Expired, Some("r1".into())));
    }
}

/// The server's lifetime began before its answer arrived.
#[tokio::test(start_paused = true)]
async fn a_lifetime_counts_from_when_the_source_was_asked() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(seconds(40)).lifetime(seconds(1000));
    let cache = issuer.builder(&time).early_expiry(Duration::ZERO).build();
    cache.get().await.unwrap();
    advance(960).await;
    assert!(cache.peek().is_some());
    advance(1).await;
    assert!(cache.peek().is_none());
}

/// C14.
#[tokio::test(start_paused = true)]
async fn every_lifetime_has_a_defined_result() {
    for (said, lifetime) in [
        (0.0, Some(Duration::ZERO)),
        (-0.0, Some(Duration::ZERO)),
        (-1.0, Some(Duration::ZERO)),
        (-1e300, Some(Duration::ZERO)),
        (f64::NEG_INFINITY, Some(Duration::ZERO)),
        (0.5, Some(Duration::from_millis(500))),
        (3600.0, Some(seconds(3600))),
        (1e12, None),
        (1e300, None),
        (f64::INFINITY, None),
        (f64::NAN, None),
    ] {
        assert_eq!(lifetime_from_seconds(said), lifetime, "{said}");
    }
    let lifetimes = [
        None,
        Some(Duration::ZERO),
        Some(Duration::from_nanos(1)),
        Some(Duration::MAX),
        Some(seconds(u64::MAX / 2)),
    ];
    let far = SystemTime::UNIX_EPOCH + seconds(i64::MAX as u64 / 2);
    let moments = [
        None,
        Some(SystemTime::UNIX_EPOCH),
        Some(far),
        Some(SystemTime::UNIX_EPOCH - seconds(1_000_000_000)),
    ];
    for lifetime in lifetimes {
        for moment in moments {
            for margin in [Duration::ZERO, seconds(30), Duration::MAX] {
                let time = TokioTime::new();
                let fetch = move || async move {
                    let fetched = Fetched::new("value").lifetime(lifetime);
                    Ok::<_, AuthError>(fetched.expires_at(moment))
                };
                let cache = Cache::builder(fetch)
                    .clock(time.clock())
                    .early_expiry(margin)
                    .refresh_ahead(Duration::MAX)
                    .build();
                // What was just fetched is given to who waited for it, however short it lives.
                assert_eq!(*cache.get().await.unwrap(), "value");
                assert_eq!(*cache.get().await.unwrap(), "value");
                advance(1).await;
                let short = matches!(lifetime, Some(life) if life < seconds(1))
                    || matches!(moment, Some(at) if at <= SystemTime::UNIX_EPOCH);
                assert_eq!(cache.peek().is_none(), short, "{lifetime:?} {moment:?}");
            }
        }
    }
}

/// C15: a lifetime is measured on the monotonic clock.
#[tokio::test(start_paused = true)]
async fn setting_the_time_of_day_changes_nothing_for_what_was_fetched_here() {
    for shift in [-1_000_000, 1_000_000] {
        let time = TokioTime::new();
        let issuer = Issuer::new();
        let cache = issuer.builder(&time).build();
        cache.get().await.unwrap();
        time.shift(shift);
        advance(3000).await;
        assert_eq!(cache.get().await.unwrap().generation(), 1);
        advance(600).await;
        assert_eq!(cache.get().await.unwrap().generation(), 2);
    }
}

/// C15: an end given by the time of day is kept by both clocks, whichever says so first.
#[tokio::test(start_paused = true)]
async fn an_end_by_the_time_of_day_is_the_earlier_of_both_clocks() {
    for (shift, after, usable) in [
        (0, 500, true),
        (0, 3571, false),
        (3000, 500, true),
        (3000, 571, false),
        // The time of day was set back: what the monotonic clock measured still holds.
        (-1_000_000, 3571, false),
    ] {
        let time = TokioTime::new();
        let clock = time.clock();
        let cache = Cache::builder(move || {
            let at = clock.now() + seconds(3600);
            async move { Ok::<_, AuthError>(Fetched::new("value").expires_at(at)) }
        })
        .clock(time.clock())
        .build();
        cache.get().await.unwrap();
        time.shift(shift);
        advance(after).await;
        assert_eq!(cache.peek().is_some(), usable, "{shift} {after}");
    }
}

/// C15: whatever the clocks say, a refusal heals it.
#[tokio::test(start_paused = true)]
async fn after_a_jump_of_the_clock_a_refusal_heals_it() {
    use tower::{Layer, ServiceExt};
    use tower_auth_core::{SchemeExt, replay::Cloned};
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    let get = || support::get("https://h/");
    service.clone().oneshot(get()).await.unwrap();
    // The machine slept: the server's time went on, our monotonic clock did not.
    issuer.revoke(1);
    let response = service.oneshot(get()).await.unwrap();
    assert_eq!(response.status(), http::StatusCode::OK);
    assert_eq!(issuer.asked(), 2);
}

/// The callback for new tokens: every one, before anybody gets it; a panic in it is not the request's.
#[tokio::test(start_paused = true)]
async fn every_new_value_is_told_before_it_is_used() {
    let time = TokioTime::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let issuer = Issuer::new();
    let cache = issuer
        .builder(&time)
        .on_update({
            let told = Arc::clone(&told);
            move |token| {
                let refresh = token.refresh().unwrap().expose().to_owned();
                told.lock().unwrap().push(refresh);
            }
        })
        .build();
    for expected in [1, 2, 3] {
        cache.get().await.unwrap();
        assert_eq!(told.lock().unwrap().len(), expected);
        advance(3600).await;
    }
    assert_eq!(*told.lock().unwrap(), ["r1", "r2", "r3"]);

    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let cache = issuer
        .builder(&time)
        .on_update(move |_| {
            count.fetch_add(1, SeqCst);
            panic!("planted panic");
        })
        .build();
    assert!(cache.get().await.is_ok());
    assert_eq!(calls.load(SeqCst), 1);
}

/// C24, in memory.
#[tokio::test(start_paused = true)]
async fn clearing_during_a_fetch_is_not_undone_by_it() {
    let time = TokioTime::new();
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let issuer = Issuer::new();
    let cache = issuer
        .builder(&time)
        .on_update(move |_| {
            count.fetch_add(1, SeqCst);
        })
        .build();
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    cache.clear().await.unwrap();
    assert!(waiting.await.unwrap().is_err());
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(issuer.asked(), 1);
    assert!(cache.peek().is_none(), "the session was resurrected");
    assert_eq!(told.load(SeqCst), 0);
    // The next one knows nothing of the session that is over.
    assert_eq!(cache.get().await.unwrap().access().expose(), "t2");
    assert_eq!(issuer.demands()[1], (Reason::Missing, None));
}
