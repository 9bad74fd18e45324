//! What several tests need: an issuer of numbered tokens, and a clock that stands still with tokio's.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses its part

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime},
};
use tower::Service;
use tower_auth_core::{AuthError, Clock, ErrorKind, bearer::InAuthorization, clock::TimeSource};
use tower_auth_token::{
    Cache, CacheBuilder, Demand, Failure, Fetched, Reason, Source, Token, TokenAuth,
};

pub type Body = Full<Bytes>;

/// Shows tokio's time, which tests pause. The time of day can be set apart from it.
#[derive(Clone, Debug)]
pub struct TokioTime {
    start: tokio::time::Instant,
    base: Arc<Mutex<SystemTime>>,
}

/// Not the epoch, so that margins can be taken off.
pub const START: u64 = 1_700_000_000;

impl TokioTime {
    pub fn new() -> Self {
        Self {
            start: tokio::time::Instant::now(),
            base: Arc::new(Mutex::new(
                SystemTime::UNIX_EPOCH + Duration::from_secs(START),
            )),
        }
    }

    /// Somebody sets the time of day; no time passes.
    pub fn shift(&self, seconds: i64) {
        let mut base = self.base.lock().unwrap();
        let by = Duration::from_secs(seconds.unsigned_abs());
        *base = if seconds < 0 { *base - by } else { *base + by };
    }

    pub fn clock(&self) -> Clock {
        Clock::new(self.clone())
    }
}

impl TimeSource for TokioTime {
    fn now(&self) -> SystemTime {
        *self.base.lock().unwrap() + self.start.elapsed()
    }

    fn monotonic(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Issues the tokens `t1`, `t2`, …, with refresh tokens `r1`, `r2`, … that are good once.
#[derive(Clone)]
pub struct Issuer(pub Arc<Shared>);

pub struct Shared {
    /// How often it was asked.
    pub asked: AtomicUsize,
    /// How many are asking now, and how many at most at the same time.
    pub now: AtomicUsize,
    pub most: AtomicUsize,
    /// How long it takes.
    pub latency: Mutex<Duration>,
    pub lifetime: Mutex<Option<Duration>>,
    /// How often it gives way to others before it is done.
    pub yields: AtomicUsize,
    /// What it fails with.
    pub failure: Mutex<Option<Failure>>,
    pub panics: AtomicBool,
    /// Every token is the first one.
    pub same_again: AtomicBool,
    /// The server accepts tokens from this number on.
    pub accepted_from: AtomicU64,
    /// What it was asked with.
    pub demands: Mutex<Vec<(Reason, Option<String>)>>,
    /// The server answers 401 with this challenge to everybody.
    pub challenge: Mutex<Option<&'static str>>,
    /// How many requests came.
    pub requests: AtomicUsize,
}

impl Issuer {
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            asked: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            latency: Mutex::new(Duration::from_millis(100)),
            lifetime: Mutex::new(Some(seconds(3600))),
            yields: AtomicUsize::new(0),
            failure: Mutex::new(None),
            panics: AtomicBool::new(false),
            same_again: AtomicBool::new(false),
            accepted_from: AtomicU64::new(0),
            demands: Mutex::new(Vec::new()),
            challenge: Mutex::new(None),
            requests: AtomicUsize::new(0),
        }))
    }

    pub fn latency(self, latency: Duration) -> Self {
        *self.0.latency.lock().unwrap() = latency;
        self
    }

    pub fn lifetime(self, lifetime: impl Into<Option<Duration>>) -> Self {
        *self.0.lifetime.lock().unwrap() = lifetime.into();
        self
    }

    pub fn asked(&self) -> usize {
        self.0.asked.load(SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.0.requests.load(SeqCst)
    }

    pub fn demands(&self) -> Vec<(Reason, Option<String>)> {
        self.0.demands.lock().unwrap().clone()
    }

    pub fn break_down(&self) {
        *self.0.failure.lock().unwrap() = Some(down().into());
    }

    pub fn fail_with(&self, failure: Failure) {
        *self.0.failure.lock().unwrap() = Some(failure);
    }

    pub fn repair(&self) {
        *self.0.failure.lock().unwrap() = None;
    }

    /// The server does not accept tokens up to this number any more.
    pub fn revoke(&self, up_to: u64) {
        self.0.accepted_from.store(up_to + 1, SeqCst);
    }

    /// A cache that fetches nothing ahead, on tokio's time.
    pub fn builder(&self, time: &TokioTime) -> CacheBuilder<Self> {
        Cache::builder(self.clone())
            .clock(time.clock())
            .refresh_ahead(Duration::ZERO)
    }

    pub fn auth(&self, time: &TokioTime) -> TokenAuth<Self> {
        let builder = TokenAuth::cache_builder(self.clone(), InAuthorization::default());
        let builder = builder.clock(time.clock()).refresh_ahead(Duration::ZERO);
        TokenAuth::from_cache(builder.build())
    }

    /// A server that accepts these tokens, and answers 401 to all else.
    pub fn server(&self) -> Server {
        let issuer = self.clone();
        let answer = move |request: &Request<Body>| {
            issuer.0.requests.fetch_add(1, SeqCst);
            let mut response = Response::new(Body::default());
            let number = request
                .headers()
                .get(AUTHORIZATION)
                .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer t")?.parse().ok());
            let from = issuer.0.accepted_from.load(SeqCst);
            if number.is_none_or(|number: u64| number < from) {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
            }
            if let Some(challenge) = *issuer.0.challenge.lock().unwrap() {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let value = challenge.parse().unwrap();
                response.headers_mut().insert("www-authenticate", value);
            }
            let number = number.unwrap_or(0);
            response.headers_mut().insert("number", number.into());
            response
        };
        Server {
            answer: Arc::new(answer),
            ready: false,
        }
    }
}

pub fn down() -> AuthError {
    AuthError::new(ErrorKind::Credentials, "the issuer is down")
}

impl Source for Issuer {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let shared = &self.0;
        let number = shared.asked.fetch_add(1, SeqCst) + 1;
        let now = shared.now.fetch_add(1, SeqCst) + 1;
        shared.most.fetch_max(now, SeqCst);
        let previous = demand.previous.as_ref();
        let previous = previous.and_then(|token| Some(token.refresh()?.expose().to_owned()));
        shared
            .demands
            .lock()
            .unwrap()
            .push((demand.reason, previous));
        for _ in 0..shared.yields.load(SeqCst) {
            tokio::task::yield_now().await;
        }
        let latency = *shared.latency.lock().unwrap();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        shared.now.fetch_sub(1, SeqCst);
        assert!(!shared.panics.load(SeqCst), "planted panic");
        if let Some(failure) = &*shared.failure.lock().unwrap() {
            return Err(failure.clone());
        }
        let same = shared.same_again.load(SeqCst);
        let number = if same { 1 } else { number };
        let token = Token::from(format!("t{number}"))
            .with_refresh(Some(format!("r{number}").as_str().into()));
        Ok(Fetched::new(token).lifetime(*shared.lifetime.lock().unwrap()))
    }
}

type Answer = Arc<dyn Fn(&Request<Body>) -> Response<Body> + Send + Sync>;

/// Answers at once; panics when called without having been polled ready.
#[derive(Clone)]
pub struct Server {
    answer: Answer,
    ready: bool,
}

impl Service<Request<Body>> for Server {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called before it was ready"
        );
        std::future::ready(Ok((self.answer)(&request)))
    }
}

pub fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::default()).unwrap()
}

/// Polls a future so many times, then drops it. `Ready` when it was done before.
pub async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..times {
        let poll = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = poll {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
