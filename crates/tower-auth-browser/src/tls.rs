//! Redirect URIs with `https`.

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{io, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower_auth_core::{AuthError, Secret};

#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    pub(crate) fn new(certificates: &[u8], key: &Secret) -> Result<Self, AuthError> {
        let refuse = |why| AuthError::configuration("tls", why);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|_| refuse("has certificates that are not PEM"))?;
        if chain.is_empty() {
            return Err(refuse("has no certificate in PEM"));
        }
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| refuse("has a key that is no private key in PEM"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| refuse("cannot be used: the TLS library has no protocol version"))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| refuse("has a certificate and a key that do not belong together"))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(crate) fn accept(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<TlsStream<TcpStream>>> + Send + 'static {
        self.0.accept(stream)
    }
}
