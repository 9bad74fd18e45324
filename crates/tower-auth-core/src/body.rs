//! Reading a request body that is in memory, for schemes that have to sign it.

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};
use std::{
    fmt,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// No body has more empty pieces than this, one after the other.
const MOST_EMPTY: usize = 1 << 10;

/// Why a body cannot be read at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is larger than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It would have to be waited for, or fails.
    NotAtHand,
    /// It has trailers.
    Trailers,
    /// It sends empty pieces without end.
    Empty,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::NotAtHand => f.write_str("the body is not in memory"),
            Self::Trailers => f.write_str("the body has trailers"),
            Self::Empty => f.write_str("the body sends empty frames without end"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The rules for the pieces of any body that is read into memory, for those who wait for them: bounded in bytes, and in
/// empty pieces one after the other, of which there may be 1024. One `Frames` is for one body.
///
/// ```
/// use http_body::Frame;
/// use tower_auth_core::body::{Frames, Unreadable};
///
/// let mut frames = Frames::default();
/// assert_eq!(frames.data(Frame::data(&b"a=1"[..]), 0, 5)?, "a=1");
/// let more = frames.data(Frame::data(&b"&b=2"[..]), 3, 5);
/// assert_eq!(more, Err(Unreadable::TooLarge { limit: 5 }));
/// # Ok::<(), Unreadable>(())
/// ```
#[derive(Debug, Default)]
pub struct Frames {
    empty: usize,
}

impl Frames {
    /// The data of the next piece, after `read` bytes of at most `limit`. Of a piece that is one [`Bytes`] none is copied.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when it is too large, the last of too many empty ones, or trailers.
    pub fn data<D: Buf>(
        &mut self,
        frame: Frame<D>,
        read: usize,
        limit: usize,
    ) -> Result<Bytes, Unreadable> {
        let mut data = frame.into_data().map_err(|_| Unreadable::Trailers)?;
        let length = data.remaining();
        if length > limit.saturating_sub(read) {
            return Err(Unreadable::TooLarge { limit });
        }
        self.empty = if length == 0 { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY {
            return Err(Unreadable::Empty);
        }
        Ok(data.copy_to_bytes(length))
    }
}

/// Reads a copy of a body without waiting. The body itself stays as it is.
///
/// For `Full<Bytes>` and other bodies of one piece no byte is copied.
///
/// # Errors
///
/// [`Unreadable`] when the body is larger than `limit` bytes, or not all of it is there.
pub fn in_memory<B: Body + Clone>(body: &B, limit: usize) -> Result<Bytes, Unreadable> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unreadable::TooLarge { limit });
    }
    let mut body = pin!(body.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = Bytes::new();
    let mut whole = BytesMut::new(); // empty as long as one piece is all there is
    let mut frames = Frames::default();
    loop {
        let frame = match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(None) if whole.is_empty() => return Ok(first),
            Poll::Ready(None) => return Ok(whole.freeze()),
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(_))) | Poll::Pending => return Err(Unreadable::NotAtHand),
        };
        let piece = frames.data(frame, first.len().max(whole.len()), limit)?;
        if first.is_empty() {
            first = piece;
        } else if !piece.is_empty() {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::VecDeque, convert::Infallible, pin::Pin};

    #[derive(Clone)]
    struct Pieces(VecDeque<Option<&'static [u8]>>); // `None`: has to be waited for

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.pop_front() {
                None => Poll::Ready(None),
                Some(None) => Poll::Pending,
                Some(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece))))),
            }
        }
    }

    fn read(pieces: &[Option<&'static [u8]>], limit: usize) -> Result<Bytes, Unreadable> {
        in_memory(&Pieces(pieces.iter().copied().collect()), limit)
    }

    #[test]
    fn a_body_in_pieces_is_put_together_up_to_the_limit() {
        let pieces = [Some(&b"a=1"[..]), Some(b""), Some(b"&b"), Some(b"=2")];
        assert_eq!(read(&pieces, 7).unwrap(), "a=1&b=2");
        assert_eq!(read(&pieces, 6), Err(Unreadable::TooLarge { limit: 6 }));
        assert_eq!(read(&[], 0).unwrap(), "");
    }

    #[test]
    fn a_body_that_is_not_at_hand_is_not_waited_for() {
        let pieces = [Some(&b"a=1"[..]), None];
        assert_eq!(read(&pieces, 10), Err(Unreadable::NotAtHand));
    }

    #[test]
    fn one_piece_is_not_copied() {
        let bytes = Bytes::from_static(b"a=1");
        let read = in_memory(&http_body_util::Full::new(bytes.clone()), 10).unwrap();
        assert_eq!(read.as_ptr(), bytes.as_ptr());
    }
}
