//! The keys that tokens are bound to: one that was given, or one for each session, kept with its token.

use crate::identity::Identity;
use http::HeaderValue;
use std::sync::{Arc, Mutex, PoisonError};
use tower_auth_core::{AuthError, bearer::Issued, sensitive_header};
use tower_auth_jose::{Algorithm, Header, Members, SigningKey};
use tower_auth_token::ProofKey;

/// A key that signs proofs.
pub(crate) struct ProofOf {
    key: SigningKey,
    header: Header,
    thumbprint: String,
}

impl ProofOf {
    pub(crate) fn new(key: SigningKey) -> Result<Self, AuthError> {
        let Some(public) = key.public_jwk() else {
            return Err(AuthError::configuration(
                "dpop",
                "is a shared secret: a proof needs a private key, such as `SigningKey::generate(Algorithm::Es256)`",
            ));
        };
        let header = Header::new().typ("dpop+jwt").jwk(&key);
        Ok(Self {
            header: header.map_err(|error| error.for_parameter("dpop"))?,
            thumbprint: public.thumbprint(),
            key,
        })
    }

    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn sign(&self, claims: &Members) -> Result<HeaderValue, AuthError> {
        let proof = self
            .key
            .sign_compact(&self.header, claims.to_json().as_bytes())?;
        sensitive_header("proof", proof.into_bytes())
    }
}

/// Where keys come from.
pub(crate) enum Keys {
    /// One, of the settings.
    Given(Arc<ProofOf>),
    /// Whatever key came with the token before; for the first token, one that was made here.
    Kept {
        algorithm: Algorithm,
        /// That of the next token request.
        current: Mutex<Arc<ProofOf>>,
    },
}

impl Keys {
    pub(crate) fn given(key: SigningKey) -> Result<Self, AuthError> {
        Ok(Self::Given(Arc::new(ProofOf::new(key)?)))
    }

    pub(crate) fn kept(algorithm: Algorithm) -> Result<Self, AuthError> {
        let key = SigningKey::generate(algorithm).map_err(|error| error.for_parameter("dpop"))?;
        Ok(Self::Kept {
            algorithm,
            current: Mutex::new(Arc::new(ProofOf::new(key)?)),
        })
    }

    /// The key of the next token request.
    pub(crate) fn current(&self) -> Arc<ProofOf> {
        match self {
            Self::Given(key) => Arc::clone(key),
            Self::Kept { current, .. } => {
                Arc::clone(&current.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    /// Goes on with the key of the token before, which its refresh token is bound to (RFC 9449 section 5).
    pub(crate) fn go_on_with(&self, previous: Option<&ProofKey>) {
        if let (Self::Kept { current, .. }, Some(previous)) = (self, previous) {
            if let Some(key) = self.read(previous) {
                *current.lock().unwrap_or_else(PoisonError::into_inner) = key;
            }
        }
    }

    /// The key of a token. One that came without is tried with the current one: the server has the last word.
    pub(super) fn of(&self, token: &Issued<'_>) -> Arc<ProofOf> {
        let own = token.get::<ProofKey>().and_then(|key| self.read(key));
        own.unwrap_or_else(|| self.current())
    }

    /// What is kept with the next token.
    pub(crate) fn to_keep(&self) -> Result<Option<ProofKey>, AuthError> {
        match self {
            Self::Given(_) => Ok(None),
            Self::Kept { .. } => {
                let jwk = self.current().key.private_jwk()?;
                Ok(Some(ProofKey::new(jwk.to_private_json())))
            }
        }
    }

    pub(crate) fn identify(&self, identity: &mut Identity) {
        match self {
            Self::Given(key) => identity.add("dpop", key.thumbprint().as_bytes()),
            Self::Kept { algorithm, .. } => identity.add("dpop kept", algorithm.name().as_bytes()),
        }
    }

    fn read(&self, kept: &ProofKey) -> Option<Arc<ProofOf>> {
        let Self::Kept { algorithm, current } = self else {
            return None;
        };
        let key = SigningKey::from_jwk(*algorithm, kept.jwk().expose());
        let key = match key.map_err(AuthError::from).and_then(ProofOf::new) {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!(%error, "the key that is kept with a token cannot be used");
                return None;
            }
        };
        let current = current.lock().unwrap_or_else(PoisonError::into_inner);
        Some(if current.thumbprint == key.thumbprint {
            Arc::clone(&current)
        } else {
            Arc::new(key)
        })
    }
}
