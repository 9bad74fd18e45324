//! The default client.

use super::client::{BoxError, HttpClient};
use bytes::Bytes;
use http::{Request, Response, uri::Scheme};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower_service::Service;

/// hyper-util's client, twice: in the clear, and over TLS once that is needed.
#[derive(Clone)]
struct DefaultClient {
    plain: Client<HttpConnector, Full<Bytes>>,
    #[cfg(feature = "rustls")]
    secure: tls::Secure,
}

pub(super) fn client() -> HttpClient {
    HttpClient::new(DefaultClient {
        plain: builder().build(HttpConnector::new()),
        #[cfg(feature = "rustls")]
        secure: tls::Secure::default(),
    })
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    // Credentials are fetched hours apart: a connection kept open that long is one that a firewall has dropped.
    builder
        .pool_idle_timeout(Duration::from_secs(15))
        .pool_timer(TokioTimer::new());
    builder
}

type Sent = Pin<Box<dyn Future<Output = Result<Response<Incoming>, BoxError>> + Send>>;

impl Service<Request<Full<Bytes>>> for DefaultClient {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Sent;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(())) // as hyper-util's client
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Sent {
        if request.uri().scheme() == Some(&Scheme::HTTPS) {
            return self.secure(request);
        }
        let sent = self.plain.request(request);
        Box::pin(async { sent.await.map_err(Into::into) })
    }
}

impl DefaultClient {
    #[cfg(feature = "rustls")]
    fn secure(&self, request: Request<Full<Bytes>>) -> Sent {
        let secure = self.secure.clone();
        Box::pin(async move {
            let client = secure.get().await?;
            client.request(request).await.map_err(Into::into)
        })
    }

    #[cfg(not(feature = "rustls"))]
    fn secure(&self, _: Request<Full<Bytes>>) -> Sent {
        Box::pin(async {
            Err("the default client has no TLS: turn on the feature `rustls`, or bring an HTTP client".into())
        })
    }
}

#[cfg(feature = "rustls")]
mod tls {
    use super::{BoxError, Bytes, Client, Full, HttpConnector, builder};
    use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
    use rustls::crypto::aws_lc_rs::default_provider;
    use std::sync::{Arc, OnceLock};

    type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

    /// Trusts the certificates that the machine trusts. They are loaded when they are first needed: a container whose
    /// credentials come over http may have none.
    #[derive(Clone, Default)]
    pub(super) struct Secure(Arc<OnceLock<HttpsClient>>);

    impl Secure {
        pub(super) async fn get(&self) -> Result<&HttpsClient, BoxError> {
            if let Some(client) = self.0.get() {
                return Ok(client);
            }
            // Many small files: not on a thread that others wait for.
            let connector = tokio::task::spawn_blocking(connector).await??;
            Ok(self.0.get_or_init(|| builder().build(connector)))
        }
    }

    fn connector() -> Result<HttpsConnector<HttpConnector>, BoxError> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(default_provider())
            .map_err(|error| {
                format!("the certificates that the machine trusts cannot be loaded: {error}")
            })?
            .https_only()
            .enable_http1()
            .build();
        Ok(connector)
    }
}
