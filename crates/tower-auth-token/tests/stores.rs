//! Sessions in stores: C16 to C19, C23, C24. Processes are in `processes.rs`, files in `files.rs`.

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use support::{START, TokioTime, seconds};
use tower_auth_core::{AuthError, ErrorKind, Secret, Verdict};
use tower_auth_token::{
    AccessToken as _, Cache, Demand, Failure, Fetched, ProofKey, Reason, Source, Token,
    store::{
        MemoryStore, Store, StoreError, StoreErrorKind, StoreFuture, StoreLock, Stored, StoredToken,
    },
};

/// An authorization server with one session, whose refresh token is good once; a second use ends the session.
#[derive(Clone, Default)]
struct Server(Arc<State>);

#[derive(Default)]
struct State {
    exchanges: AtomicUsize,
    /// The number of the refresh token that is good.
    current: AtomicUsize,
    revoked: AtomicBool,
    unreachable: AtomicBool,
    /// The answer has no refresh token, and the old one stays good.
    keeps_refresh_token: AtomicBool,
    latency: Mutex<Duration>,
}

impl Server {
    fn new() -> Self {
        let server = Self::default();
        server.0.current.store(1, SeqCst);
        *server.0.latency.lock().unwrap() = Duration::from_millis(100);
        server
    }

    fn exchanges(&self) -> usize {
        self.0.exchanges.load(SeqCst)
    }

    /// Somebody refreshes who takes no lock, as httpx_auth does.
    fn rotate(&self) -> StoredToken {
        let number = self.0.current.fetch_add(1, SeqCst) + 1;
        entry(number, 3600)
    }
}

impl Source for Server {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let error = |what: &'static str| AuthError::new(ErrorKind::Credentials, what);
        self.0.exchanges.fetch_add(1, SeqCst);
        let latency = *self.0.latency.lock().unwrap();
        tokio::time::sleep(latency).await;
        if self.0.unreachable.load(SeqCst) {
            return Err(error("503").into());
        }
        let sent = demand.previous.as_ref().and_then(Token::refresh);
        let Some(sent) = sent else {
            return Err(error("somebody has to log in").into());
        };
        let current = self.0.current.load(SeqCst);
        if self.0.revoked.load(SeqCst) || sent.expose() != format!("r{current}") {
            self.0.revoked.store(true, SeqCst);
            return Err(Failure::new(error("invalid_grant")).previous_is_worthless());
        }
        let exchange = self.exchanges();
        let lifetime = seconds(3600);
        if self.0.keeps_refresh_token.load(SeqCst) {
            let token = Token::from(format!("t{current}-{exchange}"));
            let token = token.or_refresh_of(demand.previous.as_ref());
            return Ok(Fetched::new(token).lifetime(lifetime));
        }
        self.0.current.store(current + 1, SeqCst);
        let token = Token::from(format!("t{}", current + 1));
        let refresh = format!("r{}", current + 1).as_str().into();
        let token = token.with_refresh(Some(refresh));
        let token = token.or_refresh_of(demand.previous.as_ref());
        Ok(Fetched::new(token).lifetime(lifetime))
    }
}

/// Session number `number`, expiring so many seconds after the start.
fn entry(number: usize, expiry: u64) -> StoredToken {
    StoredToken::new(format!("t{number}").as_str())
        .with_expires_at(SystemTime::UNIX_EPOCH + seconds(START + expiry))
        .with_refresh(Some(format!("r{number}").as_str().into()))
}

/// A memory store that fails when told to.
#[derive(Clone, Default)]
struct Flaky {
    inner: MemoryStore,
    load_fails: Arc<AtomicBool>,
    save_fails: Arc<AtomicBool>,
    /// Saving takes this long.
    save_takes: Arc<Mutex<Duration>>,
    lock_fails: Arc<Mutex<Option<StoreErrorKind>>>,
    saves: Arc<AtomicUsize>,
}

