//! What is reported: C30. A program of its own, since `tracing` remembers which thread came first to a message.

mod support;

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use support::{Issuer, START, TokioTime, get, seconds};
use tower::{Layer, ServiceExt};
use tower_auth_core::{
    AuthError, ErrorKind, SchemeExt, Secret, bearer::InAuthorization, replay::Cloned,
};
use tower_auth_token::{
    Failure, Fetched, Token, TokenAuth,
    store::{
        MemoryStore, Store, StoreError, StoreErrorKind, StoreFuture, StoreLock, Stored, StoredToken,
    },
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

const SECRET: &str = "pl4nted-s3cret";

/// C30: everything that can be reported, at every level, with a token in play.
#[tokio::test(start_paused = true)]
async fn no_token_reaches_tracing_or_an_error() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let time = TokioTime::new();
    let fails = Arc::new(AtomicBool::new(false));
    let broken = Arc::clone(&fails);
    let source = move || {
        let broken = broken.load(SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if broken {
                let error = AuthError::new(ErrorKind::Credentials, "invalid_grant");
                return Err(Failure::new(error).previous_is_worthless());
            }
            let token = Token::new(SECRET).with_refresh(Some(Secret::from(SECRET)));
            Ok(Fetched::new(token).lifetime(seconds(100)))
        }
    };
    let store = Unwilling(MemoryStore::new());
    let stored = Stored::new(source, store, SECRET);
    let cache = TokenAuth::cache_builder(stored, InAuthorization::default())
        .clock(time.clock())
        .random(|| 0.5)
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
        if time.clock().now() > SystemTime::UNIX_EPOCH + seconds(START + 300) {
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
        assert!(!format!("{error:?} {error:#?}").contains(SECRET));
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
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        self.0.load(key)
    }

    fn save<'a>(&'a self, _: &'a str, _: &'a StoredToken) -> StoreFuture<'a, ()> {
        let error = StoreError::new(StoreErrorKind::Io, "planted");
        Box::pin(async { Err(error.with_source(std::io::Error::other("disk full"))) })
    }

    fn remove<'a>(&'a self, _: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async { Err(StoreError::new(StoreErrorKind::ReadOnly, "planted")) })
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
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
