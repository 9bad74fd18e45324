//! Any body as reqwest's.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    error::Error as StdError,
    mem,
    pin::Pin,
    task::{Context, Poll},
};
use sync_wrapper::SyncWrapper;

/// What reqwest can send of itself again (an empty body, or one of its own made of bytes) stays so.
pub(crate) fn into_reqwest<B>(mut body: B) -> reqwest::Body
where
    B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    if body.is_end_stream() {
        return reqwest::Body::default();
    }
    if let Some(body) = (&mut body as &mut dyn Any).downcast_mut() {
        return mem::take(body);
    }
    reqwest::Body::wrap(SyncBody::new(body))
}

pin_project! {
    /// A body that is `Sync`, as reqwest wants it, although `B` need not be (axum's and tonic's are not).
    ///
    /// Nobody can reach `B` by a shared reference, so what is asked through one is noted down in advance.
    struct SyncBody<B> {
        #[pin]
        inner: SyncWrapper<B>,
        size_hint: SizeHint,
        end: bool,
    }
}

impl<B: Body> SyncBody<B> {
    fn new(body: B) -> Self {
        Self {
            size_hint: body.size_hint(),
            end: body.is_end_stream(),
            inner: SyncWrapper::new(body),
        }
    }
}

impl<B: Body> Body for SyncBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut inner = this.inner.get_pin_mut();
        let polled = inner.as_mut().poll_frame(cx);
        *this.size_hint = inner.size_hint();
        *this.end = inner.is_end_stream();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.end
    }

    fn size_hint(&self) -> SizeHint {
        Clone::clone(&self.size_hint) // `Copy` only since http-body 1.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
    use std::convert::Infallible;

    #[test]
    fn bodies_that_reqwest_can_send_again_stay_so() {
        let body = into_reqwest(reqwest::Body::from("text"));
        assert_eq!(body.as_bytes(), Some(&b"text"[..]));
        let body = into_reqwest(Empty::<Bytes>::new());
        assert_eq!(body.as_bytes(), Some(&b""[..]));
    }

    #[tokio::test]
    async fn a_body_that_is_not_sync_arrives_with_its_size_and_trailers() {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let chunks = [
            Frame::data(Bytes::from("one ")),
            Frame::data(Bytes::from("two")),
            Frame::trailers(trailers.clone()),
        ];
        let stream = tokio_stream::iter(chunks.map(Ok::<_, Infallible>));
        let body: UnsyncBoxBody<Bytes, Infallible> = StreamBody::new(stream).boxed_unsync();
        let collected = into_reqwest(body).collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), "one two");

        let body = into_reqwest(Full::new(Bytes::from("seven..")).boxed_unsync());
        assert_eq!(body.size_hint().exact(), Some(7));
        assert!(!body.is_end_stream());
    }

    #[tokio::test]
    async fn the_size_that_is_left_is_told_after_every_frame() {
        let mut body = SyncBody::new(Full::new(Bytes::from("seven..")));
        assert_eq!(body.size_hint().exact(), Some(7));
        body.frame().await.unwrap().unwrap();
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());
    }
}
