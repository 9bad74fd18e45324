//! What is kept under one key of a store: what is known of it, and how it is saved.

use super::{Store, StoreError, StoreErrorKind, StoreLock, StoredToken};
use crate::{Failure, Reason};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

pub(super) struct Kept {
    store: Arc<dyn Store>,
    key: String,
    memory: Mutex<Memory>,
    on_error: Option<OnError>,
}

pub(super) type OnError = Box<dyn Fn(&StoreError) + Send + Sync>;

/// Several hold it: the fetch, and the task that saves what was fetched.
pub(super) type Lock = Arc<Option<StoreLock>>;

/// How long a value that was fetched waits to be saved before it is used all the same.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long saving may take before it counts as failed, and gives the lock back: less than others wait for that.
const LONGEST_SAVE: Duration = Duration::from_secs(20);

/// How often saving is tried again, and how long it is waited in between at most.
const RETRIES: u32 = 10;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

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
    /// How often it was cleared.
    sessions: u64,
}

impl Kept {
    pub(super) fn new(store: Arc<dyn Store>, key: String, on_error: Option<OnError>) -> Self {
        Self {
            store,
            key,
            memory: Mutex::default(),
            on_error,
        }
    }

    /// The same, with nothing known of it yet.
    pub(super) fn reporting_to(&self, on_error: OnError) -> Self {
        Self::new(Arc::clone(&self.store), self.key.clone(), Some(on_error))
    }

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
    pub(super) async fn lock(&self) -> Result<Lock, Failure> {
        match self.store.lock(&self.key).await {
            Ok(lock) => Ok(Arc::new(Some(lock))),
            Err(error) => {
                self.report(&error);
                if error.kind() == StoreErrorKind::Busy {
                    return Err(Failure::new(error.into()));
                }
                Ok(Arc::new(None))
            }
        }
    }

    /// What is there; `None`, and reported, when that cannot be told.
    pub(super) async fn load(&self) -> Option<Option<StoredToken>> {
        match self.store.load(&self.key).await {
            Ok(found) => Some(found),
            Err(error) => {
                self.report(&error);
                None
            }
        }
    }

    /// Whether it was ever looked at.
    pub(super) fn is_new(&self) -> bool {
        self.memory().seen.is_none()
    }

    /// What is known to be there is replaced by what is there now. `None` when it is what we knew.
    pub(super) fn news(&self, found: Option<StoredToken>) -> Option<Option<StoredToken>> {
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

    /// What was known already, unless it is of no use. What could not be saved is newer than what is there.
    pub(super) fn known(&self) -> Option<StoredToken> {
        let memory = self.memory();
        let seen = || memory.seen.clone().flatten().filter(|_| !memory.worthless);
        memory.unsaved.clone().or_else(seen)
    }

    async fn try_save(&self, stored: StoredToken) -> bool {
        let save = self.store.save(&self.key, &stored);
        let saved = match Handle::try_current() {
            Ok(_) => timeout(LONGEST_SAVE, save)
                .await
                .unwrap_or_else(|_| Err(slow("a token could not be saved in time"))),
            Err(_) => save.await,
        };
        match saved {
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

    /// Saves, and holds the lock until that is done: also when whoever waits goes away, or does not wait any longer.
    pub(super) async fn save(self: &Arc<Self>, stored: StoredToken, lock: &Lock) {
        let Ok(runtime) = Handle::try_current() else {
            // When it fails, the next fetch tries again.
            self.try_save(stored).await;
            return;
        };
        let (kept, lock) = (Arc::clone(self), Arc::clone(lock));
        let saving = runtime.spawn(async move {
            if !kept.try_save(stored).await {
                kept.try_later();
            }
            drop(lock);
        });
        if timeout(PATIENCE, saving).await.is_err() {
            self.report(&slow(
                "saving a token takes long; the token is used meanwhile",
            ));
        }
    }

    fn try_later(self: &Arc<Self>) {
        let begin = !std::mem::replace(&mut self.memory().retrying, true);
        if begin {
            tokio::spawn(retry(Arc::downgrade(self)));
        }
    }

    /// Saves what could not be saved before, aside when there is a runtime.
    pub(super) async fn save_unsaved(self: &Arc<Self>) {
        if self.memory().unsaved.is_none() {
            return;
        }
        match Handle::try_current() {
            Ok(_) => self.try_later(),
            Err(_) => self.try_unsaved().await,
        }
    }

    async fn try_unsaved(&self) {
        let unsaved = self.memory().unsaved.clone();
        if let Some(unsaved) = unsaved {
            self.try_save(unsaved).await;
        }
    }

    /// Takes away what is ours and worthless. An access token that is still good stays.
    pub(super) async fn drop_refresh_token(&self, reason: Reason) {
        let ours = {
            let mut memory = self.memory();
            // It is worthless as well, and must not be saved later.
            let unsaved = memory.unsaved.take();
            unsaved.or_else(|| memory.seen.clone().flatten())
        };
        if let (Reason::Ahead, Some(ours)) = (reason, ours) {
            self.try_save(ours.with_refresh(None)).await;
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

    /// Goes up when somebody logs out: what was fetched for an earlier session is not saved any more.
    pub(super) fn session(&self) -> u64 {
        self.memory().sessions
    }

    /// Somebody logs out.
    pub(super) fn end_session(&self) {
        self.memory().sessions += 1;
    }

    /// Forgets what is kept, in the store and here.
    pub(super) async fn clear(&self) -> Result<(), StoreError> {
        let removed = self.store.remove(&self.key).await;
        let mut memory = self.memory();
        memory.unsaved = None;
        if removed.is_ok() {
            memory.seen = Some(None);
        }
        removed
    }

    /// One more try to save. Says whether nothing is left to do.
    async fn save_again(&self) -> bool {
        let Ok(lock) = self.lock().await else {
            return false;
        };
        let Some(found) = self.load().await else {
            return false;
        };
        if self.memory().seen.as_ref() == Some(&found) {
            self.try_unsaved().await;
        } else {
            // Somebody wrote since. That is news for the next fetch, so it is not noted as seen here.
            self.memory().unsaved = None;
        }
        drop(lock);
        self.memory().unsaved.is_none()
    }
}

fn slow(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Io, what)
}

/// Saves what could not be saved, for as long as anybody has the source, and for some minutes at most.
async fn retry(kept: Weak<Kept>) {
    let mut wait = Duration::from_secs(1);
    for _ in 0..RETRIES {
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
        match kept.upgrade() {
            Some(kept) if !kept.save_again().await => {}
            _ => break,
        }
    }
    if let Some(kept) = kept.upgrade() {
        kept.memory().retrying = false;
    }
}
