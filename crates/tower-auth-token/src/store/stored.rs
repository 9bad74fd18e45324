//! A source that keeps what it fetches in a store, and looks there first.

use super::{Store, StoreError, StoreErrorKind, StoreLock, StoredToken};
use crate::{Demand, Failure, Fetched, Reason, Source, Token};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};
use tokio::runtime::Handle;
use tower_auth_core::{AuthError, Clock};

/// A value that fits into a [`Store`].
pub trait Storable: Sized {
    /// As it is stored.
    fn to_stored(&self, expires_at: Option<SystemTime>) -> StoredToken;

    /// As it was; `None` when this is something else.
    fn from_stored(stored: &StoredToken) -> Option<Self>;
}

impl Storable for Token {
    fn to_stored(&self, expires_at: Option<SystemTime>) -> StoredToken {
        StoredToken {
            token: self.access().clone(),
            expires_at,
            refresh: self.refresh().cloned(),
        }
    }

    fn from_stored(stored: &StoredToken) -> Option<Self> {
        Some(Self::new(stored.token.clone()).with_refresh(stored.refresh.clone()))
    }
}

/// A source that looks into a [`Store`] before it asks another source, and keeps there what that one gives.
///
/// One fetch goes like this: take the store's lock; look what is there; when somebody else put a good value there since,
/// adopt it; otherwise ask the inner source, with the latest refresh token; save; let go of the lock; hand out the value.
/// So a value is durable before it is used, and any number of processes with one session make one refresh.
///
/// * What was put there by others is recognised by the tokens themselves, not by times.
/// * When the inner source finds its refresh token [worthless](Failure::previous_is_worthless), the store is read once
///   more: somebody who does not take the lock may have rotated it. Only what is still ours is removed.
/// * When the key disappeared, somebody logged out: the old refresh token is not used again.
/// * A store that fails does not fail requests: the value is used from memory, the error is
///   [reported](Self::on_store_error), and a save is tried again in the background and with the next fetch. Only when
///   the lock is [busy](StoreErrorKind::Busy) the fetch fails, since going on could use a refresh token twice.
pub struct Stored<S> {
    source: S,
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    key: String,
    memory: Mutex<Memory>,
    on_error: Option<OnError>,
}

type OnError = Box<dyn Fn(&StoreError) + Send + Sync>;

/// What is known of the store.
#[derive(Default)]
struct Memory {
    /// What was there when we looked last; the outer `None` before we ever did.
    seen: Option<Option<StoredToken>>,
    /// What could not be saved yet.
    unsaved: Option<StoredToken>,
    /// A task tries to save it.
    retrying: bool,
    /// What was seen is worthless, and could not be removed.
    worthless: bool,
}

impl<S: Source<Value: Storable>> Stored<S> {
    /// Keeps what `source` gives in `store`, under `key`.
    pub fn new(source: S, store: impl Store, key: impl Into<String>) -> Self {
        Self {
            source,
            shared: Arc::new(Shared {
                store: Arc::new(store),
                key: key.into(),
                memory: Mutex::default(),
                on_error: None,
            }),
        }
    }

    /// Called when the store fails; also a `tracing` warning.
    #[must_use]
    pub fn on_store_error(self, callback: impl Fn(&StoreError) + Send + Sync + 'static) -> Self {
        let shared = Shared {
            store: Arc::clone(&self.shared.store),
            key: self.shared.key.clone(),
            memory: Mutex::default(),
            on_error: Some(Box::new(callback)),
        };
        Self {
            source: self.source,
            shared: Arc::new(shared),
        }
    }

    /// The inner source.
    pub fn source(&self) -> &S {
        &self.source
    }

    async fn exchange(
        &self,
        demand: &Demand<S::Value>,
        previous: Option<S::Value>,
    ) -> Result<Fetched<S::Value>, Failure> {
        let asked = demand.clock.now();
        let demand = Demand {
            previous,
            ..demand.clone()
        };
        let fetched = self.source.fetch(demand.clone()).await?;
        if !demand.cleared() {
            let stored = fetched.value().to_stored(fetched.expiry(asked));
            self.shared.save(stored).await;
        }
        Ok(fetched)
    }

