//! TLS by rustls, with aws-lc.

use super::{builder::Tls, proxy::Proxied};
use crate::BoxError;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::sync::Arc;
use tower_auth_core::AuthError;

pub(super) type Connector = HttpsConnector<Proxied>;

pub(super) fn connector(config: ClientConfig, tcp: Proxied) -> Connector {
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1();
    #[cfg(feature = "http2")]
    let builder = builder.enable_http2();
    builder.wrap_connector(tcp)
}

impl Tls {
    /// What was given can be used.
    pub(super) fn check(&self) -> Result<(), AuthError> {
        let mut store = RootCertStore::empty();
        self.add_given(&mut store)?;
        if self.only_these && store.is_empty() {
            return Err(AuthError::configuration(
                "root certificates",
                "there are none, so no server would be trusted",
            ));
        }
        self.finish(store).map(drop)
    }

    /// The configuration, with what the machine trusts.
    pub(super) fn config(&self) -> Result<ClientConfig, BoxError> {
        let mut store = RootCertStore::empty();
        self.add_given(&mut store)?;
        if !self.only_these {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                let why = found
                    .errors
                    .first()
                    .map_or_else(|| "there are none".to_owned(), ToString::to_string);
                return Err(format!(
                    "this machine has no certificates to trust ({why}); install the package ca-certificates, or give \
                     some with `root_certificates`"
                )
                .into());
            }
        }
        Ok(self.finish(store)?)
    }

    fn add_given(&self, store: &mut RootCertStore) -> Result<(), AuthError> {
        let refuse = |why| AuthError::configuration("root certificates", why);
        for pem in &self.roots {
            let mut any = false;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| refuse("are not PEM"))?;
                store
                    .add(certificate)
                    .map_err(|_| refuse("hold one that is no usable certificate"))?;
                any = true;
            }
            if !any {
                return Err(refuse("hold no certificate in PEM"));
            }
        }
        Ok(())
    }

    fn finish(&self, store: RootCertStore) -> Result<ClientConfig, AuthError> {
        let refuse = |why| AuthError::configuration("client certificate", why);
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| refuse("cannot be used: the TLS library has no protocol version"))?
            .with_root_certificates(store);
        let Some((chain, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| refuse("is not PEM"))?;
        if chain.is_empty() {
            return Err(refuse("holds no certificate in PEM"));
        }
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| refuse("comes with a key that is no private key in PEM"))?;
        builder.with_client_auth_cert(chain, key).map_err(|_| {
            refuse("does not belong to the key beside it, or is of a kind that is not supported")
        })
    }
}
