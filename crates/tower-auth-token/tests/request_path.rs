//! What requests notice: C28, C30, C31.

mod support;

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};
use support::{Issuer, TokioTime, get, seconds};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer};
use tower_auth_core::{
    AuthError, Clock, Error, ErrorKind, HeaderApiKey, SchemeExt, Secret,
    bearer::{InAuthorization, InQuery},
    replay::Cloned,
};
use tower_auth_token::{
    Cache, Demand, Failure, Fetched, Placing, Reason, Token, TokenAuth,
    store::{MemoryStore, Storable, Store, StoreError, StoreErrorKind, Stored, StoredToken},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// C28.
#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    issuer.break_down();
    let key = HeaderApiKey::new("key").unwrap();
    let mut service = (issuer.auth(&time) + key).layer(issuer.server());
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(get("https://h/"));
        let error = response.await.unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), ErrorKind::Credentials);
    }
    assert_eq!(issuer.requests(), 0);
}

/// C28: nor is a refused one sent again while the issuer is down.
#[tokio::test(start_paused = true)]
async fn when_no_other_token_can_be_had_the_request_is_not_sent_again() {
    let time = TokioTime::new();
    let issuer = Issuer::new();
    let service = issuer.auth(&time).replay(Cloned).layer(issuer.server());
    service.clone().oneshot(get("https://h/")).await.unwrap();
    issuer.revoke(1);
    issuer.break_down();
    let error = service.oneshot(get("https://h/")).await.unwrap_err();
    assert!(matches!(error, Error::Auth(_)));
    assert_eq!(issuer.requests(), 2);
}

/// C31: the token comes through the same client, which serves one request at a time.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_token_leaves_the_client_to_the_fetch() {
    let issuer = Issuer::new();
    let client = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .service(issuer.server());
    let through = client.clone();
    let auth = TokenAuth::bearer(move || {
        let client = through.clone();
        async move {
            let mut request = get("https://issuer/token");
            let value = "Bearer t1".parse().unwrap();
            request.headers_mut().insert("authorization", value);
            let Ok(response) = client.oneshot(request).await;
            assert_eq!(response.status(), http::StatusCode::OK);
            Ok::<_, AuthError>(Fetched::new(Token::from("t1")))
        }
    });
    let mut service = auth.layer(client);
    let service = service.ready().await.unwrap();
    let response = tokio::time::timeout(seconds(10), service.call(get("https://h/"))).await;
    assert_eq!(response.unwrap().unwrap().status(), http::StatusCode::OK);
}

const SECRET: &str = "pl4nted-s3cret";

fn check(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    assert!(!text.contains(SECRET), "{text}");
}

async fn planted() -> Result<Fetched<Token>, AuthError> {
    Ok(Fetched::new(token()).lifetime(seconds(100)))
}

fn token() -> Token {
    Token::new(SECRET).with_refresh(Some(Secret::from(SECRET)))
}

/// C30.
#[tokio::test]
async fn no_public_type_prints_a_token() {
    check(&token());
    check(&Fetched::new(token()));
    check(&Demand::new(
        Some(token()),
        Reason::Expired,
        Clock::system(),
    ));
    check(&token().to_stored(None));
    let store = MemoryStore::new();
    store.save(SECRET, &token().to_stored(None)).await.unwrap();
    check(&store);
    check(&Stored::new(planted, store, SECRET));
    check(&Placing::new(planted, InAuthorization::default()));
    check(&Cache::builder(planted));
    let cache = Cache::new(planted);
    check(&cache.acquire());
    check(&cache.get().await.unwrap());
    check(&cache);
    let auth = TokenAuth::new(planted, InQuery::new("token").unwrap());
    check(&*auth.cache().get().await.unwrap());
    check(&auth);
    check(&auth.clone().replay(Cloned));
    let mut request = get("https://h/");
    let service = TokenAuth::bearer(planted).layer(tower::service_fn(
        async |request: http::Request<support::Body>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(request))
        },
    ));
    check(&service);
    request = service.oneshot(request).await.unwrap().into_body();
    assert_eq!(
        request.headers()["authorization"],
        format!("Bearer {SECRET}").as_str()
    );
    check(&request);
}

/// C30: everything that can be reported, at every level, with a token in play.
#[tokio::test(start_paused = true)]
async fn no_token_reaches_tracing_or_an_error() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let time = TokioTime::new();
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let broken = Arc::clone(&fails);
    let source = move || {
        let broken = broken.load(SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if broken {
                let error = AuthError::new(ErrorKind::Credentials, "invalid_grant");
                return Err(Failure::new(error).previous_is_worthless());
            }
            planted().await.map_err(Failure::from)
        }
    };
    let store = Unwilling(MemoryStore::new());
    let stored = Stored::new(source, store, SECRET);
    let cache = TokenAuth::cache_builder(stored, InAuthorization::default())
        .clock(time.clock())
        .on_update(|_| panic!("planted panic"))
        .build();
    let service = TokenAuth::from_cache(cache.clone())
        .replay(Cloned)
        .layer(Issuer::new().server()); // which knows no such token
    let mut errors = Vec::new();
    for _ in 0..200 {
        match service.clone().oneshot(get("https://h/")).await {
            Ok(response) => assert_eq!(response.status(), http::StatusCode::UNAUTHORIZED),
            Err(error) => errors.push(error),
        }
        tokio::time::sleep(seconds(3)).await;
        if time.clock().now() > std::time::SystemTime::UNIX_EPOCH + seconds(support::START + 300) {
            fails.store(true, SeqCst);
        }
    }
    let _ = cache.clear().await;
    drop(guard);
    let log = log.0.lock().unwrap();
    for expected in [
        "fetching credentials",
        "new credentials",
        "the callback for new credentials panicked",
        "the store of the credentials failed",
        "trying once more",
        "could not be refreshed ahead",
        "too soon",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert!(!log.contains(SECRET), "{log}");
    assert!(!errors.is_empty());
    for error in &errors {
        check(error);
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(cause) = source {
            assert!(!cause.to_string().contains(SECRET));
            source = cause.source();
        }
    }
}

/// Keeps what it has, and fails every time it is to change it.
struct Unwilling(MemoryStore);

impl Store for Unwilling {
    fn load<'a>(
        &'a self,
        key: &'a str,
    ) -> tower_auth_token::store::StoreFuture<'a, Option<StoredToken>> {
        self.0.load(key)
    }

    fn save<'a>(
        &'a self,
        _: &'a str,
        _: &'a StoredToken,
    ) -> tower_auth_token::store::StoreFuture<'a, ()> {
        let error = StoreError::new(StoreErrorKind::Io, "planted");
        Box::pin(async { Err(error.with_source(std::io::Error::other("disk full"))) })
    }

    fn remove<'a>(&'a self, _: &'a str) -> tower_auth_token::store::StoreFuture<'a, ()> {
        Box::pin(async { Err(StoreError::new(StoreErrorKind::ReadOnly, "planted")) })
    }

    fn lock<'a>(
        &'a self,
        key: &'a str,
    ) -> tower_auth_token::store::StoreFuture<'a, tower_auth_token::store::StoreLock> {
        self.0.lock(key)
    }
}

/// Writes down every event of every level.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut Fields(&self.0));
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Fields(&self.0));
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&self.0));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Fields<'a>(&'a Mutex<String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}