    /// The inner source found the refresh token worthless.
    async fn rejected(
        &self,
        demand: &Demand<S::Value>,
        failure: Failure,
    ) -> Result<Fetched<S::Value>, Failure> {
        let shared = &self.shared;
        let found = match shared.store.load(&shared.key).await {
            Ok(found) => found,
            Err(error) => {
                shared.report(&error);
                return Err(failure);
            }
        };
        match shared.news(found) {
            Some(Some(stored)) => match adopt(demand, &stored) {
                Adopt::Use(fetched) => Ok(fetched),
                Adopt::Refresh(value) => self.exchange(demand, Some(value)).await,
                Adopt::Foreign => Err(failure),
            },
            Some(None) => Err(failure),
            None if demand.cleared() => Err(failure),
            None => {
                shared.drop_refresh_token(demand.reason).await;
                Err(failure)
            }
        }
    }
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, error: &StoreError) {
        tracing::warn!(%error, kind = ?error.kind(), "the store of the credentials failed");
        if let Some(on_error) = &self.on_error {
            on_error(error);
        }
    }

    /// The lock; `None` when this store cannot give one, which is no reason to fail.
    async fn lock(&self) -> Result<Option<StoreLock>, Failure> {
        match self.store.lock(&self.key).await {
            Ok(lock) => Ok(Some(lock)),
            Err(error) => {
                self.report(&error);
                if error.kind() == StoreErrorKind::Busy {
                    return Err(Failure::new(error.into()));
                }
                Ok(None)
            }
        }
    }

    /// What is known to be there is replaced by what is there now. `None` when it is what we knew.
    fn news(&self, found: Option<StoredToken>) -> Option<Option<StoredToken>> {
        let mut memory = self.memory();
        if memory.seen.as_ref() == Some(&found) {
            return None;
        }
        memory.seen = Some(found.clone());
        memory.worthless = false;
        // Somebody wrote after what we could not save.
        memory.unsaved = None;
        Some(found)
    }

    /// What was known already, unless it is of no use.
    fn known(&self) -> Option<StoredToken> {
        let memory = self.memory();
        memory.seen.clone().flatten().filter(|_| !memory.worthless)
    }

    async fn try_save(&self, stored: StoredToken) -> bool {
        match self.store.save(&self.key, &stored).await {
            Ok(()) => {
                let mut memory = self.memory();
                memory.seen = Some(Some(stored));
                memory.worthless = false;
                memory.unsaved = None;
                true
            }
            Err(error) => {
                self.memory().unsaved = Some(stored);
                self.report(&error);
                false
            }
        }
    }

    async fn save(self: &Arc<Self>, stored: StoredToken) {
        if self.try_save(stored).await {
            return;
        }
        let begin = !std::mem::replace(&mut self.memory().retrying, true);
        if begin {
            match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(retry(Arc::downgrade(self)))),
                Err(_) => self.memory().retrying = false, // the next fetch tries
            }
        }
    }

    async fn save_unsaved(&self) {
        let unsaved = self.memory().unsaved.clone();
        if let Some(unsaved) = unsaved {
            self.try_save(unsaved).await;
        }
    }

    /// Takes away what is ours and worthless. An access token that is still good stays.
    async fn drop_refresh_token(&self, reason: Reason) {
        let kept = match reason {
            Reason::Ahead => self.memory().seen.clone().flatten(),
            _ => None,
        };
        if let Some(kept) = kept {
            let refresh = None;
            self.try_save(StoredToken { refresh, ..kept }).await;
            return;
        }
        match self.store.remove(&self.key).await {
            Ok(()) => self.memory().seen = Some(None),
            Err(error) => {
                self.memory().worthless = true;
                self.report(&error);
            }
        }
    }

    /// One more try to save. Says whether nothing is left to do.
    async fn save_again(&self) -> bool {
        let Ok(lock) = self.lock().await else {
            return false;
        };
        match self.store.load(&self.key).await {
            Ok(found) => drop(self.news(found)),
            Err(error) => {
                self.report(&error);
                return false;
            }
        }
        self.save_unsaved().await;
        drop(lock);
        self.memory().unsaved.is_none()
    }
}

