//! Any HTTP client, behind one type.

use super::connect;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
};
use tower_service::Service;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError>;

/// The client that providers send their requests with. Cheap to clone.
///
/// [`Default`] is hyper-util's client: HTTP/1.1, no proxy, no redirects followed. It speaks plain http, which is all
/// that containers and instance metadata need, and https when the feature `rustls` is on.
///
/// Any other client can take its place with [`HttpClient::new`]. It should not follow redirects, since what is sent may
/// carry a token, and it should not go through a proxy to link-local addresses. Its errors become the sources of ours, and
/// should not quote URLs: that of a container is a secret (of reqwest's errors, take off the URL with `without_url`).
/// Times and sizes are limited by the providers themselves, whatever the client does.
#[derive(Clone)]
pub struct HttpClient(Arc<dyn Transport>);

impl HttpClient {
    /// This service.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(Boxed(service)))
    }

    pub(super) fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        self.0.send(request)
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        connect::client()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

trait Transport: Send + Sync {
    fn send(&self, request: Request<Full<Bytes>>) -> Pin<Box<dyn Future<Output = Answer> + Send>>;
}

struct Boxed<S>(S);

impl<S, B> Transport for Boxed<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<Full<Bytes>>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            let response = service.call(request).await.map_err(Into::into)?;
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        })
    }
}