impl Store for Flaky {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        if self.load_fails.load(SeqCst) {
            return Box::pin(async { Err(StoreError::new(StoreErrorKind::Io, "planted")) });
        }
        self.inner.load(key)
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        self.saves.fetch_add(1, SeqCst);
        if self.save_fails.load(SeqCst) {
            return Box::pin(async { Err(StoreError::new(StoreErrorKind::Io, "disk full")) });
        }
        let takes = *self.save_takes.lock().unwrap();
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            self.inner.save(key, token).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        if self.save_fails.load(SeqCst) {
            return Box::pin(async { Err(StoreError::new(StoreErrorKind::ReadOnly, "planted")) });
        }
        self.inner.remove(key)
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        if let Some(kind) = *self.lock_fails.lock().unwrap() {
            return Box::pin(async move { Err(StoreError::new(kind, "planted")) });
        }
        self.inner.lock(key)
    }
}

fn cache(server: &Server, store: impl Store, time: &TokioTime) -> Cache<Stored<Server>> {
    Cache::builder(Stored::new(server.clone(), store, "key"))
        .clock(time.clock())
        .refresh_ahead(Duration::ZERO)
        .build()
}

async fn stored(store: &MemoryStore) -> Option<(String, Option<String>)> {
    let stored = store.load("key").await.unwrap()?;
    let refresh = stored.refresh().map(|refresh| refresh.expose().to_owned());
    Some((stored.token().expose().to_owned(), refresh))
}

fn pair(number: usize) -> Option<(String, Option<String>)> {
    Some((format!("t{number}"), Some(format!("r{number}"))))
}

async fn token<S: Source<Value = Token>>(cache: &Cache<S>) -> String {
    cache.get().await.unwrap().access().expose().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_good_token_in_the_store_is_used_and_nothing_is_fetched() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 31)).await.unwrap();
    let one = cache(&server, store.clone(), &time);
    assert_eq!(token(&one).await, "t1");
    assert_eq!(server.exchanges(), 0);
    // Less than the margin is left: it is exchanged, and the new one saved before it is used.
    tokio::time::advance(seconds(2)).await;
    let other = cache(&server, store.clone(), &time);
    assert_eq!(token(&other).await, "t2");
    assert_eq!(stored(&store).await, pair(2));
    // What the other one saved is adopted by the first when its own expires.
    tokio::time::advance(seconds(30)).await;
    assert_eq!(token(&one).await, "t2");
    assert_eq!(server.exchanges(), 1);
}

/// C5: whoever asked goes away at any await point, before or after the server has rotated; the new refresh token is kept.
#[tokio::test(start_paused = true)]
async fn a_rotated_refresh_token_is_stored_even_when_everybody_has_gone_away() {
    for polls in 1..12 {
        let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
        store.save("key", &entry(1, 0)).await.unwrap();
        let cache = cache(&server, store.clone(), &time);
        let mut asking = Box::pin(cache.get());
        for _ in 0..polls {
            let moment = tokio::time::timeout(Duration::from_millis(10), &mut asking);
            if moment.await.is_ok() {
                break;
            }
        }
        drop(asking);
        drop(cache); // the last handle as well
        tokio::time::sleep(seconds(10)).await;
        assert_eq!(stored(&store).await, pair(2), "{polls}");
        assert_eq!(server.exchanges(), 1, "{polls}");
    }
}

/// A refresh keeps the key, what the answer did not say again, and what nobody here knows.
#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_token_survives_a_refresh() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    let before = entry(1, 0)
        .with_token_type(Secret::from("DPoP"))
        .with_proof_key(ProofKey::new("{\"d\":\"…\"}"))
        .with_id_token(Secret::from("i"))
        .with_scope(Secret::from("a b"))
        .with_member("of a later version", Secret::from("x"))
        .unwrap();
    store.save("key", &before).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let current = cache.get().await.unwrap();
    assert_eq!(current.access().expose(), "t2");
    assert_eq!(current.issued().token_type(), Some("DPoP"));
    assert!(current.issued().get::<ProofKey>().is_some());
    let after = store.load("key").await.unwrap().unwrap();
    assert_eq!(after.token().expose(), "t2");
    assert_eq!(after.scope(), Some("a b"));
    assert_eq!(after.id_token().unwrap().expose(), "i");
    assert_eq!(after.proof_key().unwrap().jwk().expose(), "{\"d\":\"…\"}");
    assert_eq!(after.member("of a later version").unwrap().expose(), "x");
}