/// Saves what could not be saved, for as long as anybody has the source, and for some minutes at most.
async fn retry(shared: Weak<Shared>) {
    let mut wait = Duration::from_secs(1);
    for _ in 0..RETRIES {
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(60));
        match shared.upgrade() {
            Some(shared) if !shared.save_again().await => {}
            _ => break,
        }
    }
    if let Some(shared) = shared.upgrade() {
        shared.memory().retrying = false;
    }
}

const RETRIES: u32 = 10;

/// What to do with what somebody else put into the store.
enum Adopt<V> {
    Use(Fetched<V>),
    Refresh(V),
    Foreign,
}

fn adopt<V: Storable + PartialEq>(demand: &Demand<V>, stored: &StoredToken) -> Adopt<V> {
    let Some(value) = V::from_stored(stored) else {
        return Adopt::Foreign;
    };
    let good = stored
        .expires_at
        .is_none_or(|at| holds(&demand.clock, at, demand.early_expiry));
    // The one that expired or was refused is no better for being in the store.
    let other = demand.previous.as_ref() != Some(&value);
    if good && other {
        Adopt::Use(Fetched::new(value).expires_at(stored.expires_at).found())
    } else {
        Adopt::Refresh(value)
    }
}

fn holds(clock: &Clock, at: SystemTime, margin: Duration) -> bool {
    at.checked_sub(margin).is_some_and(|at| clock.now() <= at)
}

impl<S: Source<Value: Storable>> Source for Stored<S> {
    type Value = S::Value;

    async fn fetch(&self, demand: Demand<S::Value>) -> Result<Fetched<S::Value>, Failure> {
        let shared = &self.shared;
        let _lock = shared.lock().await?;
        let mut previous = demand.previous.clone();
        match shared.store.load(&shared.key).await {
            Err(error) => shared.report(&error),
            Ok(found) => {
                let first = shared.memory().seen.is_none();
                let candidate = match shared.news(found) {
                    Some(None) if !first => {
                        // Somebody else logged out.
                        previous = None;
                        None
                    }
                    Some(news) => news,
                    None => {
                        shared.save_unsaved().await;
                        // A cache that has nothing takes what was known before, too.
                        previous.is_none().then(|| shared.known()).flatten()
                    }
                };
                match candidate.map(|stored| adopt(&demand, &stored)) {
                    Some(Adopt::Use(fetched)) => {
                        tracing::debug!("credentials were found in the store");
                        return Ok(fetched);
                    }
                    Some(Adopt::Refresh(value)) => previous = Some(value),
                    Some(Adopt::Foreign) | None => {}
                }
            }
        }
        let had_previous = previous.is_some();
        match self.exchange(&demand, previous).await {
            Err(failure) if failure.is_previous_worthless() && had_previous => {
                self.rejected(&demand, failure).await
            }
            result => result,
        }
    }

    async fn clear(&self) -> Result<(), AuthError> {
        let shared = &self.shared;
        // Whoever holds the lock may be about to save; what is removed before that would come back.
        let lock = shared.lock().await;
        let removed = shared.store.remove(&shared.key).await;
        shared.memory().unsaved = None;
        if removed.is_ok() {
            shared.memory().seen = Some(None);
        }
        self.source.clear().await?;
        removed?;
        lock.map_err(|failure| failure.error().clone())?;
        Ok(())
    }
}

impl<S> fmt::Debug for Stored<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("source", &std::any::type_name::<S>())
            .finish_non_exhaustive()
    }
}
