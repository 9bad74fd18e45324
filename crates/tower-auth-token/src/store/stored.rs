//! A source that keeps what it fetches in a store, and looks there first.

use super::{
    Store, StoreError, StoredToken,
    kept::{Kept, Lock},
};
use crate::{Demand, Failure, Fetched, Source, Token, fetched::margin};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tower_auth_core::{AuthError, Clock};

/// A value that fits into a [`Store`].
///
/// What it cannot hold of a [`StoredToken`] is lost with the next save: keep what you do not know, as [`Token`] does.
pub trait Storable: Sized {
    /// As it is stored.
    fn to_stored(&self, expires_at: Option<SystemTime>) -> StoredToken;

    /// As it was; `None` when this is something else.
    fn from_stored(stored: &StoredToken) -> Option<Self>;
}

impl Storable for Token {
    fn to_stored(&self, expires_at: Option<SystemTime>) -> StoredToken {
        StoredToken::new(self.access())
            .with_expires_at(expires_at)
            .with_refresh(self.refresh().cloned())
            .with_members(self.members().cloned().unwrap_or_default())
    }

    fn from_stored(stored: &StoredToken) -> Option<Self> {
        let token = Self::new(stored.token()).with_refresh(stored.refresh().cloned());
        Some(token.with_members(stored.members().clone()))
    }
}

/// A source that looks into a [`Store`] before it asks another source, and keeps there what that one gives.
///
/// One fetch goes like this: take the store's lock; look what is there; when somebody else put a good value there since,
/// adopt it; otherwise ask the inner source, with the latest refresh token; save; let go of the lock; hand out the value.
/// So a value is durable before it is used, and any number of processes with one session make one refresh. Saving is
/// finished, and the lock held until then, also when the fetch is given up.
///
/// * The margin of early expiry is at most a quarter of a token's life for those who find it, too: a life that is short
///   enough to matter is noted in the store (a token that somebody else put there without it has the whole margin).
/// * What was put there by others is recognised by the tokens themselves, not by times.
/// * When the inner source finds its refresh token [worthless](Failure::previous_is_worthless), the store is read once
///   more: somebody who does not take the lock may have rotated it. Only what is still ours is removed.
/// * When the key disappeared, somebody logged out: the old refresh token is not used again.
/// * A store that fails does not fail requests: the value is used from memory, the error is
///   [reported](Self::on_store_error), and a save is tried again in the background and with the next fetch. One that
///   takes longer than 5 seconds to save is not waited for any longer, which is reported as well. Only when the lock is
///   [busy](super::StoreErrorKind::Busy) the fetch fails, since going on could use a refresh token twice.
pub struct Stored<S> {
    source: S,
    kept: Arc<Kept>,
}

impl<S: Source<Value: Storable>> Stored<S> {
    /// Keeps what `source` gives in `store`, under `key`.
    pub fn new(source: S, store: impl Store, key: impl Into<String>) -> Self {
        Self {
            source,
            kept: Arc::new(Kept::new(Arc::new(store), key.into(), None)),
        }
    }

    /// Called when the store fails; also a `tracing` warning.
    #[must_use]
    pub fn on_store_error(self, callback: impl Fn(&StoreError) + Send + Sync + 'static) -> Self {
        let kept = Arc::new(self.kept.reporting_to(Box::new(callback)));
        Self { kept, ..self }
    }

    /// The inner source.
    pub fn source(&self) -> &S {
        &self.source
    }

    async fn exchange(
        &self,
        demand: &Demand<S::Value>,
        previous: Option<S::Value>,
        held: &Held,
    ) -> Result<Fetched<S::Value>, Failure> {
        let asked = demand.clock.now();
        let demand = Demand {
            previous,
            ..demand.clone()
        };
        let fetched = self.source.fetch(demand.clone()).await?;
        if held.session == self.kept.session() {
            let asked = fetched.asked_at.map_or(asked, |at| {
                let since = demand.clock.monotonic().saturating_duration_since(at);
                demand.clock.now().checked_sub(since).unwrap_or(asked)
            });
            let end = fetched.expiry(asked);
            // What is left later says nothing of it, and the margin depends on it.
            let life = end
                .and_then(|end| end.duration_since(asked).ok())
                .filter(|life| !life.is_zero())
                .filter(|life| margin(demand.early_expiry, *life) < demand.early_expiry);
            let stored = fetched.value().to_stored(end).with_lifetime(life);
            self.kept.save(stored, &held.lock).await;
        }
        Ok(fetched)
    }

    /// The inner source found the refresh token worthless.
    async fn rejected(
        &self,
        demand: &Demand<S::Value>,
        failure: Failure,
        held: &Held,
    ) -> Result<Fetched<S::Value>, Failure> {
        let kept = &self.kept;
        let Some(found) = kept.load().await else {
            return Err(failure);
        };
        match kept.news(found) {
            Some(Some(stored)) => match adopt(demand, &stored) {
                Adopt::Use(fetched) => Ok(fetched),
                Adopt::Refresh(value) => self.exchange(demand, Some(value), held).await,
                Adopt::Foreign => Err(failure),
            },
            Some(None) => Err(failure),
            None if held.session != kept.session() => Err(failure),
            None => {
                kept.drop_refresh_token(demand.reason).await;
                Err(failure)
            }
        }
    }
}

/// What a fetch holds from its beginning to its end.
struct Held {
    /// Not that of the demand: a cache that [forgets](crate::Cache::forget) has not logged out, and the refresh token
    /// that was rotated meanwhile has to be kept.
    session: u64,
    lock: Lock,
}

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
    let margin = stored.lifetime().map_or(demand.early_expiry, |life| {
        margin(demand.early_expiry, life)
    });
    let good = stored
        .expires_at()
        .is_none_or(|at| holds(&demand.clock, at, margin));
    // The one that expired or was refused is no better for being in the store.
    let other = demand.previous.as_ref() != Some(&value);
    if good && other {
        let fetched = Fetched::new(value).expires_at(stored.expires_at());
        Adopt::Use(fetched.found_of(stored.lifetime()))
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
        let kept = &self.kept;
        let held = Held {
            session: kept.session(),
            lock: kept.lock().await?,
        };
        let mut previous = demand.previous.clone();
        if let Some(found) = kept.load().await {
            let first = kept.is_new();
            let candidate = match kept.news(found) {
                Some(None) if !first => {
                    // Somebody else logged out.
                    previous = None;
                    None
                }
                Some(news) => news,
                None => {
                    kept.save_unsaved().await;
                    // A cache that has nothing takes what was known before, too.
                    previous.is_none().then(|| kept.known()).flatten()
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
        let had_previous = previous.is_some();
        match self.exchange(&demand, previous, &held).await {
            Err(failure) if failure.is_previous_worthless() && had_previous => {
                self.rejected(&demand, failure, &held).await
            }
            result => result,
        }
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.kept.end_session();
        // Whoever holds the lock may be about to save; what is removed before that would come back.
        let lock = self.kept.lock().await;
        let removed = self.kept.clear().await;
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
