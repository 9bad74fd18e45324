//! Reading an answer, bounded in every way.

use crate::BoxError;
use bytes::{Buf as _, Bytes};
use http_body::Body;
use std::{fmt, future::poll_fn, pin::pin};
use zeroize::Zeroizing;

/// So many frames without a byte may come one after the other. Servers send none at all; a client that makes them up
/// without end would never let a time limit have its turn.
const EMPTY_FRAMES: usize = 64;

/// Why a body could not be read.
#[derive(Debug)]
pub struct ReadError(pub(crate) Unread);

/// What kind of error a [`ReadError`] is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The body has more bytes than it may.
    TooLarge,
    /// It consists of empty frames, one after the other.
    Empty,
    /// It failed. The client's own error is the [`source`](std::error::Error::source).
    Body,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The limit, in bytes.
    TooLarge(usize),
    Empty,
    Body(BoxError),
}

impl ReadError {
    /// What kind of error this is.
    pub fn kind(&self) -> ReadErrorKind {
        match self.0 {
            Unread::TooLarge(_) => ReadErrorKind::TooLarge,
            Unread::Empty => ReadErrorKind::Empty,
            Unread::Body(_) => ReadErrorKind::Body,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Unread::TooLarge(limit) => {
                write!(
                    f,
                    "the body is larger than {limit} bytes; is it the right address?"
                )
            }
            Unread::Empty => {
                f.write_str("the body goes on without a byte in it; is it the right address?")
            }
            Unread::Body(_) => f.write_str("the body broke off; try again"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Unread::Body(error) => Some(&**error),
            _ => None,
        }
    }
}

/// The whole body, of at most `max` bytes, in memory that is wiped when the last clone is dropped. Trailers are passed
/// over.
///
/// Takes as long as the body does: put a limit on it where it is awaited, as [`HttpClient`](crate::HttpClient) does.
///
/// # Errors
///
/// [`ReadError`] when the body has more bytes, or a long row of frames without any, or fails.
pub async fn read<B>(body: B, max: usize) -> Result<Bytes, ReadError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > max as u64 {
        return Err(ReadError(Unread::TooLarge(max)));
    }
    let expected = usize::try_from(body.size_hint().upper().unwrap_or(4096)).unwrap_or(max);
    let mut body = pin!(body);
    let mut whole = Zeroizing::new(Vec::with_capacity(expected.min(max).min(1 << 16)));
    let mut empty = 0;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| ReadError(Unread::Body(error.into())))?;
        let data = frame.into_data().ok();
        let has_bytes = data.as_ref().is_some_and(|data| data.has_remaining());
        empty = if has_bytes { 0 } else { empty + 1 };
        if empty > EMPTY_FRAMES {
            return Err(ReadError(Unread::Empty));
        }
        let Some(mut data) = data else {
            continue; // trailers, which end a body
        };
        if data.remaining() > max - whole.len() {
            return Err(ReadError(Unread::TooLarge(max)));
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            grow(&mut whole, chunk.len());
            whole.extend_from_slice(chunk);
            let taken = chunk.len();
            data.advance(taken);
        }
    }
    Ok(Bytes::from_owner(whole))
}

/// Makes room. A vector that grew by itself would leave a copy behind that nobody wipes.
fn grow(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    let length = bytes.len() + more;
    if length > bytes.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(length * 2));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    /// So many pieces of so many bytes.
    struct Pieces(usize, usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.0.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.0 = left;
            Poll::Ready(Some(Ok(Frame::data(vec![left as u8; self.1].into()))))
        }
    }

    #[tokio::test]
    async fn an_answer_in_many_pieces_is_put_together_up_to_the_limit() {
        let whole = read(Pieces(100, 1000), 100_000).await.unwrap();
        for (number, piece) in whole.chunks(1000).enumerate() {
            assert!(piece.iter().all(|byte| usize::from(*byte) == 99 - number));
        }
        let error = read(Pieces(100, 1000), 99_999).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::TooLarge);
        assert!(error.to_string().contains("99999 bytes"), "{error}");
    }

    #[tokio::test]
    async fn a_body_of_empty_frames_is_not_read_for_ever() {
        let error = read(Pieces(usize::MAX, 0), 10).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Empty);
        assert_eq!(read(Pieces(EMPTY_FRAMES, 0), 10).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_of_trailers_is_not_read_for_ever() {
        struct Trailers;

        impl Body for Trailers {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                Poll::Ready(Some(Ok(Frame::trailers(http::HeaderMap::new()))))
            }
        }

        let error = read(Trailers, 10).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Empty);
    }

    #[tokio::test]
    async fn a_body_that_says_that_it_is_too_large_is_not_begun() {
        let body = crate::Body::from("12345");
        let error = read(body, 4).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::TooLarge);
    }
}
