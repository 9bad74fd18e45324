//! Gathers a body in memory, under a limit.

use crate::{Error, ErrorKind, Limit};
use bytes::{Buf, Bytes};

/// A body in the making. What comes in one piece is not copied.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    first: Bytes,
    all: Vec<u8>,
    limit: usize,
}

impl Gather {
    /// Of a body that will have at least this size.
    pub(crate) fn new(at_least: u64, limit: usize) -> Result<Self, Error> {
        if at_least > limit as u64 {
            return Err(too_large());
        }
        Ok(Self {
            limit,
            ..Self::default()
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    /// One more piece; `more` says how much is yet to come at least.
    pub(crate) fn push(&mut self, mut piece: impl Buf, more: u64) -> Result<(), Error> {
        let size = piece.remaining();
        if size > self.limit - self.len() {
            return Err(too_large());
        }
        if self.len() == 0 {
            self.first = piece.copy_to_bytes(size);
            return Ok(());
        }
        if self.all.is_empty() {
            let first = std::mem::take(&mut self.first);
            let more = usize::try_from(more).unwrap_or(usize::MAX);
            let room = first.len().saturating_add(size).saturating_add(more);
            self.all.reserve(room.min(self.limit));
            self.all.extend_from_slice(&first);
        }
        while piece.has_remaining() {
            let chunk = piece.chunk();
            self.all.extend_from_slice(chunk);
            let read = chunk.len();
            piece.advance(read);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.into()
        }
    }
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::ResponseSize),
        "the answer is larger than the limit; raise it with `max_response_size`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_piece_is_not_copied() {
        let piece = Bytes::from(vec![1_u8; 100]);
        let mut gather = Gather::new(100, 100).unwrap();
        gather.push(piece.clone(), 0).unwrap();
        assert_eq!(gather.finish().as_ptr(), piece.as_ptr());
    }

    #[test]
    fn pieces_are_joined_and_the_limit_holds_at_every_byte() {
        let mut gather = Gather::new(0, 6).unwrap();
        for piece in ["ab", "", "cd", "ef"] {
            gather.push(piece.as_bytes(), 0).unwrap();
        }
        assert!(gather.push(&b"g"[..], 0).is_err());
        assert_eq!(gather.finish(), "abcdef");
        let error = Gather::new(7, 6).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::ResponseSize));
    }
}
