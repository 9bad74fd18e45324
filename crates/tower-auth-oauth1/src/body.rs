//! Reading request bodies: only where a signature needs them, and within a limit.

use crate::SignError;
use bytes::{Buf as _, Bytes, BytesMut};
use http::Extensions;
use http_body::Body;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// How much of a body is read unless [`limit`](crate::OAuth1::limit) says otherwise: 1 MiB.
pub const DEFAULT_LIMIT: usize = 1 << 20;

/// No body in memory comes in more pieces than this.
const MOST_FRAMES: usize = 1 << 16;

/// How [`OAuth1`](crate::OAuth1) reads those bodies that it must sign: [`InMemory`] or [`Declared`].
#[diagnostic::on_unimplemented(
    message = "a form in a `{B}` could not be read to sign it",
    note = "bodies that are `Clone`, such as `Full<Bytes>`, are read in memory; for others, call `.declared_bodies()` \
            on the `OAuth1`, and put a `BufferForms` layer above it when forms are sent"
)]
pub trait ReadBody<B>: Clone {
    /// The whole body, which stays as it is.
    #[doc(hidden)]
    fn read(&self, body: &B, extensions: &Extensions, limit: usize) -> Result<Bytes, SignError>;
}

/// Bodies that are in memory and `Clone`: a copy is read, which for `Full<Bytes>` copies no byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

/// Bodies of any type. One that must be signed has to come with a [`BodyBytes`] extension.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared;

/// A request extension: the bytes of the body, for layers that sign it and cannot read it.
///
/// [`BufferForms`](crate::BufferForms) puts it there. Whoever does so by hand vouches that the body is just that.
#[derive(Clone, Debug)]
pub struct BodyBytes(pub Bytes);

impl<B: Body + Clone> ReadBody<B> for InMemory {
    fn read(&self, body: &B, _: &Extensions, limit: usize) -> Result<Bytes, SignError> {
        in_memory(body, limit)
    }
}

impl<B> ReadBody<B> for Declared {
    fn read(&self, _: &B, extensions: &Extensions, limit: usize) -> Result<Bytes, SignError> {
        match extensions.get::<BodyBytes>() {
            Some(BodyBytes(bytes)) if bytes.len() > limit => Err(SignError::BodyTooLarge { limit }),
            Some(BodyBytes(bytes)) => Ok(bytes.clone()),
            None => Err(SignError::BodyNotAtHand),
        }
    }
}

/// Reads a copy of the body without waiting.
fn in_memory<B: Body + Clone>(body: &B, limit: usize) -> Result<Bytes, SignError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(SignError::BodyTooLarge { limit });
    }
    let mut body = pin!(body.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut whole = Bytes::new();
    let mut more = BytesMut::new();
    for _ in 0..MOST_FRAMES {
        let frame = match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(None) if more.is_empty() => return Ok(whole),
            Poll::Ready(None) => return Ok(more.freeze()),
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(_))) | Poll::Pending => return Err(SignError::BodyNotAtHand),
        };
        let Ok(mut data) = frame.into_data() else {
            return Err(SignError::Trailers);
        };
        let length = data.remaining();
        if length > limit - (whole.len().max(more.len())) {
            return Err(SignError::BodyTooLarge { limit });
        }
        if length == 0 {
            continue;
        }
        if whole.is_empty() && more.is_empty() {
            whole = data.copy_to_bytes(length); // no copy when it is one `Bytes`
        } else {
            if more.is_empty() {
                more.extend_from_slice(&whole);
            }
            more.extend_from_slice(&data.copy_to_bytes(length));
        }
    }
    Err(SignError::BodyNotAtHand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
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

    fn read(pieces: &[Option<&'static [u8]>], limit: usize) -> Result<Bytes, SignError> {
        in_memory(&Pieces(pieces.iter().copied().collect()), limit)
    }

    #[test]
    fn a_body_in_pieces_is_put_together_up_to_the_limit() {
        let pieces = [Some(&b"a=1"[..]), Some(b""), Some(b"&b"), Some(b"=2")];
        assert_eq!(read(&pieces, 7).unwrap(), "a=1&b=2");
        assert!(matches!(
            read(&pieces, 6),
            Err(SignError::BodyTooLarge { limit: 6 })
        ));
        assert_eq!(read(&[], 0).unwrap(), "");
    }

    #[test]
    fn a_body_that_is_not_at_hand_is_not_waited_for() {
        let pieces = [Some(&b"a=1"[..]), None];
        assert!(matches!(read(&pieces, 10), Err(SignError::BodyNotAtHand)));
    }

    #[test]
    fn one_piece_is_not_copied() {
        let bytes = Bytes::from_static(b"a=1");
        let read = in_memory(&http_body_util::Full::new(bytes.clone()), 10).unwrap();
        assert_eq!(read.as_ptr(), bytes.as_ptr());
    }
}
