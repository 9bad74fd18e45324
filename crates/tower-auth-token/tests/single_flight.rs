//! One attempt at a time, whoever comes and goes: C1 to C7, C25.

mod support;

use http::StatusCode;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use support::{Issuer, TokioTime, get, polled, seconds};
use tower::{Layer, ServiceExt};
use tower_auth_core::{Clock, ErrorKind, Step, bearer::InAuthorization, clock::ManualClock};
use tower_auth_token::{
    Cache, CacheMap, Demand, Failure, Fetched, Reason, Source, Token, TokenAuth,
};

/// How long ten thousand requests may take on two threads, the 100 ms of the fetch included.
const BURST: Duration = Duration::from_millis(500);

/// C1, with real threads and real time: a burst of requests on an expired token.
#[test]
fn ten_thousand_requests_on_an_expired_token_make_one_fetch_and_all_succeed() {
    // Something else may keep this machine busy for a moment, but not each time.
    let times: Vec<_> = (0..10)
        .map(|_| a_burst_of_ten_thousand())
        .take_while(|time| *time > BURST)
        .collect();
    assert!(times.len() < 10, "{times:?}");
}

fn a_burst_of_ten_thousand() -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let issuer = Issuer::new();
    let hands = ManualClock::at(std::time::SystemTime::UNIX_EPOCH + seconds(support::START));
    let builder = TokenAuth::cache_builder(issuer.clone(), InAuthorization::default())
        .clock(Clock::new(hands.clone()));
    let service = TokenAuth::from_cache(builder.build()).layer(issuer.server());

    runtime.block_on(async {
        let response = service.clone().oneshot(get("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        hands.advance(seconds(3600));
        let asked_before = issuer.asked();

        let started = Clock::system().monotonic();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10_000 {
            let service = service.clone();
            tasks.spawn(async move {
                let response = service.oneshot(get("https://h/")).await.unwrap();
                (response.status(), response.headers()["number"].clone())
            });
        }
        while let Some(result) = tasks.join_next().await {
            assert_eq!(result.unwrap(), (StatusCode::OK, 2.into()));
        }
        let time = Clock::system().monotonic() - started;
        println!("10 000 requests on an expired token, the fetch taking 100 ms: {time:?}");
        assert_eq!(issuer.asked() - asked_before, 1);
        time
    })
}

/// C1, for the cache itself, with threads that start at the same moment.
#[test]
fn threads_that_miss_at_the_same_moment_make_one_fetch() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..50 {
        let issuer = Issuer::new().latency(Duration::from_millis(1));
        let cache = Cache::new(issuer.clone());
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (cache, barrier) = (cache.clone(), Arc::clone(&barrier));
                let handle = runtime.handle().clone();
                std::thread::spawn(move || {
                    let _runtime = handle.enter();
                    barrier.wait();
                    let current = handle.block_on(cache.get()).unwrap();
                    current.generation()
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 1);
        }
        assert_eq!(issuer.asked(), 1);
        assert_eq!(issuer.0.most.load(SeqCst), 1);
    }
}

/// C2.
#[tokio::test(start_paused = true)]
async fn a_failed_fetch_is_the_error_of_everybody_who_waited_for_it() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let source = std::io::Error::other("connection refused");
    issuer.fail_with(support::down().with_source(source).into());
    let cache = issuer.builder(&time).build();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get().await.unwrap_err() })
        })
        .collect();
    for task in tasks {
        let error = task.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "connection refused");
    }
    assert_eq!(issuer.asked(), 1);
}

