//! One attempt to fetch, and all who wait for it.

use super::Current;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};
use tower_auth_core::AuthError;

pub(crate) type Outcome<V> = Result<Current<V>, AuthError>;
pub(crate) type Drive = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An attempt that is shared by everybody who waits for it.
///
/// On a runtime, a task of its own drives it. Without one, whoever waits does; when that one goes away, the next takes
/// over where it stopped.
pub(crate) struct Attempt<V> {
    outcome: OnceLock<Outcome<V>>,
    waiting: Mutex<Waiting>,
    drive: Mutex<Option<Drive>>,
    tickets: AtomicU64,
}

/// The wakers of those who wait. A waiter that is dropped frees its place.
#[derive(Default)]
struct Waiting {
    places: Vec<Option<(u64, Waker)>>,
    free: Vec<usize>,
}

impl<V> Attempt<V> {
    pub(crate) fn new() -> Self {
        Self {
            outcome: OnceLock::new(),
            waiting: Mutex::default(),
            drive: Mutex::new(None),
            tickets: AtomicU64::new(0),
        }
    }

    /// The waiters are to drive it themselves.
    pub(crate) fn drive_by_waiters(&self, drive: Drive) {
        *lock(&self.drive) = Some(drive);
    }

    pub(crate) fn complete(&self, outcome: Outcome<V>) {
        // A second outcome can only be that of a drop guard, and comes too late.
        let _ = self.outcome.set(outcome);
        self.wake_all();
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for (_, waker) in waiting.places.into_iter().flatten() {
            waker.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Progress in an attempt that waiters drive: any of them may go on.
struct Progress<V>(Weak<Attempt<V>>);

impl<V: Send + Sync + 'static> Wake for Progress<V> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(attempt) = self.0.upgrade() {
            attempt.wake_all();
        }
    }
}

/// Waits for a value of a [`Cache`](crate::Cache). Dropping it affects nobody else who waits.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<V>(State<V>);

enum State<V> {
    Waiting {
        attempt: Arc<Attempt<V>>,
        place: Option<(usize, u64)>,
    },
    Failed(AuthError),
}

impl<V> Acquire<V> {
    pub(crate) fn of(attempt: Arc<Attempt<V>>) -> Self {
        Self(State::Waiting {
            attempt,
            place: None,
        })
    }

    pub(crate) fn failed(error: AuthError) -> Self {
        Self(State::Failed(error))
    }
}

impl<V: Send + Sync + 'static> Future for Acquire<V> {
    type Output = Outcome<V>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (attempt, place) = match &mut self.0 {
            State::Failed(error) => return Poll::Ready(Err(error.clone())),
            State::Waiting { attempt, place } => (attempt, place),
        };
        if let Some(outcome) = attempt.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        // First the place in the queue, then the look at the outcome: so no wake-up is lost.
        attempt.wait(place, cx.waker());
        attempt.advance();
        match attempt.outcome.get() {
            Some(outcome) => Poll::Ready(outcome.clone()),
            None => Poll::Pending,
        }
    }
}

impl<V> Drop for Acquire<V> {
    fn drop(&mut self) {
        if let State::Waiting {
            attempt,
            place: Some(place),
        } = &self.0
        {
            attempt.leave(*place);
        }
    }
}

impl<V> Attempt<V> {
    fn wait(&self, place: &mut Option<(usize, u64)>, waker: &Waker) {
        let mut waiting = lock(&self.waiting);
        if let Some((index, ticket)) = *place {
            if let Some(Some((held, old))) = waiting.places.get_mut(index) {
                if *held == ticket {
                    old.clone_from(waker);
                    return;
                }
            }
        }
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let entry = Some((ticket, waker.clone()));
        let index = match waiting.free.pop() {
            Some(index) => {
                waiting.places[index] = entry;
                index
            }
            None => {
                waiting.places.push(entry);
                waiting.places.len() - 1
            }
        };
        *place = Some((index, ticket));
    }

    fn leave(&self, (index, ticket): (usize, u64)) {
        let mut waiting = lock(&self.waiting);
        if let Some(place) = waiting.places.get_mut(index) {
            if place.as_ref().is_some_and(|(held, _)| *held == ticket) {
                *place = None;
                waiting.free.push(index);
                return;
            }
        }
        drop(waiting);
        // It was woken and goes away without having looked: the others must.
        self.wake_all();
    }
}

impl<V: Send + Sync + 'static> Attempt<V> {
    /// Drives the attempt, when that is for waiters to do and no other is at it.
    fn advance(self: &Arc<Self>) {
        let mut drive = match self.drive.try_lock() {
            Ok(drive) => drive,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(future) = drive.as_mut() else { return };
        let waker = Waker::from(Arc::new(Progress(Arc::downgrade(self))));
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            *drive = None;
        }
    }
}

impl<V> fmt::Debug for Acquire<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}
