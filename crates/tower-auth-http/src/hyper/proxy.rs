//! A connector that may go through a proxy.

use super::paced::Paced;
use crate::BoxError;
use http::{Uri, uri::Scheme};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use std::{
    error::Error as _,
    future::{Future, ready},
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tower_service::Service;

#[derive(Clone)]
pub(super) struct Proxied {
    direct: HttpConnector,
    matcher: Option<Arc<Matcher>>,
}

impl Proxied {
    pub(super) fn new(direct: HttpConnector, from_environment: bool) -> Self {
        Self {
            direct,
            matcher: from_environment.then(|| Arc::new(Matcher::from_env())),
        }
    }
}

type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<Paced>, BoxError>> + Send>>;

impl Service<Uri> for Proxied {
    type Response = TokioIo<Paced>;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        let proxy = self
            .matcher
            .as_ref()
            .filter(|_| uri.scheme() == Some(&Scheme::HTTPS) && !is_near(&uri))
            .and_then(|matcher| matcher.intercept(&uri));
        let Some(proxy) = proxy else {
            let connecting = self.direct.call(uri);
            return Box::pin(async move { Ok(paced(connecting.await?)) });
        };
        // What tells the proxy who asks would go over the network in the clear; and a tunnel through SOCKS is none of HTTP.
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let scheme = proxy.uri().scheme_str().unwrap_or_default();
            let why = format!(
                "the proxy that the environment names is one of {scheme}://, and only http:// is spoken to proxies; set \
                 HTTPS_PROXY, or bring an HTTP client"
            );
            let error = io::Error::new(io::ErrorKind::Unsupported, why);
            return Box::pin(ready(Err(BoxError::from(error))));
        }
        let at = proxy.uri().authority().map(ToString::to_string);
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(uri);
        Box::pin(async move {
            let tcp = connecting.await.map_err(|error| {
                let at = at.unwrap_or_default(); // without user name and password
                let cause = error.source().map(|cause| format!(": {cause}"));
                let cause = cause.unwrap_or_default();
                io::Error::other(format!(
                    "the proxy {at} that the environment names: {error}{cause}"
                ))
            })?;
            Ok(paced(tcp))
        })
    }
}

fn paced(tcp: TokioIo<TcpStream>) -> TokioIo<Paced> {
    TokioIo::new(Paced::new(tcp.into_inner()))
}

/// This machine, and link-local addresses: never asked through somebody else.
fn is_near(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback()
                || (ip.segments()[0] & 0xffc0) == 0xfe80
                || ip
                    .to_ipv4_mapped()
                    .is_some_and(|ip| ip.is_loopback() || ip.is_link_local())
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error_through(proxy: &str) -> String {
        let mut connector = Proxied {
            direct: {
                let mut tcp = HttpConnector::new();
                tcp.enforce_http(false);
                tcp
            },
            matcher: Some(Arc::new(Matcher::builder().https(proxy).build())),
        };
        let connecting = connector.call(Uri::from_static("https://as.example/"));
        let connected = tokio::time::timeout(std::time::Duration::from_secs(5), connecting).await;
        match connected.expect("an end") {
            Ok(_) => panic!("connected through {proxy}"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_password_is_not_sent_in_the_clear_to_a_proxy_of_https() {
        let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = proxy.local_addr().unwrap();
        for scheme in ["https", "socks5h"] {
            let error = error_through(&format!("{scheme}://ann:planted@{at}")).await;
            assert!(error.contains("only http://"), "{error}");
            assert!(!error.contains("planted"), "{error}");
        }
        let connected =
            tokio::time::timeout(std::time::Duration::from_millis(100), proxy.accept()).await;
        assert!(connected.is_err());
        drop(proxy);
        let error = error_through(&format!("http://ann:planted@{at}")).await;
        assert!(error.contains(&format!("the proxy {at}")), "{error}");
        assert!(!error.contains("planted"), "{error}");
    }

    #[test]
    fn metadata_servers_and_this_machine_are_asked_directly() {
        for near in [
            "https://localhost/",
            "https://127.0.0.1:8443/",
            "https://[::1]/",
            "https://169.254.169.254/",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
        ] {
            assert!(is_near(&Uri::from_static(near)), "{near}");
        }
        for far in [
            "https://as.example/",
            "https://10.0.0.1/",
            "https://localhost.example/",
        ] {
            assert!(!is_near(&Uri::from_static(far)), "{far}");
        }
    }
}