/// C3: fail fast within the window, one attempt after it, and the window doubles.
#[tokio::test(start_paused = true)]
async fn after_a_failure_requests_fail_fast_until_the_back_off_is_over() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO);
    issuer.break_down();
    let cache = issuer
        .builder(&time)
        .back_off(seconds(1), seconds(8))
        .random(|| 0.0)
        .build();
    assert!(cache.get().await.is_err());
    for (attempts, window) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8)] {
        assert_eq!(issuer.asked(), attempts);
        tokio::time::advance(seconds(window) - Duration::from_millis(1)).await;
        for _ in 0..100 {
            assert!(cache.get().await.is_err());
        }
        assert_eq!(issuer.asked(), attempts, "within the window");
        tokio::time::advance(Duration::from_millis(1)).await;
        // Half open: many come, one attempt is made.
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.get().await })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
    }
    issuer.repair();
    tokio::time::advance(seconds(8)).await;
    assert!(cache.get().await.is_ok());

    // A success starts the count anew.
    cache.forget();
    issuer.break_down();
    assert!(cache.get().await.is_err());
    let asked = issuer.asked();
    tokio::time::advance(seconds(1)).await;
    assert!(cache.get().await.is_err());
    assert_eq!(issuer.asked(), asked + 1);
}

/// C3: what the server said about when to come back.
#[tokio::test(start_paused = true)]
async fn a_retry_after_is_kept_and_bounded() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(Duration::ZERO);
    let cache = issuer
        .builder(&time)
        .retry_after_limit(seconds(600))
        .build();
    for (said, kept) in [(120, 120), (1_000_000, 600)] {
        issuer.fail_with(Failure::new(support::down()).retry_after(seconds(said)));
        assert!(cache.get().await.is_err());
        let asked = issuer.asked();
        tokio::time::advance(seconds(kept - 1)).await;
        assert!(cache.get().await.is_err());
        assert_eq!(issuer.asked(), asked);
        tokio::time::advance(seconds(1)).await;
    }
    issuer.fail_with(Failure::new(support::down()).retry_at_once());
    for _ in 0..3 {
        assert!(cache.get().await.is_err());
    }
    assert_eq!(issuer.asked(), 5);
    issuer.fail_with(Failure::new(support::down()).retry_when_cleared());
    for _ in 0..3 {
        assert!(cache.get().await.is_err());
        tokio::time::advance(seconds(1_000_000)).await;
    }
    assert_eq!(issuer.asked(), 6);
    cache.forget();
    assert!(cache.get().await.is_err());
    assert_eq!(issuer.asked(), 7);
}

/// C4: the leader goes away after any number of polls.
#[tokio::test(start_paused = true)]
async fn a_leader_that_goes_away_at_any_await_point_strands_nobody_and_costs_no_second_fetch() {
    const YIELDS: usize = 12;
    for polls in 1..YIELDS + 4 {
        let issuer = Issuer::new().latency(Duration::from_millis(1));
        issuer.0.yields.store(YIELDS, SeqCst);
        let cache = issuer.builder(&TokioTime::new()).build();
        let Step::Wait(leader) = cache.acquire() else {
            panic!("nothing was cached");
        };
        let followers: Vec<_> = (0..5)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.get().await })
            })
            .collect();
        polled(polls, leader).await;
        assert_eq!(
            cache.get().await.unwrap().generation(),
            1,
            "{polls}: one who comes later"
        );
        for follower in followers {
            assert_eq!(follower.await.unwrap().unwrap().generation(), 1, "{polls}");
        }
        assert_eq!(issuer.asked(), 1, "{polls}");
    }
}

