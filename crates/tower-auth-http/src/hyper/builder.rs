//! Settings of the default client.

use super::{Hyper, connect::Connectors};
use crate::HttpClient;
#[cfg(feature = "rustls")]
use std::fmt;
use std::{sync::Arc, time::Duration};
use tower_auth_core::AuthError;

/// Settings of the default client: hyper-util's, over TCP, and over TLS by rustls (feature `rustls`).
///
/// * Connections are made within 10 s, kept for 4 s when idle (many servers close theirs at 5 s), and a request that met
///   a connection which had just been closed is sent on another one.
/// * HTTP/1.1; HTTP/2 where the server offers it, with the feature `http2`.
/// * The head of an answer over HTTP/1.1 may have 100 headers, and 32 KiB.
/// * Redirects are not followed. No proxy is used unless [`proxy_from_environment`](Self::proxy_from_environment) says
///   so. `SSLKEYLOGFILE` is not read.
/// * The certificates that the machine trusts are loaded once, when they are first needed, and not on a thread that
///   others wait for. A machine without any can still reach itself over plain http.
///
/// Needs a tokio runtime when it is used. Every build makes a new pool of connections: share one client between the
/// schemes of a program.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_http::HttpClient;
///
/// let http = HttpClient::builder().connect_timeout(Duration::from_secs(2)).build()?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made of it until it is built"]
pub struct ClientBuilder {
    pub(super) connect_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) proxy: bool,
    #[cfg(feature = "rustls")]
    pub(super) tls: Tls,
}

/// What certificates are trusted and shown.
#[cfg(feature = "rustls")]
#[derive(Clone, Default)]
pub(super) struct Tls {
    pub(super) roots: Vec<Vec<u8>>, // PEM
    pub(super) only_these: bool,
    pub(super) identity: Option<(Vec<u8>, tower_auth_core::Secret)>, // PEM
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(4),
            proxy: false,
            #[cfg(feature = "rustls")]
            tls: Tls::default(),
        }
    }

    /// How long it may take to make a connection, from the look-up of the name to the end of the TLS handshake. Default:
    /// 10 s.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self {
            connect_timeout: timeout,
            ..self
        }
    }

    /// How long a connection is kept that nobody uses. Default: 4 s.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        Self {
            idle_timeout: timeout,
            ..self
        }
    }

    /// Goes through the proxy that `HTTPS_PROXY` or `ALL_PROXY` names, but for hosts of `NO_PROXY`, for this machine, and
    /// for link-local addresses, where metadata servers are. It applies to https only: the proxy passes on what it
    /// cannot read. The proxy has to be one of `http://`; any other is an error. Default: no proxy.
    pub fn proxy_from_environment(self) -> Self {
        Self {
            proxy: true,
            ..self
        }
    }

    /// Trusts these certificates too, in PEM.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// Trusts only what [`root_certificates`](Self::root_certificates) named, and not what the machine trusts.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn only_these_root_certificates(mut self) -> Self {
        self.tls.only_these = true;
        self
    }

    /// Shows a certificate to servers that ask for one (mutual TLS): the chain, the client's own first, and its private
    /// key, both in PEM.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn client_certificate(
        mut self,
        chain_pem: impl Into<Vec<u8>>,
        key_pem: impl Into<tower_auth_core::Secret>,
    ) -> Self {
        self.tls.identity = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when a certificate or key that was given
    /// cannot be used.
    pub fn build(self) -> Result<HttpClient, AuthError> {
        #[cfg(feature = "rustls")]
        self.tls.check()?;
        Ok(HttpClient::new(Hyper(Arc::new(Connectors::new(self)))))
    }
}

#[cfg(feature = "rustls")]
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots.len())
            .field("only_these", &self.only_these)
            .field("identity", &self.identity.is_some())
            .finish()
    }
}
