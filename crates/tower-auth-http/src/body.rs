//! Bodies of what schemes send.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

/// A request body in memory. `Debug` prints its length only: it may hold a secret.
///
/// It is `Clone` and at hand, so that schemes can sign it and send it again. Secret bytes that are to be wiped come in as
/// `Bytes::from_owner(zeroizing)`.
#[derive(Clone, Default)]
pub struct Body(Bytes);

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self(Bytes::new())
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Its bytes, by value.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl http_body::Body for Body {
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

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;

    #[test]
    fn a_body_tells_its_length_and_prints_nothing_else() {
        let body = Body::from("grant_type=password&password=hunter2");
        assert_eq!(body.size_hint().exact(), Some(36));
        assert_eq!(format!("{body:?}"), "Body { length: 36, .. }");
        assert!(Body::empty().is_end_stream());
    }
}