#[test]
fn a_member_that_the_store_keeps_itself_is_refused_and_not_replaced_in_silence() {
    let token = tower_auth_token::store::StoredToken::new("t");
    let refused = token
        .clone()
        .with_member("expires_in", Secret::from("soon"));
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), tower_auth_token::store::StoreErrorKind::Key);
    assert!(refused.to_string().contains("with_expires_at"), "{refused}");
    let kept = token.with_member("expires", Secret::from("soon")).unwrap();
    assert_eq!(kept.member("expires").unwrap().expose(), "soon");
}

/// What a log shows, whether it prints an error or its whole chain.
#[test]
fn an_error_of_a_store_says_its_cause_once() {
    use std::error::Error;
    use tower_auth_token::store::{StoreError, StoreErrorKind};
    let cause = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let said = cause.to_string();
    let error = StoreError::new(StoreErrorKind::Io, "cannot read `/t`").with_source(cause);
    let io = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>());
    assert_eq!(io.unwrap().kind(), std::io::ErrorKind::PermissionDenied);
    let mut chain = Vec::new();
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        chain.push(error.to_string());
        next = error.source();
    }
    assert_eq!(chain.concat().matches(&said).count(), 1, "{chain:?}");
    let auth = AuthError::from(error);
    assert_eq!(auth.to_string().matches(&said).count(), 1, "{auth}");
}

/// Programs that share tokens which live for less than the margin of early expiry do not each fetch their own.
#[tokio::test(start_paused = true)]
async fn a_token_that_lives_for_less_than_the_margin_is_adopted() {
    let (time, store) = (TokioTime::new(), MemoryStore::new());
    let fetches = Arc::new(AtomicUsize::new(0));
    let program = || {
        let fetches = Arc::clone(&fetches);
        let source = move || {
            let number = fetches.fetch_add(1, SeqCst);
            let token = Token::from(format!("t{number}"));
            async move { Ok::<_, AuthError>(Fetched::new(token).lifetime(seconds(20))) }
        };
        Cache::builder(Stored::new(source, store.clone(), "key"))
            .clock(time.clock())
            .refresh_ahead(Duration::ZERO)
            .build()
    };
    assert_eq!(token(&program()).await, "t0");
    tokio::time::advance(seconds(14)).await;
    let other = program();
    assert_eq!(token(&other).await, "t0");
    tokio::time::advance(seconds(2)).await;
    assert_eq!(
        token(&other).await,
        "t1",
        "a quarter of its life is the margin"
    );
    assert_eq!(token(&program()).await, "t1");
    assert_eq!(fetches.load(SeqCst), 2);
}

/// C16.
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    server.0.keeps_refresh_token.store(true, SeqCst);
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    for exchange in 1..4 {
        let access = format!("t1-{exchange}");
        assert_eq!(token(&cache).await, access);
        assert_eq!(stored(&store).await, Some((access, Some("r1".into()))));
        tokio::time::advance(seconds(3600)).await;
    }
}

/// C17: somebody who takes no lock has rotated while we tried; its token is good.
#[tokio::test(start_paused = true)]
async fn after_invalid_grant_the_token_that_another_process_put_there_is_adopted() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let asking = tokio::spawn(async move { token(&cache).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    store.save("key", &server.rotate()).await.unwrap();
    assert_eq!(asking.await.unwrap(), "t2");
    assert_eq!(stored(&store).await, pair(2));
    assert_eq!(server.exchanges(), 1);
}

/// C17: what it put there has expired since, but its refresh token is the good one.
#[tokio::test(start_paused = true)]
async fn after_invalid_grant_the_refresh_token_that_another_process_put_there_is_tried_once() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let asking = tokio::spawn(async move { token(&cache).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.rotate();
    store.save("key", &entry(2, 0)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // This server is lenient: it was somebody else who used `r1` twice.
    server.0.revoked.store(false, SeqCst);
    assert_eq!(asking.await.unwrap(), "t3");
    assert_eq!(server.exchanges(), 2);
    assert_eq!(stored(&store).await, pair(3));
}

/// C17: only what is still ours is removed; what is worthless is not tried again.
#[tokio::test(start_paused = true)]
async fn after_invalid_grant_what_is_ours_is_removed_and_not_tried_again() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    server.0.revoked.store(true, SeqCst);
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let error = cache.get().await.unwrap_err();
    assert_eq!(error.to_string(), "invalid_grant");
    assert_eq!(stored(&store).await, None);
    tokio::time::advance(seconds(60)).await;
    let error = cache.get().await.unwrap_err();
    assert_eq!(error.to_string(), "somebody has to log in");
    // Somebody logs in, in another process.
    server.0.revoked.store(false, SeqCst);
    store.save("key", &entry(1, 1000)).await.unwrap();
    tokio::time::advance(seconds(60)).await;
    assert_eq!(token(&cache).await, "t1");
}

/// C17, and C23: it cannot be removed, but is not tried again either.
#[tokio::test(start_paused = true)]
async fn what_is_worthless_and_cannot_be_removed_is_not_tried_again() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    server.0.revoked.store(true, SeqCst);
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(cache.get().await.unwrap_err().to_string(), "invalid_grant");
    tokio::time::advance(seconds(60)).await;
    let error = cache.get().await.unwrap_err();
    assert_eq!(error.to_string(), "somebody has to log in");
}

/// Forgetting in memory only means to look into the store again.
#[tokio::test(start_paused = true)]
async fn after_forgetting_what_is_in_the_store_is_used() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t2");
    cache.forget();
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(server.exchanges(), 1);
}

