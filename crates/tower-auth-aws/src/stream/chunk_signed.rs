//! A body that becomes `aws-chunked` once its request is signed.

use super::framing::Framing;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_auth_core::AuthError;

pin_project! {
    /// A body whose chunks are signed while it is sent, with [`Chunked`](crate::Chunked).
    ///
    /// Until its request is signed it is the body inside. So a request that goes out without credentials, because it is
    /// out of scope, carries the plain body.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Request;
    /// use http_body_util::Full;
    /// use tower_auth_aws::ChunkSigned;
    ///
    /// let file = Full::new(Bytes::from_static(b"any body, of any size"));
    /// let request = Request::put("https://s3.example.com/bucket/key").body(ChunkSigned::new(file))?;
    /// # Ok::<(), http::Error>(())
    /// ```
    pub struct ChunkSigned<B> {
        #[pin]
        inner: B,
        length: Option<u64>,
        state: State,
    }
}

enum State {
    Plain,
    Framed {
        framing: Box<Framing>,
        piece: Bytes, // of the body, as far as it does not fit into the chunk
        ended: bool,
    },
}

impl<B: Body> ChunkSigned<B> {
    /// Around a body that knows how long it is.
    pub fn new(inner: B) -> Self {
        Self {
            inner,
            length: None,
            state: State::Plain,
        }
    }

    /// Around a body of this many bytes. When it turns out to be longer or shorter, sending it fails.
    pub fn with_length(inner: B, bytes: u64) -> Self {
        Self {
            inner,
            length: Some(bytes),
            state: State::Plain,
        }
    }

    /// Whether there is nothing to send, for sure.
    pub(crate) fn is_empty(&self) -> bool {
        self.length.is_none_or(|length| length == 0) && self.inner.size_hint().exact() == Some(0)
    }

    pub(crate) fn decoded_length(&self) -> Option<u64> {
        self.length.or_else(|| self.inner.size_hint().exact())
    }

    pub(crate) fn arm(&mut self, framing: Framing) {
        self.state = State::Framed {
            framing: Box::new(framing),
            piece: Bytes::new(),
            ended: false,
        };
    }
}

/// A copy to be sent again is not signed yet.
impl<B: Clone> Clone for ChunkSigned<B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            length: self.length,
            state: State::Plain,
        }
    }
}

impl<B: Body> Body for ChunkSigned<B> {
    type Data = Bytes;
    type Error = ChunkError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut this = self.project();
        let (framing, piece, ended) = match this.state {
            State::Framed {
                framing,
                piece,
                ended,
            } => (framing, piece, ended),
            State::Plain => {
                let frame = ready!(this.inner.poll_frame(cx));
                return Poll::Ready(frame.map(|frame| {
                    let bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
                    frame
                        .map(|frame| frame.map_data(bytes))
                        .map_err(ChunkError::Body)
                }));
            }
        };
        loop {
            if let Some(bytes) = framing.next() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if !piece.is_empty() {
                framing.take(piece).map_err(ChunkError::Signature)?;
                continue;
            }
            if *ended {
                return Poll::Ready(None);
            }
            match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers of HTTP are no part of what `aws-chunked` encodes.
                    let Ok(mut data) = frame.into_data() else {
                        continue;
                    };
                    if data.remaining() as u64 > framing.expected() {
                        return Poll::Ready(Some(Err(ChunkError::Length)));
                    }
                    *piece = data.copy_to_bytes(data.remaining());
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(ChunkError::Body(error)))),
                None if framing.expected() > 0 => {
                    return Poll::Ready(Some(Err(ChunkError::Length)));
                }
                None => {
                    framing.finish().map_err(ChunkError::Signature)?;
                    *ended = true;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Plain => self.inner.is_end_stream(),
            State::Framed { framing, ended, .. } => *ended && framing.remaining() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Plain => self.inner.size_hint(),
            State::Framed { framing, .. } => SizeHint::with_exact(framing.remaining()),
        }
    }
}

impl<B> fmt::Debug for ChunkSigned<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkSigned").finish_non_exhaustive()
    }
}

/// Why a chunked body could not be sent to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChunkError<E> {
    /// The body inside failed.
    Body(E),
    /// The body inside is longer or shorter than was said.
    Length,
    /// A chunk could not be signed.
    Signature(AuthError),
}

impl<E: fmt::Display> fmt::Display for ChunkError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Signature(error) => error.fmt(f),
            Self::Length => f.write_str(
                "the body is longer or shorter than was said, and the signed headers say how long it is",
            ),
        }
    }
}

impl<E: StdError + 'static> StdError for ChunkError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Body(error) => error.source(),
            Self::Signature(error) => error.source(),
            Self::Length => None,
        }
    }
}
