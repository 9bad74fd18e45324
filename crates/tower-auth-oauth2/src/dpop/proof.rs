//! Proofs (RFC 9449 section 4.2).

use super::{
    Nonces,
    keys::{Keys, ProofOf},
};
use crate::{identity::Identity, jti};
use http::{HeaderValue, Method, Uri};
use sha2::{Digest as _, Sha256};
use std::{
    sync::{Arc, OnceLock},
    time::UNIX_EPOCH,
};
use tower_auth_core::{AuthError, Clock, ErrorKind};
use tower_auth_jose::{Members, base64url};

/// The key that tokens are bound to, and the clock of its proofs.
pub(crate) struct Proving {
    keys: Keys,
    /// Set when the scheme is built.
    clock: OnceLock<Clock>,
}

impl Proving {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            clock: OnceLock::new(),
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn set_clock(&self, clock: Clock) {
        let _ = self.clock.set(clock);
    }
}

/// A key, and the nonces of the servers that it proves itself to.
pub(crate) struct Prover {
    proving: Arc<Proving>,
    nonces: Nonces,
}

impl Prover {
    pub(crate) fn new(proving: Arc<Proving>) -> Self {
        Self {
            proving,
            nonces: Nonces::default(),
        }
    }

    pub(crate) fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.proving.keys()
    }

    pub(crate) fn identify(&self, identity: &mut Identity) {
        self.keys().identify(identity);
    }

    /// A proof of this key for a request, with the hash of its token, if there is one.
    pub(crate) fn proof(
        &self,
        key: &ProofOf,
        method: &Method,
        uri: &Uri,
        hash: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<HeaderValue, AuthError> {
        let clock = self.proving.clock.get_or_init(Clock::system);
        let now = clock.now().duration_since(UNIX_EPOCH).map_err(|_| {
            AuthError::new(ErrorKind::Credentials, "the clock shows a time before 1970")
        })?;
        let claims = claims(&jti::fresh()?, method, uri, now.as_secs(), hash, nonce)?;
        key.sign(&claims)
    }
}

pub(super) fn claims(
    jti: &str,
    method: &Method,
    uri: &Uri,
    now: u64,
    hash: Option<&str>,
    nonce: Option<&str>,
) -> Result<Members, AuthError> {
    let mut claims = Members::new();
    claims.set("jti", jti);
    claims.set("htm", method.as_str());
    claims.set("htu", target(uri)?);
    claims.set("iat", now);
    if let Some(hash) = hash {
        claims.set("ath", hash);
    }
    if let Some(nonce) = nonce {
        claims.set("nonce", nonce);
    }
    Ok(claims)
}

/// `htu`: the URL without query and fragment, scheme and host in lower case, the port only where it is not the usual one
/// (RFC 9449 section 4.3, step 9).
pub(super) fn target(uri: &Uri) -> Result<String, AuthError> {
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(AuthError::new(
            ErrorKind::NoOrigin,
            "a proof names the whole URL, and this request has no scheme and host",
        ));
    };
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let usual = match &*scheme {
        "https" => 443,
        "http" => 80,
        _ => 0,
    };
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    Ok(match uri.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    })
}

/// `ath`: the hash of a token.
pub(super) fn hash(token: &str) -> String {
    base64url::encode(Sha256::digest(token))
}
