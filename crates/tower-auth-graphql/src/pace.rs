//! Lets others have their turn, and timers fire, while more and more is at hand.

use crate::{Error, ErrorKind, Limit};
use std::task::{Context, Poll};

/// So much is done at a stretch: bytes of a body, or steps on the way to where a patch belongs.
const STRETCH: usize = 256 * 1024;
/// What one piece costs, however small it is.
const PIECE: usize = 4096;
/// Nobody needs so many pieces without a byte, one after the other.
const MOST_EMPTY: u32 = 1024;

/// How much was done since others had their turn.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    done: usize,
    empty: u32,
}

impl Pace {
    /// One more piece of a body.
    ///
    /// # Errors
    ///
    /// When too many in a row are empty: a body without end and without a byte is no answer.
    pub(crate) fn piece(&mut self, bytes: usize) -> Result<(), Error> {
        self.done = self.done.saturating_add(PIECE + bytes);
        if bytes > 0 {
            self.empty = 0;
            return Ok(());
        }
        self.empty += 1;
        if self.empty > MOST_EMPTY {
            return Err(Error::new(
                ErrorKind::Limit(Limit::EmptyFrames),
                "the body has too many empty frames",
            ));
        }
        Ok(())
    }

    /// So much work was done.
    #[cfg(feature = "incremental")]
    pub(crate) fn work(&mut self, steps: usize) {
        self.done = self.done.saturating_add(steps);
    }

    /// Pending, once, when it is the turn of others.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.done < STRETCH {
            return Poll::Ready(());
        }
        self.done = 0;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What waits is not work.
    pub(crate) fn rest(&mut self) {
        self.done = 0;
    }
}