/// C17: a refresh ahead of expiry finds the session dead; the access token is still good, here and for others.
#[tokio::test(start_paused = true)]
async fn when_the_session_ends_before_its_access_token_that_one_is_used_up() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 1000)).await.unwrap();
    let cache = Cache::builder(Stored::new(server.clone(), store.clone(), "key"))
        .clock(time.clock())
        .build();
    assert_eq!(token(&cache).await, "t1");
    server.0.revoked.store(true, SeqCst);
    tokio::time::advance(seconds(960)).await;
    assert_eq!(token(&cache).await, "t1");
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(server.exchanges(), 1);
    assert_eq!(token(&cache).await, "t1");
    assert_eq!(stored(&store).await, Some(("t1".into(), None)));
}

/// C18.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_never_costs_the_refresh_token() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    server.0.unreachable.store(true, SeqCst);
    for _ in 0..10 {
        assert_eq!(cache.get().await.unwrap_err().to_string(), "503");
        assert_eq!(stored(&store).await, pair(1));
        tokio::time::advance(seconds(60)).await;
    }
    server.0.unreachable.store(false, SeqCst);
    assert_eq!(token(&cache).await, "t2");
}

/// C19, in one process: as many caches as there are tasks, on one store.
#[tokio::test(start_paused = true)]
async fn any_number_of_caches_on_one_store_make_one_refresh() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let caches: Vec<_> = (0..20)
        .map(|_| cache(&server, store.clone(), &time))
        .collect();
    let tasks: Vec<_> = (0..1000)
        .map(|task| {
            let cache = caches[task % caches.len()].clone();
            tokio::spawn(async move { token(&cache).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "t2");
    }
    assert_eq!(server.exchanges(), 1);
}

/// C8 and C19: a refused token is replaced by what another process fetched since.
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_from_the_store_when_there_is_a_newer_one() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 1000)).await.unwrap();
    let one = cache(&server, store.clone(), &time);
    let other = cache(&server, store.clone(), &time);
    let refused = one.get().await.unwrap();
    let also_refused = other.get().await.unwrap();
    assert_eq!(one.refused(&refused), Verdict::Refused);
    assert_eq!(token(&one).await, "t2");
    assert_eq!(other.refused(&also_refused), Verdict::Refused);
    assert_eq!(token(&other).await, "t2");
    assert_eq!(server.exchanges(), 1);
}

/// C23.
#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_saved_is_used_and_reported_and_saved_later() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let reported = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&reported);
    let source = Stored::new(server.clone(), store.clone(), "key")
        .on_store_error(move |error| report.lock().unwrap().push(error.to_string()));
    let cache = Cache::builder(source).clock(time.clock()).build();
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(*reported.lock().unwrap(), ["disk full"]);
    assert_eq!(stored(&store.inner).await, pair(1));

    tokio::time::sleep(seconds(10)).await;
    assert!(store.saves.load(SeqCst) >= 3, "it was tried again");
    store.save_fails.store(false, SeqCst);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(stored(&store.inner).await, pair(2));
    let saves = store.saves.load(SeqCst);
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(store.saves.load(SeqCst), saves, "and that was all");
}

