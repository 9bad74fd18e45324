//! Between the connection and whoever reads: bounded, so that nobody who does not read holds up the others.

use super::Event;
use crate::{Error, ErrorKind, Limit};
use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};
use tokio::sync::mpsc;

/// How it ended: the server completed the operation, or something failed.
type Ended = Arc<OnceLock<Option<Error>>>;

/// The connection's end. Dropping it without a word means that the connection is gone.
#[derive(Debug)]
pub(crate) struct Letters {
    events: mpsc::Sender<Event>,
    ended: Ended,
}

/// The reader's end.
#[derive(Debug)]
pub(crate) struct Mailbox {
    events: mpsc::Receiver<Event>,
    ended: Ended,
}

/// Room for so many events.
pub(crate) fn mailbox(room: usize) -> (Letters, Mailbox) {
    let (sender, receiver) = mpsc::channel(room.max(1));
    let ended = Ended::default();
    let letters = Letters {
        events: sender,
        ended: Arc::clone(&ended),
    };
    let mailbox = Mailbox {
        events: receiver,
        ended,
    };
    (letters, mailbox)
}

impl Letters {
    /// One more event.
    ///
    /// # Errors
    ///
    /// When nobody takes them: there is no room, or no reader.
    pub(crate) fn push(&self, event: Event) -> Result<(), Error> {
        self.events.try_send(event).map_err(|_| {
            Error::new(
                ErrorKind::Limit(Limit::Buffer),
                "results came faster than they were read; read faster, or keep more with `buffer`",
            )
        })
    }

    /// The operation is over; what was pushed before is still read.
    pub(crate) fn end(self, error: Option<Error>) {
        let _ = self.ended.set(error);
    }
}

impl Mailbox {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        if let Some(event) = ready!(self.events.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(event)));
        }
        Poll::Ready(match self.ended.get() {
            Some(None) => None,
            Some(Some(error)) => Some(Err(error.clone())),
            None => Some(Err(Error::new(
                ErrorKind::Transport,
                "the connection's task has ended; was its runtime shut down?",
            ))),
        })
    }
}
