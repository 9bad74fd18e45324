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
    /// With what each takes.
    events: VecDeque<(Event, usize)>,
    bytes: usize,
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
    room: Room,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) events: usize,
    /// One event alone may be larger: what it may be is limited elsewhere.
    pub(crate) bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            events: 256,
            bytes: 16 << 20,
        }
    }
}

/// The reader's end.
pub(crate) struct Mailbox(Shared);

/// Room for so much.
pub(crate) fn mailbox(room: Room) -> (Letters, Mailbox) {
    let shared = Shared::default();
    let letters = Letters {
        shared: Arc::clone(&shared),
        room,
    };
    (letters, Mailbox(shared))
}

impl Letters {
    /// One more event, which takes so many bytes.
    ///
    /// # Errors
    ///
    /// When there is no room, since nobody takes them.
    pub(crate) fn push(&self, event: Event, bytes: usize) -> Result<(), Error> {
        let mut waiting = lock(&self.shared);
        let together = waiting.bytes.saturating_add(bytes);
        let is_alone = waiting.events.is_empty();
        if waiting.events.len() >= self.room.events || (together > self.room.bytes && !is_alone) {
            return Err(Error::new(
                ErrorKind::Limit(Limit::Buffer),
                "results came faster than they were read; read faster, or keep more with `buffer` and `buffered_bytes`",
            ));
        }
        waiting.bytes = together;
        waiting.events.push_back((event, bytes));
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
        if let Some((event, bytes)) = waiting.events.pop_front() {
            waiting.bytes = waiting.bytes.saturating_sub(bytes);
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

    fn room(events: usize, bytes: usize) -> Room {
        Room { events, bytes }
    }

    #[test]
    fn bytes_that_wait_are_bounded_but_one_result_may_be_larger() {
        let mut cx = Context::from_waker(Waker::noop());
        let (letters, mut mailbox) = mailbox(room(9, 100));
        for _ in 0..3 {
            letters.push(result(), 1000).unwrap();
            assert!(letters.push(result(), 1).is_err());
            assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(Some(Ok(_)))));
            letters.push(result(), 60).unwrap();
            letters.push(result(), 40).unwrap();
            assert_eq!(
                letters.push(result(), 1).unwrap_err().kind(),
                ErrorKind::Limit(Limit::Buffer)
            );
            for _ in 0..2 {
                assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(Some(Ok(_)))));
            }
        }
    }

    #[test]
    fn what_waits_is_bounded_and_read_before_the_end() {
        let mut cx = Context::from_waker(Waker::noop());
        let (letters, mut mailbox) = mailbox(room(2, 1000));
        assert!(mailbox.poll(&mut cx).is_pending());
        letters.push(result(), 1).unwrap();
        letters.push(result(), 1).unwrap();
        assert_eq!(
            letters.push(result(), 1).unwrap_err().kind(),
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
        let (letters, mut mailbox) = mailbox(Room::default());
        drop(letters);
        assert!(matches!(mailbox.poll(&mut cx), Poll::Ready(Some(Err(_)))));
    }
}
