//! A layer that reads forms off streams, so that they can be signed.

use crate::{DeclaredBody, SignError, form};
use bytes::{Bytes, BytesMut};
use http::Request;
use http_body::Body;
use http_body_util::BodyExt as _;
use std::{
    future::Future,
    mem,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use tower_auth_core::{AuthError, Error, ErrorKind, body::Frames};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A layer that reads bodies which are forms, up to a limit, and puts them back in memory with a [`DeclaredBody`]
/// extension. All other bodies stream through untouched.
///
/// It goes above an [`OAuth1`](crate::OAuth1) with [`declared_bodies`](crate::OAuth1::declared_bodies), for bodies that
/// are not `Clone`: those of a proxy, say.
///
/// ```
/// use axum_like::Body;
/// use tower::ServiceBuilder;
/// use tower_auth_core::SchemeExt;
/// use tower_auth_oauth1::{BufferForms, OAuth1};
/// # mod axum_like { pub type Body = http_body_util::Full<bytes::Bytes>; }
/// # let http = tower::service_fn(async |_: http::Request<Body>| Ok::<_, std::convert::Infallible>(http::Response::new(())));
///
/// let oauth = OAuth1::new("client key", "client secret")?.declared_bodies();
/// let client = ServiceBuilder::new()
///     .layer(BufferForms::up_to(64 * 1024))
///     .layer(oauth.only_to("https://api.example.com")?)
///     .service(http);
/// # let _ = tower::ServiceExt::<http::Request<Body>>::oneshot(client, http::Request::new(Body::default()));
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BufferForms {
    limit: usize,
    all: bool,
}

impl BufferForms {
    /// Reads forms of at most `limit` bytes. A larger one, one with trailers, and one that sends more than 1024 empty
    /// frames one after the other are errors of kind [`ErrorKind::Request`].
    pub fn up_to(limit: usize) -> Self {
        Self { limit, all: false }
    }

    /// Reads every body, for [`body_hash`](crate::OAuth1::body_hash).
    #[must_use]
    pub fn and_all_others(self) -> Self {
        Self { all: true, ..self }
    }
}

impl<S> Layer<S> for BufferForms {
    type Service = BufferedForms<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BufferedForms {
            inner,
            layer: *self,
        }
    }
}

/// The service of [`BufferForms`].
#[derive(Clone, Debug)]
pub struct BufferedForms<S> {
    inner: S,
    layer: BufferForms,
}

impl<S, B, T, E> Service<Request<B>> for BufferedForms<S>
where
    S: Service<Request<B>, Response = T, Error = Error<E>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + From<Bytes> + Send + 'static,
    T: 'static,
    E: 'static,
{
    type Response = T;
    type Error = Error<E>;
    type Future = Pin<Box<dyn Future<Output = Result<T, Error<E>>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.layer.all && !form::is_form(request.headers()) {
            return Box::pin(self.inner.call(request));
        }
        // The one that was polled ready is the one to call; its clone takes its place.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let limit = self.layer.limit;
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let bytes = read(body, limit).await?;
            parts.extensions.insert(DeclaredBody(bytes.clone()));
            let request = Request::from_parts(parts, B::from(bytes));
            inner.call(request).await
        })
    }
}

async fn read<B>(body: B, limit: usize) -> Result<Bytes, AuthError>
where
    B: Body<Error: Into<BoxError>>,
{
    let failed = |error| {
        let why = "the body of the request could not be read to sign it";
        AuthError::new(ErrorKind::Request, why).with_source(error)
    };
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    let mut frames = Frames::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(failed)?;
        let piece = frames.data(frame, read.len(), limit);
        read.extend_from_slice(&piece.map_err(SignError::from)?);
    }
    Ok(read.freeze())
}