/// C4, C5 on the request path: the whole response future is dropped after any number of polls.
#[tokio::test(start_paused = true)]
async fn a_request_that_goes_away_at_any_await_point_loses_no_fetch() {
    for polls in 1..16 {
        let issuer = Issuer::new().latency(Duration::from_millis(1));
        issuer.0.yields.store(10, SeqCst);
        let auth = issuer.auth(&TokioTime::new());
        let service = auth.layer(issuer.server());
        polled(polls, service.clone().oneshot(get("https://h/"))).await;
        let response = service.oneshot(get("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(issuer.asked(), 1, "{polls}");
    }
}

/// C5: nobody is left, and what was fetched is kept all the same.
#[tokio::test(start_paused = true)]
async fn a_fetch_is_finished_and_kept_when_everybody_has_gone_away() {
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
    assert!(polled(2, cache.get()).await.is_none());
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(cache.peek().unwrap().access().expose(), "t1");
    assert_eq!(told.load(SeqCst), 1);

    // Even when the cache itself is gone: a rotated refresh token is told to whoever keeps it.
    tokio::time::advance(seconds(3600)).await;
    assert!(polled(2, cache.get()).await.is_none());
    drop(cache);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(told.load(SeqCst), 2);
}

/// C6.
#[tokio::test(start_paused = true)]
async fn a_waiter_can_go_away_alone_and_at_once() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(seconds(10));
    let cache = issuer.builder(&time).build();
    let patient = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    let started = tokio::time::Instant::now();
    for _ in 0..1000 {
        let impatient = tokio::time::timeout(Duration::from_millis(1), cache.get());
        assert!(impatient.await.is_err());
    }
    assert_eq!(started.elapsed(), seconds(1));
    assert!(patient.await.unwrap().is_ok());
    assert_eq!(issuer.asked(), 1);
}

/// C7.
#[tokio::test(start_paused = true)]
async fn a_slow_key_delays_no_other() {
    let time = TokioTime::new();
    let caches = CacheMap::new(NonZeroUsize::new(10).unwrap(), move |key: &String| {
        let latency = if key == "slow" {
            seconds(30)
        } else {
            seconds(0)
        };
        Issuer::new().latency(latency).builder(&time).build()
    });
    let slow = tokio::spawn({
        let caches = caches.clone();
        async move { caches.get("slow").get().await }
    });
    tokio::task::yield_now().await;
    let started = tokio::time::Instant::now();
    for key in ["a", "b", "c"] {
        assert!(caches.get(key).get().await.is_ok());
    }
    assert!(started.elapsed() < Duration::from_millis(10));
    assert!(slow.await.unwrap().is_ok());
    assert!(started.elapsed() >= seconds(29));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_an_error_and_poisons_nothing() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let cache = issuer.builder(&time).build();
    issuer.0.panics.store(true, SeqCst);
    let all: Vec<_> = (0..10)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get().await })
        })
        .collect();
    for one in all {
        let error = one.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert_eq!(error.to_string(), "the source of the credentials panicked");
    }
    issuer.0.panics.store(false, SeqCst);
    tokio::time::advance(seconds(2)).await;
    assert!(cache.get().await.is_ok());
}