/// C23: for as long as it cannot be saved, the store's old refresh token is not taken for news.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_is_not_replaced_by_what_was_there_before() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let cache = cache(&server, store.clone(), &time);
    for number in 2..6 {
        assert_eq!(token(&cache).await, format!("t{number}"));
        tokio::time::sleep(seconds(3600)).await;
    }
    assert!(
        !server.0.revoked.load(SeqCst),
        "a refresh token was used twice"
    );
    // The background gave up by now; the next fetch saves.
    store.save_fails.store(false, SeqCst);
    assert_eq!(token(&cache).await, "t6");
    assert_eq!(stored(&store.inner).await, pair(6));
}

/// C23: what could not be saved is what the cache goes on with, also when it is told to look again.
#[tokio::test(start_paused = true)]
async fn after_forgetting_what_could_not_be_saved_is_used_and_not_what_was_there_before() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t2");
    cache.forget();
    assert_eq!(token(&cache).await, "t2");
    cache.forget();
    tokio::time::advance(seconds(3600)).await;
    assert_eq!(token(&cache).await, "t3");
    assert!(
        !server.0.revoked.load(SeqCst),
        "a refresh token was used twice"
    );
}

/// C17, and C23: what could not be saved turns out to be worthless.
#[tokio::test(start_paused = true)]
async fn what_is_worthless_is_not_saved_later() {
    for ahead in [false, true] {
        let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
        store.inner.save("key", &entry(1, 0)).await.unwrap();
        store.save_fails.store(true, SeqCst);
        let cache = Cache::builder(Stored::new(server.clone(), store.clone(), "key"))
            .clock(time.clock())
            .build();
        assert_eq!(token(&cache).await, "t2");
        tokio::time::sleep(seconds(1)).await;
        server.0.revoked.store(true, SeqCst);
        tokio::time::advance(seconds(if ahead { 3550 } else { 3600 })).await;
        let result = cache.get().await;
        assert_eq!(result.is_ok(), ahead);
        store.save_fails.store(false, SeqCst);
        tokio::time::sleep(seconds(600)).await;
        let refresh = stored(&store.inner).await.and_then(|(_, refresh)| refresh);
        assert_ne!(refresh.as_deref(), Some("r2"), "ahead: {ahead}");
    }
}

/// C23: the request does not wait for a store for ever, and what it saves is not lost.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_to_save_delays_a_request_by_seconds_and_loses_nothing() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    *store.save_takes.lock().unwrap() = seconds(15);
    let reported = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&reported);
    let source = Stored::new(server.clone(), store.clone(), "key")
        .on_store_error(move |error| report.lock().unwrap().push(error.to_string()));
    let cache = Cache::builder(source).clock(time.clock()).build();
    let started = tokio::time::Instant::now();
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(reported.lock().unwrap().len(), 1, "{reported:?}");
    assert_eq!(stored(&store.inner).await, pair(1));
    // The last handle goes away as well. Until it is saved, nobody else may use what is in the store.
    drop(cache);
    let other = self::cache(&server, store.clone(), &time);
    assert_eq!(token(&other).await, "t2");
    assert_eq!(stored(&store.inner).await, pair(2));
    assert_eq!(server.exchanges(), 1);
}

/// C23: a store that never comes to an end of saving, at each of several refreshes.
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_while_it_saves_fails_no_request() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    *store.save_takes.lock().unwrap() = seconds(1_000_000);
    let cache = cache(&server, store.clone(), &time);
    for number in 2..6 {
        let started = tokio::time::Instant::now();
        assert_eq!(token(&cache).await, format!("t{number}"));
        assert!(started.elapsed() < seconds(30), "{:?}", started.elapsed());
        tokio::time::sleep(seconds(if number == 3 { 3575 } else { 3600 })).await;
    }
    assert!(!server.0.revoked.load(SeqCst));
    // It comes back.
    *store.save_takes.lock().unwrap() = Duration::ZERO;
    assert_eq!(token(&cache).await, "t6");
    assert_eq!(stored(&store.inner).await, pair(6));
}

