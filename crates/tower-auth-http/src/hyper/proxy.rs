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
    future::Future,
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
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(uri);
        Box::pin(async move { Ok(paced(connecting.await?)) })
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