/// What users give to the cache runs in the fetch: when it panics, nobody waits for ever.
#[tokio::test(start_paused = true)]
async fn randomness_that_panics_is_an_error_and_strands_nobody() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let cache = issuer
        .builder(&time)
        .refresh_ahead(seconds(300))
        .random(move || {
            assert!(calls.fetch_add(1, SeqCst) > 0, "planted panic");
            0.5
        })
        .build();
    let got = tokio::time::timeout(seconds(1000), cache.get()).await;
    assert!(got.expect("stranded").is_err());
    assert!(cache.get().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_takes_too_long_is_given_up() {
    let time = TokioTime::new();
    let issuer = Issuer::new().latency(seconds(1_000_000));
    let cache = issuer.builder(&time).timeout(seconds(5)).build();
    let started = tokio::time::Instant::now();
    let error = cache.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(started.elapsed().as_secs(), 5);
}

/// C25: without a runtime, the waiters drive the attempt; the next takes over where one stopped.
#[test]
fn without_a_runtime_whoever_waits_drives_the_fetch() {
    use std::task::{Context, Poll, Waker};
    let cache = Cache::new(Countdown::default());
    let asked = Arc::clone(&cache.source().asked);
    let cx = &mut Context::from_waker(Waker::noop());
    let mut first = Box::pin(cache.get());
    let mut second = Box::pin(cache.get());
    assert!(first.as_mut().poll(cx).is_pending());
    assert!(second.as_mut().poll(cx).is_pending());
    drop(first);
    let mut polls = 0;
    let current = loop {
        polls += 1;
        assert!(polls < 100, "stranded");
        if let Poll::Ready(result) = second.as_mut().poll(cx) {
            break result.unwrap();
        }
    };
    assert_eq!(*current, "value");
    assert_eq!(asked.load(SeqCst), 1);

    // Everybody goes away; the next caller goes on where they stopped.
    cache.forget();
    let mut third = Box::pin(cache.get());
    assert!(third.as_mut().poll(cx).is_pending());
    drop(third);
    let mut fourth = Box::pin(cache.get());
    while fourth.as_mut().poll(cx).is_pending() {}
    assert_eq!(asked.load(SeqCst), 2);
}

/// C4 without a runtime: the leader goes away after any number of polls, and so does who takes over.
#[test]
fn without_a_runtime_leaders_that_go_away_at_any_await_point_strand_nobody() {
    for polls in 0..10 {
        let cache = Cache::new(Countdown::default());
        let asked = Arc::clone(&cache.source().asked);
        let waiting = cache.clone();
        let follower = std::thread::spawn(move || block_on(waiting.get()).map(|value| *value));
        for _ in 0..3 {
            let mut leader = Box::pin(cache.get());
            let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..polls {
                if leader.as_mut().poll(cx).is_ready() {
                    break;
                }
            }
        }
        assert_eq!(follower.join().unwrap().unwrap(), "value", "{polls}");
        assert_eq!(asked.load(SeqCst), 1, "{polls}");
    }
}

/// C25: who drives the fetch is woken, and goes away without looking; one who came meanwhile goes on.
#[test]
fn without_a_runtime_a_wake_up_is_not_lost_with_the_waiter_that_got_it() {
    use std::{
        future::poll_fn,
        pin::Pin,
        sync::Mutex,
        task::{Context, Poll, Wake, Waker},
    };
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    type Waiting = Arc<Mutex<Option<Pin<Box<dyn Future<Output = bool> + Send>>>>>;
    struct Crossing {
        second: Waiting,
        waker: Waker,
    }
    impl Source for Crossing {
        type Value = &'static str;

        async fn fetch(&self, _: Demand<&'static str>) -> Result<Fetched<&'static str>, Failure> {
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                if polls > 1 {
                    return Poll::Ready(());
                }
                // All who wait are woken. Then, while the first is still at it, the second comes.
                cx.waker().wake_by_ref();
                let mut second = self.second.lock().unwrap();
                let cx = &mut Context::from_waker(&self.waker);
                assert!(second.as_mut().unwrap().as_mut().poll(cx).is_pending());
                Poll::Pending
            })
            .await;
            Ok(Fetched::new("value"))
        }
    }
    let second = Waiting::default();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let cache = Cache::new(Crossing {
        second: Arc::clone(&second),
        waker: Waker::from(Arc::clone(&count)),
    });
    let waiting = cache.clone();
    *second.lock().unwrap() = Some(Box::pin(async move { waiting.get().await.is_ok() }));
    let mut first = Box::pin(cache.get());
    let noop = &mut Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(noop).is_pending());
    assert_eq!(count.0.load(SeqCst), 0);
    drop(first);
    assert!(count.0.load(SeqCst) > 0, "the second is stranded");
    let mut second = second.lock().unwrap().take().unwrap();
    assert_eq!(second.as_mut().poll(noop), Poll::Ready(true));
}

/// C25: many threads without a runtime, each with a parker of its own.
#[test]
fn without_a_runtime_threads_share_one_fetch() {
    let cache = Cache::new(Countdown::default());
    let asked = Arc::clone(&cache.source().asked);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            std::thread::spawn(move || block_on(cache.get()).map(|value| *value))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap().unwrap(), "value");
    }
    assert_eq!(asked.load(SeqCst), 1);
}