/// C5: a fetch that is given up while it saves; the rotated refresh token is not lost with it.
#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_given_up_while_it_saves_loses_no_rotated_refresh_token() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    *store.save_takes.lock().unwrap() = seconds(3);
    let cache = Cache::builder(Stored::new(server.clone(), store.clone(), "key"))
        .clock(time.clock())
        .timeout(seconds(1))
        .build();
    assert!(cache.get().await.is_err());
    assert_eq!(server.0.current.load(SeqCst), 2, "the server has rotated");
    // The next one waits for the lock, which is held until that is saved.
    let lock = store.inner.lock("key").await.unwrap();
    assert_eq!(stored(&store.inner).await, pair(2));
    drop(lock);
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(server.exchanges(), 1);
}

/// C15: a machine that slept. Its monotonic clock stood still, and what came from the store is over all the same.
#[tokio::test(start_paused = true)]
async fn what_came_from_the_store_ends_by_the_time_of_day_when_the_machine_slept() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 1000)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t1");
    time.shift(969);
    assert_eq!(token(&cache).await, "t1");
    time.shift(2);
    assert_eq!(token(&cache).await, "t2");
}

/// C15: the clock was wrong when the end was written, or is wrong when it is read; a refusal heals it.
#[tokio::test(start_paused = true)]
async fn what_is_in_the_store_survives_a_time_of_day_that_is_wrong() {
    for shift in [-100_000, 100_000] {
        let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
        store.save("key", &entry(1, 1000)).await.unwrap();
        time.shift(shift);
        let cache = cache(&server, store.clone(), &time);
        let current = cache.get().await.unwrap();
        if shift < 0 {
            // It seems to be good for a day longer than it is.
            assert_eq!(current.access().expose(), "t1");
            tokio::time::advance(seconds(2000)).await;
            assert_eq!(cache.refused(&current), Verdict::Refused);
        }
        assert_eq!(token(&cache).await, "t2", "{shift}");
        // Somebody sets the clock right. The new one was fetched here, and is measured on the other clock.
        time.shift(-shift);
        tokio::time::advance(seconds(3000)).await;
        assert_eq!(token(&cache).await, "t2", "{shift}");
        assert_eq!(server.exchanges(), 1);
    }
}

/// A person took their time: the lifetime counts from when the token was asked for, in the store as well.
#[tokio::test(start_paused = true)]
async fn the_end_in_the_store_counts_from_when_the_token_was_asked_for() {
    let (time, store) = (TokioTime::new(), MemoryStore::new());
    struct Login;
    impl Source for Login {
        type Value = Token;
        async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
            tokio::time::sleep(seconds(50)).await;
            let asked = demand.clock.monotonic();
            tokio::time::sleep(seconds(2)).await;
            let fetched = Fetched::new(Token::from("t")).lifetime(seconds(3600));
            Ok(fetched.asked_at(asked))
        }
    }
    let cache = Cache::builder(Stored::new(Login, store.clone(), "key"))
        .clock(time.clock())
        .build();
    cache.get().await.unwrap();
    let end = store
        .load("key")
        .await
        .unwrap()
        .unwrap()
        .expires_at()
        .unwrap();
    let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(end.as_secs(), START + 50 + 3600);
}

/// C23: another process logged in meanwhile; what could not be saved is history.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_does_not_replace_what_others_saved_since() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t2");
    store.inner.save("key", &entry(77, 9999)).await.unwrap();
    store.save_fails.store(false, SeqCst);
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(stored(&store.inner).await, pair(77));
    // And it is what the next fetch goes on with.
    tokio::time::advance(seconds(3000)).await;
    assert_eq!(token(&cache).await, "t77");
    assert_eq!(server.exchanges(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_or_locked_does_not_fail_requests() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 31)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t1");
    store.load_fails.store(true, SeqCst);
    *store.lock_fails.lock().unwrap() = Some(StoreErrorKind::Io);
    tokio::time::advance(seconds(60)).await;
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(stored(&store.inner).await, pair(2));
}

/// Going on without the lock could use a refresh token twice.
#[tokio::test(start_paused = true)]
async fn a_lock_that_somebody_holds_for_too_long_is_an_error() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    *store.lock_fails.lock().unwrap() = Some(StoreErrorKind::Busy);
    let error = cache(&server, store, &time).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<StoreError>().unwrap();
    assert_eq!(source.kind(), StoreErrorKind::Busy);
    assert_eq!(server.exchanges(), 0);
}

