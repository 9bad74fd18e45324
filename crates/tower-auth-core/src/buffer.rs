//! Bodies that are read into memory before schemes see them.

use crate::{AuthError, BoxError, Error, ErrorKind, body::Frames, error::inner};
use bytes::{Bytes, BytesMut};
use http::Request;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// A body in memory: `Clone`, at hand at once, and silent about what it holds.
///
/// Schemes that sign bodies (SigV4's `HashBody`, Digest's `auth-int`, OAuth 1 forms) read it, and
/// [`replay::Cloned`](crate::replay::Cloned) copies it without copying bytes. `Debug` shows its length only, as forms
/// hold tokens.
///
/// ```
/// use tower_auth_core::BodyBytes;
///
/// let body = BodyBytes::from("grant_type=password&password=hunter2");
/// assert_eq!(body.as_bytes().len(), 36);
/// assert_eq!(format!("{body:?}"), "BodyBytes(36 bytes)");
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct BodyBytes(Bytes);

impl BodyBytes {
    /// What is left to send.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl<T: Into<Bytes>> From<T> for BodyBytes {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for BodyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyBytes({} bytes)", self.0.len())
    }
}

impl Body for BodyBytes {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Reads the body of each request into memory, up to a limit: a layer for **above** schemes that sign bodies or replay
/// them.
///
/// Nothing else buffers. A body that is larger than the limit, that fails, that has trailers, or that sends more than
/// 1024 empty frames one after the other is an error of kind [`ErrorKind::Request`], and the request is not sent. How
/// long the body may take to come is not limited: put a time-out above.
///
/// While the body is waited for, the request holds no place of the service below.
///
/// ```
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use std::convert::Infallible;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_auth_core::{Basic, BodyBytes, BufferBody, SchemeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<BodyBytes>| {
///     Ok::<_, Infallible>(Response::new(request.into_body()))
/// });
/// let client = ServiceBuilder::new()
///     .layer(BufferBody::new(1 << 20)) // 1 MiB
///     .service(http);
///
/// let stream = Full::new(bytes::Bytes::from("text")).boxed_unsync(); // as axum's
/// let response = client.oneshot(Request::new(stream)).await?;
/// assert_eq!(response.into_body(), BodyBytes::from("text"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BufferBody {
    limit: usize,
}

impl BufferBody {
    /// Bodies of up to so many bytes.
    pub const fn new(limit: usize) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for BufferBody {
    type Service = BufferBodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BufferBodyService {
            inner,
            limit: self.limit,
        }
    }
}

/// The service of [`BufferBody`].
#[derive(Clone, Debug)]
pub struct BufferBodyService<S> {
    inner: S,
    limit: usize,
}

impl<S, B> Service<Request<B>> for BufferBodyService<S>
where
    S: Service<Request<BodyBytes>, Error: Into<BoxError>> + Clone,
    B: Body,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = BufferBodyFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(inner)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let service = self.inner.clone();
        self.inner = service.clone(); // gives back what the ready service had reserved
        BufferBodyFuture {
            state: State::Reading {
                body: Box::pin(body),
                read: BytesMut::new(),
                frames: Frames::default(),
            },
            limit: self.limit,
            waiting: Some((Request::from_parts(parts, BodyBytes::default()), service)),
        }
    }
}

pin_project! {
    /// The future of [`BufferBodyService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BufferBodyFuture<S, B>
    where
        S: Service<Request<BodyBytes>>,
    {
        #[pin]
        state: State<S::Future, B>,
        limit: usize,
        waiting: Option<(Request<BodyBytes>, S)>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, B> {
        Reading { body: Pin<Box<B>>, read: BytesMut, frames: Frames },
        Waiting,
        Sent { #[pin] future: F },
    }
}

impl<S: Service<Request<BodyBytes>>, B> fmt::Debug for BufferBodyFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferBodyFuture").finish_non_exhaustive()
    }
}

impl<S, B> Future for BufferBodyFuture<S, B>
where
    S: Service<Request<BodyBytes>, Error: Into<BoxError>>,
    B: Body,
{
    type Output = Result<S::Response, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                Projected::Reading { body, read, frames } => {
                    match ready!(body.as_mut().poll_frame(cx)) {
                        None => {
                            if let Some((request, _)) = this.waiting {
                                *request.body_mut() = BodyBytes(std::mem::take(read).freeze());
                            }
                            this.state.set(State::Waiting);
                        }
                        Some(Ok(frame)) => {
                            let piece = frames.data(frame, read.len(), *this.limit);
                            let piece = piece.map_err(|error| {
                                let why = format!("the body cannot be buffered: {error}");
                                AuthError::new(ErrorKind::Request, why).with_source(error)
                            })?;
                            read.extend_from_slice(&piece);
                        }
                        Some(Err(_)) => {
                            let why = "the body failed while it was buffered";
                            return Poll::Ready(
                                Err(AuthError::new(ErrorKind::Request, why).into()),
                            );
                        }
                    }
                }
                Projected::Waiting => {
                    let Some((_, service)) = this.waiting.as_mut() else {
                        return Poll::Pending; // polled after it was done
                    };
                    ready!(service.poll_ready(cx)).map_err(inner)?;
                    if let Some((request, mut service)) = this.waiting.take() {
                        let future = service.call(request);
                        this.state.set(State::Sent { future });
                    }
                }
                Projected::Sent { future } => return future.poll(cx).map_err(inner),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use tower::ServiceExt;

    /// So many frames of the text, over and over.
    struct Repeat(&'static str, usize);

    impl Body for Repeat {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.1.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.1 = left;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.0.as_bytes())))))
        }
    }

    async fn read<B: Body>(body: B, limit: usize) -> Result<BodyBytes, ErrorKind> {
        let http = tower::service_fn(async |request: Request<BodyBytes>| {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        });
        let response = BufferBody::new(limit)
            .layer(http)
            .oneshot(Request::new(body))
            .await;
        match response {
            Ok(response) => Ok(response.into_body()),
            Err(error) => Err(error.auth().expect("it is ours").kind()),
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_no_further() {
        assert_eq!(read(Repeat("ab", 2), 4).await, Ok("abab".into()));
        assert_eq!(read(Repeat("ab", 3), 4).await, Err(ErrorKind::Request));
        assert_eq!(
            read(Repeat("ab", usize::MAX), 1 << 20).await,
            Err(ErrorKind::Request)
        );
        assert_eq!(read(Repeat("", 0), 0).await, Ok(BodyBytes::default()));
    }

    #[tokio::test]
    async fn empty_frames_are_bounded() {
        assert_eq!(read(Repeat("", 1000), 4).await, Ok(BodyBytes::default()));
        assert_eq!(
            read(Repeat("", usize::MAX), 4).await,
            Err(ErrorKind::Request)
        );
    }
}
