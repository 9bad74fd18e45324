//! The two clients: in the clear, and over TLS once that is needed.

use super::{builder::ClientBuilder, in_time::InTime, proxy::Proxied};
use crate::{Body, BoxError};
use ::hyper::body::Incoming;
use http::{Request, Response};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

/// So much is read at once, and the head of an answer is no larger: see [`ClientBuilder`].
const MOST_AT_ONCE: usize = 32 * 1024;

pub(super) struct Connectors {
    plain: Client<InTime<Proxied>, Body>,
    #[cfg(feature = "rustls")]
    secure: tokio::sync::OnceCell<Client<InTime<super::tls::Connector>, Body>>,
    settings: ClientBuilder,
}

impl Connectors {
    pub(super) fn new(settings: ClientBuilder) -> Self {
        Self {
            plain: pool(&settings).build(InTime::new(
                Proxied::new(tcp(&settings), false),
                settings.connect_timeout,
            )),
            #[cfg(feature = "rustls")]
            secure: tokio::sync::OnceCell::new(),
            settings,
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, BoxError> {
        match request.uri().scheme_str() {
            Some("https") => self.send_secure(request).await,
            Some("http") => Ok(self.plain.request(request).await?),
            // `wss` counts as encrypted where credentials are judged, and hyper-util would send it in the clear.
            _ => Err(
                "the default client sends to http:// and https:// only; write https:// for wss://, http:// for ws://"
                    .into(),
            ),
        }
    }

    #[cfg(feature = "rustls")]
    async fn send_secure(&self, request: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let making = self.secure.get_or_try_init(|| async {
            let tls = self.settings.tls.clone();
            // Many small files: once, and not on a thread that others wait for.
            let config = tokio::task::spawn_blocking(move || tls.config()).await??;
            let tcp = Proxied::new(tcp(&self.settings), self.settings.proxy);
            let connector = super::tls::connector(config, tcp);
            let connector = InTime::new(connector, self.settings.connect_timeout);
            Ok::<_, BoxError>(pool(&self.settings).build(connector))
        });
        let client = making.await?;
        Ok(client.request(request).await?)
    }

    #[cfg(not(feature = "rustls"))]
    async fn send_secure(&self, _: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let _ = self.settings.proxy; // which is for https only
        Err(
            "the default client has no TLS: turn on the feature `rustls`, or bring an HTTP client"
                .into(),
        )
    }
}

fn tcp(settings: &ClientBuilder) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(settings.connect_timeout));
    tcp
}

fn pool(settings: &ClientBuilder) -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_idle_timeout(settings.idle_timeout)
        .pool_timer(TokioTimer::new())
        .http1_max_buf_size(MOST_AT_ONCE)
        .retry_canceled_requests(true);
    builder
}
