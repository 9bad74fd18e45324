//! Between the connection and whoever reads: bounded, so that nobody who does not read holds up the others.

use super::Event;
use crate::{Error, ErrorKind, Limit};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What waits to be read. No channel of tokio's: of a thousand of those, each keeps room for 32 events that is touched
/// in turn, and none of it is found in the processor's cache again.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    reader: Option<Waker>,
    /// How it ended: the server completed the operation, or something failed.
    ended: Option<Option<Error>>,
}

type Shared = Arc<Mutex<Waiting>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Waiting> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection's end. Dropping it without a word means that the connection is gone.
pub(crate) struct Letters {
    shared: Shared,
    room: usize,
}

/// The reader's end.
pub(crate) struct Mailbox(Shared);

/// Room for so many events.
pub(crate) fn mailbox(room: usize) -> (Letters, Mailbox) {
    let shared = Shared::default();
    let letters = Letters {
        shared: Arc::clone(&shared),
        room,
    };
    (letters, Mailbox(shared))
}

impl Letters {
    /// One more event.
    ///
    /// # Errors
    ///
    /// When there is no room, since nobody takes them.
    pub(crate) fn push(&self, event: Event) -> Result<(), Error> {
        let mut waiting = lock(&self.shared);
        if waiting.events.len() >= self.room {
            return Err(Error::new(
                ErrorKind::Limit(Limit::Buffer),
                "results came faster than they were read; read faster, or keep more with `buffer`",
            ));
        }
        waiting.events.push_back(event);
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    /// The operation is over; what was pushed before is still read.
    pub(crate) fn end(self, error: Option<Error>) {
        lock(&self.shared).ended.get_or_insert(error);
    }
}

impl Drop for Letters {
    fn drop(&mut self) {
        let mut waiting = lock(&self.shared);
        waiting.ended.get_or_insert_with(|| {
            Some(Error::new(
                ErrorKind::Transport,
                "the connection's task has ended; was its runtime shut down?",
            ))
        });
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Mailbox {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        let mut waiting = lock(&self.0);
        if let Some(event) = waiting.events.pop_front() {
            return Poll::Ready(Some(Ok(event)));
        }
        if let Some(ended) = &waiting.ended {
            return Poll::Ready(ended.clone().map(Err));
        }
        let reader = &mut waiting.reader;
        if !reader
            .as_ref()
            .is_some_and(|reader| reader.will_wake(cx.waker()))
        {
            *reader = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    fn result() -> Event {
        Event::Result(Response::of(None))
    }

    #[test]
    fn what_waits_is_bounded_and_read_before_the_end() {
        let mut cx = Context::from_waker(Waker::noop());
        let (letters, mut mailbox) = mailbox(2);
        assert!(mailbox.poll(&mut cx).is_pending());
        letters.push(result()).unwrap();
        letters.push(result()).unwrap();
        assert_eq!(
            letters.push(result()).unwrap_err().kind(),
            ErrorKind::Limit(Limit::Buffer)
        );
        letters.end(None);
        for _ in 0..2 {
            assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(Some(Ok(_)))));
        }
        for _ in 0..2 {
            assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(None)));
        }
    }

    #[test]
    fn a_connection_that_is_gone_without_a_word_is_an_error() {
        let mut cx = Context::from_waker(Waker::noop());
        let (letters, mut mailbox) = mailbox(2);
        drop(letters);
        assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(Some(Err(_)))));
    }
}
