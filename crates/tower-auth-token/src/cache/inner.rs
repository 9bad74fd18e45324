//! The state of a cache: what is read without a lock, and what is changed under one.

use super::{
    attempt::{Attempt, Outcome},
    builder::{Config, OnUpdate},
    current::{Current, Entry, Name},
    id::{CacheId, Refuse},
    refusals::Refusals,
};
use crate::{Failure, Fetched, Reason, failure::Retry};
use arc_swap::ArcSwapOption;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tower_auth_core::{AuthError, ErrorKind, Verdict};

/// When a fetch ahead failed, the next one is at least this far off.
const LEAST_WAIT_AHEAD: Duration = Duration::from_secs(1);

pub(crate) struct Inner<V> {
    pub(crate) config: Config,
    /// What requests use. Written under the lock of `state`, read without.
    pub(super) current: ArcSwapOption<Entry<V>>,
    /// The edition of `current`; zero when there is none. For those who remember an edition.
    latest: AtomicU64,
    id: CacheId,
    state: Mutex<State<V>>,
    on_update: Option<OnUpdate<V>>,
}

/// Held for moments only, never across an await.
pub(super) struct State<V> {
    /// Goes up when the cache is cleared.
    pub(super) epoch: u64,
    generation: u32,
    /// Values up to this generation belong to sessions that are over.
    over: u32,
    attempts: u64,
    editions: u64,
    /// The last value, however it ended: its refresh token may be good.
    last: Option<V>,
    pub(super) flight: Option<Flight<V>>,
    pub(super) back_off: Option<BackOff>,
    failures: u32,
    refusals: Refusals,
    refused: bool,
}

/// The attempt under way.
pub(super) struct Flight<V> {
    pub(super) number: u64,
    pub(super) attempt: Arc<Attempt<V>>,
    pub(super) began: Instant,
}

pub(super) struct BackOff {
    /// `None`: until the cache is cleared.
    until: Option<Instant>,
    pub(super) error: AuthError,
}

impl BackOff {
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Which attempt this is.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) epoch: u64,
    pub(super) number: u64,
}

/// An attempt that was noted, and is to be launched.
pub(super) struct Begun<V> {
    pub(super) attempt: Arc<Attempt<V>>,
    pub(super) number: Number,
    pub(super) previous: Option<V>,
    pub(super) reason: Reason,
}