/// C25: the runtime goes away with the fetch that ran on it.
#[test]
fn when_the_runtime_is_shut_down_waiters_get_an_error_and_the_next_caller_begins_anew() {
    let issuer = Issuer::new().latency(seconds(1_000_000));
    let cache = Cache::new(issuer.clone());
    let one = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let Step::Wait(waiting) = one.block_on(async { cache.acquire() }) else {
        panic!("nothing was cached");
    };
    drop(one);
    let error = block_on(waiting).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    *issuer.0.latency.lock().unwrap() = Duration::ZERO;
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert!(other.block_on(cache.get()).is_ok());
}

/// A runtime that is there but never driven again must not hold up the others for ever.
#[test]
fn an_attempt_on_a_runtime_that_nobody_drives_is_given_up() {
    let hands = ManualClock::at(std::time::SystemTime::UNIX_EPOCH);
    let issuer = Issuer::new();
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let cache = Cache::builder(issuer.clone())
        .clock(Clock::new(hands.clone()))
        .on_update({
            let told = Arc::clone(&told);
            move |token: &Token| {
                told.lock()
                    .unwrap()
                    .push(token.access().expose().to_owned())
            }
        })
        .build();
    let new_runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let frozen = new_runtime();
    assert!(matches!(
        frozen.block_on(async { cache.acquire() }),
        Step::Wait(_)
    ));
    // Somebody waits for it who knows nothing of that runtime.
    let Step::Wait(waiting) = cache.acquire() else {
        panic!("nothing was cached");
    };
    let waiting = std::thread::spawn(move || block_on(waiting));
    hands.advance(seconds(121));
    assert!(new_runtime().block_on(cache.get()).is_ok());
    let error = waiting.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("in time"), "{error}");
    assert_eq!(issuer.demands()[0].0, Reason::Missing);
    // Its runtime is driven again after all: what comes of it changes nothing.
    frozen.block_on(async {
        while issuer.asked() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    });
    drop(frozen);
    assert_eq!(cache.peek().unwrap().access().expose(), "t1");
    assert_eq!(*told.lock().unwrap(), ["t1"]);
}

/// C25: nothing of an idle cache runs, and the last handle takes all of it away.
#[test]
fn no_task_is_left_when_nothing_is_fetched() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let issuer = Issuer::new().latency(Duration::ZERO);
    let cache = Cache::new(issuer.clone());
    runtime.block_on(cache.get()).unwrap();
    let metrics = runtime.metrics();
    for _ in 0..1000 {
        if metrics.num_alive_tasks() == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(metrics.num_alive_tasks(), 0);
    drop(cache);
    assert_eq!(
        Arc::strong_count(&issuer.0),
        1,
        "the source is gone as well"
    );

    // Also when nobody drives it any more: what is left unfinished does not keep itself alive.
    let countdown = Countdown::default();
    let asked = Arc::clone(&countdown.asked);
    let cache = Cache::new(countdown);
    let mut waiting = Box::pin(cache.get());
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(cx).is_pending());
    drop(waiting);
    drop(cache);
    assert_eq!(Arc::strong_count(&asked), 1);
}

/// A source that needs no runtime: pending a few times, then there.
#[derive(Default)]
struct Countdown {
    asked: Arc<AtomicUsize>,
}

impl Source for Countdown {
    type Value = &'static str;

    async fn fetch(&self, _: Demand<&'static str>) -> Result<Fetched<&'static str>, Failure> {
        self.asked.fetch_add(1, SeqCst);
        for _ in 0..5 {
            tokio::task::yield_now().await; // needs no runtime
        }
        Ok(Fetched::new("value"))
    }
}

/// The smallest executor. A future that nobody wakes is found out.
fn block_on<F: Future>(future: F) -> F::Output {
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(std::thread::Thread, AtomicBool);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, SeqCst);
            self.0.unpark();
        }
    }
    let unpark = Arc::new(Unpark(std::thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&unpark));
    let mut future = std::pin::pin!(future);
    let clock = Clock::system();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let since = clock.monotonic();
        while !unpark.1.swap(false, SeqCst) {
            std::thread::park_timeout(seconds(1));
            assert!(clock.monotonic() - since < seconds(20), "stranded");
        }
    }
}
