//! The body of requests that come from a [`RequestBuilder`](crate::RequestBuilder).

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

/// A request body in memory: it can be signed, and sent again.
///
/// It is `Clone`, as [`replay`](tower_auth_core::SchemeExt::replay) with [`Cloned`](tower_auth_core::replay::Cloned)
/// wants it, and all of it is there, as schemes want it that sign bodies. `Debug` prints its length only.
#[derive(Clone, Default)]
pub struct Content(Bytes);

impl Content {
    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("length", &self.0.len())
            .finish_non_exhaustive()
    }
}