impl<V: Clone + PartialEq + Send + Sync + 'static> Inner<V> {
    pub(super) fn new(config: Config, on_update: Option<OnUpdate<V>>) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| Self {
            config,
            current: ArcSwapOption::empty(),
            latest: AtomicU64::new(0),
            id: CacheId::register(this.clone()),
            state: Mutex::new(State {
                epoch: 0,
                generation: 0,
                over: 0,
                attempts: 0,
                editions: 0,
                last: None,
                flight: None,
                back_off: None,
                failures: 0,
                refusals: Refusals::default(),
                refused: false,
            }),
            on_update,
        })
    }

    /// What requests use from now on.
    fn publish(&self, entry: Option<Arc<Entry<V>>>) {
        let edition = entry.as_ref().map_or(0, |entry| entry.edition());
        self.current.store(entry);
        self.latest.store(edition, Ordering::Release);
    }

    #[inline]
    pub(super) fn is_latest(&self, entry: &Entry<V>) -> bool {
        self.latest.load(Ordering::Acquire) == entry.edition()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an attempt begins; the caller launches it after it let go of the lock.
    pub(super) fn begin(&self, state: &mut State<V>, now: Instant, ahead: bool) -> Begun<V> {
        state.attempts += 1;
        let attempt = Arc::new(Attempt::new());
        let number = Number {
            epoch: state.epoch,
            number: state.attempts,
        };
        state.flight = Some(Flight {
            number: number.number,
            attempt: Arc::clone(&attempt),
            began: now,
        });
        let reason = match (&state.last, ahead, state.refused) {
            (_, true, _) => Reason::Ahead,
            (None, ..) => Reason::Missing,
            (Some(_), _, true) => Reason::Refused,
            (Some(_), _, false) => Reason::Expired,
        };
        Begun {
            attempt,
            number,
            previous: state.last.clone(),
            reason,
        }
    }

    pub(super) fn cleared(&self, number: Number) -> bool {
        self.state().epoch != number.epoch
    }

    /// Whether it is still this attempt that everybody waits for. One that was given up may come after its successor.
    fn is_awaited(&self, number: Number) -> bool {
        let state = self.state();
        let flight = state.flight.as_ref();
        state.epoch == number.epoch && flight.is_some_and(|flight| flight.number == number.number)
    }

    /// The outcome of an attempt becomes the state of the cache, and what those who wait for it get.
    pub(super) fn settle(
        &self,
        number: Number,
        asked: Instant,
        result: Result<Fetched<V>, Failure>,
    ) -> Outcome<V> {
        if let Ok(fetched) = &result {
            if self.is_awaited(number) {
                self.tell(&fetched.value);
            }
        }
        let now = self.config.clock.monotonic();
        let mut state = self.state();
        if state.epoch != number.epoch {
            return Err(AuthError::new(
                ErrorKind::Credentials,
                "the credentials were cleared while they were being fetched",
            ));
        }
        let ours = state
            .flight
            .as_ref()
            .is_some_and(|flight| flight.number == number.number);
        if ours {
            state.flight = None;
        }
        match result {
            Ok(fetched) => {
                // The same value again is the same generation: nothing was gained for what was refused.
                if state.last.as_ref() != Some(fetched.value()) {
                    state.generation = state.generation.saturating_add(1);
                }
                state.editions += 1;
                let name = Name {
                    id: self.id.value(state.generation),
                    edition: state.editions,
                };
                let current = Current::new(fetched, name, asked, &self.config);
                if ours {
                    state.last = Some(V::clone(&current));
                    state.failures = 0;
                    state.back_off = None;
                    state.refused = false;
                    self.publish(Some(Arc::clone(current.entry())));
                    tracing::debug!(generation = state.generation, "new credentials");
                }
                Ok(current)
            }
            Err(failure) => {
                let error = failure.error.clone();
                if ours {
                    self.failed(&mut state, now, failure);
                }
                Err(error)
            }
        }
    }

    fn failed(&self, state: &mut State<V>, now: Instant, failure: Failure) {
        if failure.forget {
            state.last = None;
        }
        state.failures = state.failures.saturating_add(1);
        let config = &self.config;
        let wait = match failure.retry {
            Retry::AtOnce => Some(Duration::ZERO),
            Retry::After(wait) => Some(wait.min(config.retry_after_limit)),
            Retry::WhenCleared => None,
            Retry::BackOff => Some(
                config
                    .back_off
                    .saturating_mul(1 << (state.failures - 1).min(20))
                    .min(config.back_off_limit)
                    .mul_f64(1.0 - config.random() / 5.0),
            ),
        };
        let until = wait.map(|wait| now.checked_add(wait).unwrap_or(now));
        let good = self
            .current
            .load_full()
            .filter(|entry| entry.usable(config.ticks().now(), config.ticks()));
        if let Some(entry) = good {
            // Nobody has to know before the value that there is has really expired.
            tracing::debug!(error = %failure.error, "credentials could not be refreshed ahead");
            if let Some(until) = until {
                entry.search_at(config.ticks().at(until.max(now + LEAST_WAIT_AHEAD)));
            }
            if matches!(failure.retry, Retry::BackOff | Retry::AtOnce) {
                return;
            }
        }
        if until != Some(now) {
            let error = failure.error;
            state.back_off = Some(BackOff { until, error });
        }
    }

    /// A fetch ahead could not be begun; another caller may look again.
    pub(super) fn put_off(&self, entry: &Entry<V>, now: Instant) {
        entry.search_at(self.config.ticks().at(now + LEAST_WAIT_AHEAD));
    }

    fn tell(&self, value: &V) {
        if let Some(on_update) = &self.on_update {
            if catch_unwind(AssertUnwindSafe(|| on_update(value))).is_err() {
                tracing::error!("the callback for new credentials panicked");
            }
        }
    }

    pub(super) fn refused(&self, generation: u32) -> Verdict {
        let now = self.config.clock.monotonic();
        let mut state = self.state();
        if generation <= state.over {
            // Nothing of one session is sent again with the credentials of another.
            return Verdict::Accepted;
        }
        let ending = match &*self.current.load() {
            Some(entry) if entry.id().generation() == generation => {
                entry.ending(self.config.ticks().now())
            }
            Some(_) => return Verdict::Refused, // it has a successor
            // Somebody said so before: wait for the successor, if there can be one.
            None if state.last.is_some() || state.flight.is_some() => return Verdict::Refused,
            None => return Verdict::Accepted,
        };
        let interval = self.config.refusal_interval;
        let admitted = match ending {
            Some(least) => state.refusals.admit_end(now, least.min(interval)),
            None => state.refusals.admit(now, interval),
        };
        if !admitted {
            tracing::debug!("credentials were refused again: too soon for other ones");
            return Verdict::Accepted;
        }
        state.refused = true;
        self.publish(None);
        Verdict::Refused
    }

    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.epoch += 1;
        state.over = state.generation;
        state.last = None;
        state.back_off = None;
        state.failures = 0;
        state.refused = false;
        state.refusals = Refusals::default();
        let flight = state.flight.take();
        self.publish(None);
        drop(state);
        if let Some(flight) = flight {
            flight.attempt.complete(Err(AuthError::new(
                ErrorKind::Credentials,
                "the credentials were cleared while they were being fetched",
            )));
        }
    }
}

impl<V: Clone + PartialEq + Send + Sync + 'static> Refuse for Inner<V> {
    fn refused(&self, generation: u32) -> Verdict {
        self.refused(generation)
    }
}
