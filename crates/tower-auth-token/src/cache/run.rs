//! Beginning an attempt, and running it to its end.

use super::{
    Acquire, Cache, Current, Inner,
    attempt::Attempt,
    inner::{Begun, Number, State},
};
use crate::{Demand, Failure, Fetched, Source, source::Cleared};
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, MutexGuard, Weak},
    task::Poll,
    time::Instant,
};
use tokio::runtime::Handle;
use tower_auth_core::{AuthError, ErrorKind, Step};

impl<S: Source> Cache<S> {
    pub(super) fn acquire_slowly(&self) -> Step<Current<S::Value>, Acquire<S::Value>> {
        let inner = &self.inner;
        let mut state = inner.state();
        let now = inner.config.clock.monotonic();
        if let Some(entry) = inner.current.load_full() {
            let ticks = inner.config.ticks();
            if entry.usable(ticks.now(), ticks) {
                return Step::Ready(Current::from_entry(entry));
            }
        }
        let mut given_up = None;
        if let Some(flight) = &state.flight {
            // A runtime that nobody drives any more must not hold up everybody else for ever.
            let overdue = inner.config.timeout.saturating_mul(2);
            if now.saturating_duration_since(flight.began) <= overdue {
                return Step::Wait(Acquire::of(Arc::clone(&flight.attempt)));
            }
            given_up = state.flight.take();
        }
        if let Some(back_off) = &state.back_off {
            if back_off.holds(now) {
                return Step::Wait(Acquire::failed(back_off.error.clone()));
            }
        }
        let begun = inner.begin(&mut state, now, false);
        let attempt = self.launch(state, begun, Handle::try_current().ok());
        if let Some(flight) = given_up {
            flight.attempt.complete(Err(overdue().error));
        }
        Step::Wait(Acquire::of(attempt))
    }

    /// Looks for a successor aside, when this caller is the one to do it.
    pub(super) fn refresh_ahead(&self, current: &Current<S::Value>) {
        if !current.entry().take_search() {
            return;
        }
        let inner = &self.inner;
        let now = inner.config.clock.monotonic();
        let Ok(runtime) = Handle::try_current() else {
            inner.put_off(current.entry(), now);
            return;
        };
        let mut state = inner.state();
        let still_current = inner
            .current
            .load()
            .as_ref()
            .is_some_and(|entry| Arc::ptr_eq(entry, current.entry()));
        if state.flight.is_some() || !still_current {
            return;
        }
        let begun = inner.begin(&mut state, now, true);
        self.launch(state, begun, Some(runtime));
    }

    fn launch(
        &self,
        state: MutexGuard<'_, State<S::Value>>,
        begun: Begun<S::Value>,
        runtime: Option<Handle>,
    ) -> Arc<Attempt<S::Value>> {
        // A runtime that shuts down drops the task at once, and that settles the attempt, which takes the lock.
        drop(state);
        let Begun {
            attempt,
            number,
            previous,
            reason,
        } = begun;
        tracing::debug!(?reason, "fetching credentials");
        let config = &self.inner.config;
        let weak = Arc::downgrade(&self.inner);
        let demand = Demand {
            previous,
            reason,
            clock: config.clock.clone(),
            early_expiry: config.early_expiry,
            cleared: Cleared::new(move || {
                weak.upgrade().is_some_and(|inner| inner.cleared(number))
            }),
        };
        let settle = Settle {
            keep: runtime.is_some().then(|| Arc::clone(&self.inner)),
            inner: Arc::downgrade(&self.inner),
            attempt: Arc::downgrade(&attempt),
            number,
            asked: config.clock.monotonic(),
            done: false,
        };
        let timeout = config.timeout;
        let source = Arc::clone(&self.source);
        let clock = config.clock.clone();
        let timed = runtime.is_some();
        let run = async move {
            let mut settle = settle;
            let deadline = settle.asked.checked_add(timeout);
            let fetch = caught(async { source.fetch(demand).await });
            let result = if timed {
                tokio::time::timeout(timeout, fetch).await.ok()
            } else {
                let mut fetch = pin!(fetch);
                poll_fn(|cx| match fetch.as_mut().poll(cx) {
                    Poll::Ready(result) => Poll::Ready(Some(result)),
                    Poll::Pending if deadline.is_some_and(|at| clock.monotonic() >= at) => {
                        Poll::Ready(None)
                    }
                    Poll::Pending => Poll::Pending,
                })
                .await
            };
            settle.finish(result.unwrap_or_else(|| Err(overdue())));
        };
        match runtime {
            Some(runtime) => drop(runtime.spawn(run)),
            None => attempt.drive_by_waiters(Box::pin(run)),
        }
        attempt
    }
}

fn failure(context: &'static str) -> Failure {
    Failure::new(AuthError::new(ErrorKind::Credentials, context))
}

fn overdue() -> Failure {
    let why = "the credentials could not be fetched in time";
    Failure::new(AuthError::new(ErrorKind::Credentials, why).transient())
}

/// A panic of the source becomes an error.
async fn caught<V>(
    fetch: impl Future<Output = Result<Fetched<V>, Failure>>,
) -> Result<Fetched<V>, Failure> {
    let mut fetch = pin!(fetch);
    poll_fn(|cx| {
        // After a panic it is never polled again.
        catch_unwind(AssertUnwindSafe(|| fetch.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(failure("the source of the credentials panicked"))))
    })
    .await
}

/// Settles an attempt, at the latest when it is dropped.
struct Settle<V: Clone + PartialEq + Send + Sync + 'static> {
    /// A task keeps the cache, so that its outcome is told to somebody.
    keep: Option<Arc<Inner<V>>>,
    /// An attempt that its waiters drive belongs to the cache, and must not keep it alive.
    inner: Weak<Inner<V>>,
    attempt: Weak<Attempt<V>>,
    number: Number,
    asked: Instant,
    done: bool,
}

impl<V: Clone + PartialEq + Send + Sync + 'static> Settle<V> {
    fn finish(&mut self, result: Result<Fetched<V>, Failure>) {
        self.done = true;
        let outcome = match self.keep.take().or_else(|| self.inner.upgrade()) {
            // A clock or randomness of the user's may panic.
            Some(inner) => catch_unwind(AssertUnwindSafe(|| {
                inner.settle(self.number, self.asked, result)
            }))
            .unwrap_or_else(|_| Err(failure("settling a fetch panicked").error)),
            None => Err(AuthError::new(
                ErrorKind::Credentials,
                "the cache of the credentials is gone",
            )),
        };
        if let Some(attempt) = self.attempt.upgrade() {
            attempt.complete(outcome);
        }
    }
}

impl<V: Clone + PartialEq + Send + Sync + 'static> Drop for Settle<V> {
    fn drop(&mut self) {
        if !self.done {
            let stopped = failure("the runtime that fetched the credentials was shut down");
            self.finish(Err(stopped.retry_at_once()));
        }
    }
}
