//! Runs a case to its end, without a runtime and without waiting for ever.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

/// How long a case may go without being woken, in steps of a second.
const SECONDS: u32 = 60;
/// How often a case may be polled: enough for any of them, and an end for one that wakes itself for ever.
const POLLS: u32 = 1_000_000;

struct Signal {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// The output of the future, or `None` when it does not come to an end.
pub(crate) fn block_on<F: Future>(future: F) -> Option<F::Output> {
    bounded(future, SECONDS, POLLS)
}

fn bounded<F: Future>(future: F, seconds: u32, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let signal = Arc::new(Signal {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let mut waited = 0;
        while !signal.woken.swap(false, Ordering::Acquire) {
            if waited == seconds {
                return None;
            }
            thread::park_timeout(Duration::from_secs(1));
            waited += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, poll_fn};

    #[test]
    fn a_future_that_is_woken_from_another_thread_comes_to_its_end() {
        let mut first = true;
        let output = block_on(poll_fn(|cx| {
            if !std::mem::take(&mut first) {
                return Poll::Ready(7);
            }
            let waker = cx.waker().clone();
            thread::spawn(move || waker.wake());
            Poll::Pending
        }));
        assert_eq!(output, Some(7));
    }

    #[test]
    fn a_future_without_end_is_given_up() {
        assert_eq!(bounded(pending::<()>(), 0, POLLS), None);
        let spinning = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert_eq!(bounded(spinning, SECONDS, 100), None);
    }
}
