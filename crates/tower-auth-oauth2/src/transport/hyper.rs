//! The client that comes with the crate.

use super::HttpClient;
use crate::error::BoxError;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, ResponseFuture, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

impl HttpClient {
    /// hyper-util's client over rustls, with the certificates that the machine trusts. HTTP/1.1; needs a tokio runtime.
    ///
    /// Every call makes a new connection pool; share one client between the schemes of a program.
    #[cfg_attr(docsrs, doc(cfg(feature = "client")))]
    pub fn hyper() -> Self {
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider());
        let client = match builder {
            Ok(tls) => {
                let connector = tls.https_or_http().enable_http1().build();
                Hyper::Tls(Client::builder(TokioExecutor::new()).build(connector))
            }
            // A machine without certificates can still reach itself.
            Err(error) => Hyper::Plain(
                Client::builder(TokioExecutor::new()).build_http(),
                Arc::new(error),
            ),
        };
        Self::new(client)
    }
}

#[derive(Clone)]
enum Hyper {
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Plain(Client<HttpConnector, Full<Bytes>>, Arc<io::Error>),
}

impl Service<Request<Full<Bytes>>> for Hyper {
    type Response = Response<hyper::body::Incoming>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        if tokio::runtime::Handle::try_current().is_err() {
            let why = "this client needs a tokio runtime, and there is none here";
            return Box::pin(std::future::ready(Err(why.into())));
        }
        let sent: ResponseFuture = match self {
            Self::Tls(client) => client.request(request),
            Self::Plain(_, why) if request.uri().scheme_str() == Some("https") => {
                let why = Arc::clone(why);
                return Box::pin(async move {
                    Err(format!("this machine has no trusted certificates: {why}").into())
                });
            }
            Self::Plain(client, _) => client.request(request),
        };
        Box::pin(async move { Ok(sent.await?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{pin::pin, task::Waker};

    #[test]
    fn without_a_runtime_it_is_an_error_and_no_panic() {
        let client = HttpClient::hyper();
        let request = Request::get("http://127.0.0.1:9/").body(Full::default());
        let mut sent = pin!(client.send(request.unwrap()));
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Err(error)) = sent.as_mut().poll(&mut cx) else {
            panic!("no error")
        };
        assert!(error.to_string().contains("runtime"), "{error}");
    }
}