/// C24.
#[tokio::test(start_paused = true)]
async fn logging_out_during_a_refresh_leaves_nothing_in_the_store() {
    for moment in [0, 50, 99, 100, 101, 150] {
        let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
        store.save("key", &entry(1, 0)).await.unwrap();
        let cache = cache(&server, store.clone(), &time);
        let asking = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get().await }
        });
        tokio::time::sleep(Duration::from_millis(moment)).await;
        cache.clear().await.unwrap();
        let _ = asking.await.unwrap();
        tokio::time::sleep(seconds(10)).await;
        assert_eq!(stored(&store).await, None, "{moment}");
        assert!(cache.peek().is_none());
    }
}

/// C24: nor when the store has no locks, so that nobody waits for the refresh.
#[tokio::test(start_paused = true)]
async fn logging_out_during_a_refresh_leaves_nothing_in_a_store_without_locks() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    *store.lock_fails.lock().unwrap() = Some(StoreErrorKind::Io);
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let _ = cache.clear().await;
    assert!(asking.await.unwrap().is_err());
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(server.exchanges(), 1);
    assert_eq!(stored(&store.inner).await, None);
}

/// C5: to forget in memory is not to log out; what is rotated at that moment is saved all the same.
#[tokio::test(start_paused = true)]
async fn forgetting_during_a_refresh_does_not_lose_the_rotated_refresh_token() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 0)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let asking = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    cache.forget();
    assert!(asking.await.unwrap().is_err());
    assert_eq!(token(&cache).await, "t2");
    assert_eq!(stored(&store).await, pair(2));
    assert_eq!(server.exchanges(), 1);
}

/// C8: the same access token with another refresh token is no other access token.
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_adopted_again_when_only_its_refresh_token_is_new() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 1000)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    let refused = cache.get().await.unwrap();
    server.rotate();
    let same = entry(1, 1000).with_refresh(Some("r2".into()));
    store.save("key", &same).await.unwrap();
    assert_eq!(cache.refused(&refused), Verdict::Refused);
    assert_eq!(token(&cache).await, "t3");
    assert_eq!(server.exchanges(), 1);
}

/// C24, and C23: what could not be saved is not saved after the logout either.
#[tokio::test(start_paused = true)]
async fn logging_out_forgets_what_could_not_be_saved() {
    let (time, server, store) = (TokioTime::new(), Server::new(), Flaky::default());
    store.inner.save("key", &entry(1, 0)).await.unwrap();
    store.save_fails.store(true, SeqCst);
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t2");
    assert!(cache.clear().await.is_err(), "it is still in the store");
    assert!(cache.peek().is_none());
    store.save_fails.store(false, SeqCst);
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(
        stored(&store.inner).await,
        pair(1),
        "nothing new was put there"
    );
    cache.clear().await.unwrap();
    assert_eq!(stored(&store.inner).await, None);
}

/// C24, across processes: the key is gone, so somebody logged out.
#[tokio::test(start_paused = true)]
async fn when_another_process_logged_out_the_old_refresh_token_is_not_used() {
    let (time, server, store) = (TokioTime::new(), Server::new(), MemoryStore::new());
    store.save("key", &entry(1, 1000)).await.unwrap();
    let cache = cache(&server, store.clone(), &time);
    assert_eq!(token(&cache).await, "t1");
    store.remove("key").await.unwrap();
    tokio::time::advance(seconds(1000)).await;
    let error = cache.get().await.unwrap_err();
    assert_eq!(error.to_string(), "somebody has to log in");
    assert_eq!(server.0.current.load(SeqCst), 1);
}

#[tokio::test]
async fn a_memory_store_gives_a_lock_to_one_at_a_time() {
    let store = MemoryStore::new();
    let first = store.lock("a").await.unwrap();
    let other_key = store.lock("b").await.unwrap();
    let second = store.lock("a");
    let second = tokio::time::timeout(Duration::from_millis(20), second).await;
    assert!(second.is_err());
    drop((first, other_key));
    assert!(store.lock("a").await.is_ok());
    // A demand outside of a cache is never cleared.
    assert!(!Demand::<Token>::new(None, Reason::Missing, Default::default()).cleared());
}
