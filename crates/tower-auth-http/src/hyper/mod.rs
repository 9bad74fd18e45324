//! The client that comes with the crate: hyper-util, and rustls where it is turned on.

mod builder;
mod connect;
mod in_time;
mod paced;
mod proxy;
#[cfg(feature = "rustls")]
mod tls;

pub use self::builder::ClientBuilder;

use self::connect::Connectors;
use crate::{Body, BoxError, HttpClient};
use ::hyper::body::Incoming;
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// The default client, with its defaults: see [`ClientBuilder`].
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
impl Default for HttpClient {
    fn default() -> Self {
        Self::new(Hyper(Arc::new(Connectors::new(ClientBuilder::new()))))
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
impl HttpClient {
    /// The default client, with settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

#[derive(Clone)]
struct Hyper(Arc<Connectors>);

/// A map holds 24 576 names, and what hyper adds of its own to a full one is a panic.
const MOST_HEADERS: usize = 24_000;

type Sent = Pin<Box<dyn Future<Output = Result<Response<Incoming>, BoxError>> + Send>>;

impl Service<Request<Body>> for Hyper {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Sent;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(())) // as hyper-util's client
    }

    fn call(&mut self, request: Request<Body>) -> Sent {
        let connectors = Arc::clone(&self.0);
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(
                    "the default client needs a tokio runtime, and there is none here".into(),
                );
            }
            if request.headers().keys_len() > MOST_HEADERS {
                return Err("the request has more headers than can be sent; send fewer".into());
            }
            connectors.send(request).await
        })
    }
}
