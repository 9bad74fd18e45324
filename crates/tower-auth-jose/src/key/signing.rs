//! Keys that sign.

use super::{hmac_key, mismatch};
use crate::{
    Algorithm, Jwk, KeyError, KeyErrorKind, PrivateKeyDer, PrivateKeyForm as Form,
    algorithm::{Curve, Family},
    der,
    jwk::Material,
};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair},
};
use std::{fmt, sync::Arc};
use tower_auth_core::Secret;

/// A key and the algorithm that it signs with. Cheap to clone; `Debug` shows the algorithm and the key's id only.
///
/// ```no_run
/// use tower_auth_jose::{Algorithm, SigningKey};
///
/// let pem = std::fs::read("client.pem")?;
/// let key = SigningKey::from_pem(Algorithm::Es256, &pem)?.with_key_id("2024-05");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    pub(super) pair: Arc<Pair>,
}

pub(super) enum Pair {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// A private key in PEM, not encrypted: PKCS#8 (`BEGIN PRIVATE KEY`), PKCS#1 (`BEGIN RSA PRIVATE KEY`) or SEC 1
    /// (`BEGIN EC PRIVATE KEY`), read as [`PrivateKeyDer::from_pem`] says.
    ///
    /// # Errors
    ///
    /// Those of [`PrivateKeyDer::from_pem`]; [`Mismatch`](KeyErrorKind::Mismatch) when it is not one for this algorithm.
    /// RSA keys need 2048 bits or more.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::of_der(algorithm, &PrivateKeyDer::from_pem(pem)?)
    }

    /// A private key in DER: PKCS#8, PKCS#1 or SEC 1, whichever it is.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::of_der(algorithm, &PrivateKeyDer::from_der(der)?)
    }

    fn of_der(algorithm: Algorithm, key: &PrivateKeyDer) -> Result<Self, KeyError> {
        let der = key.expose();
        let pair = match (algorithm.family(), key.form()) {
            (Family::Rsa, Form::Pkcs8) => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            (Family::Rsa, Form::Pkcs1) => RsaKeyPair::from_der(der).map(Pair::Rsa),
            (Family::Curve(curve), Form::Pkcs8) => {
                EcdsaKeyPair::from_pkcs8(ecdsa(curve), der).map(|pair| Pair::Ec(curve, pair))
            }
            (Family::Curve(curve), Form::Sec1) => {
                EcdsaKeyPair::from_private_key_der(ecdsa(curve), der)
                    .map(|pair| Pair::Ec(curve, pair))
            }
            (Family::Ed25519, Form::Pkcs8) => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Pair::Ed)
            }
            _ => return Err(mismatch(algorithm)),
        };
        Ok(Self::new(algorithm, pair.map_err(|_| mismatch(algorithm))?))
    }

    /// A secret that both sides know, for `HS256`, `HS384` and `HS512`: its UTF-8 bytes, as OpenID Connect Core section
    /// 10.1 takes a client's secret.
    ///
    /// # Errors
    ///
    /// [`TooShort`](KeyErrorKind::TooShort) under 32, 48 or 64 bytes (RFC 7518 section 3.2);
    /// [`Mismatch`](KeyErrorKind::Mismatch) when the algorithm is not one of these.
    pub fn from_secret(algorithm: Algorithm, secret: impl Into<Secret>) -> Result<Self, KeyError> {
        Self::from_octets(algorithm, secret.into().expose().as_bytes())
    }

    /// [`from_secret`](Self::from_secret) of bytes that need not be text.
    ///
    /// # Errors
    ///
    /// As [`from_secret`](Self::from_secret).
    pub fn from_octets(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::new(algorithm, Pair::Hmac(Box::new(key))))
    }

    /// A private key as a JSON Web Key (RFC 7517): `RSA`, `EC`, `OKP` (Ed25519) or `oct`. Its `kid` is taken over.
    ///
    /// # Errors
    ///
    /// Those of [`Jwk::parse`] and [`Jwk::signing_key`].
    pub fn from_jwk(algorithm: Algorithm, jwk: impl AsRef<str>) -> Result<Self, KeyError> {
        let jwk = jwk.as_ref();
        Self::of_jwk(algorithm, &Jwk::parse(jwk)?)
    }

    pub(super) fn of_jwk(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        if !jwk.is_private() {
            let why = "is public, which cannot sign";
            return Err(KeyError::new(KeyErrorKind::Mismatch, why));
        }
        if !jwk.fits(algorithm, "sign") {
            let why = format!(
                "is not for signing with {algorithm}: see its kty, crv, alg, use and key_ops"
            );
            return Err(KeyError::new(KeyErrorKind::Mismatch, why));
        }
        let broken = |_| mismatch(algorithm);
        let pair = match &jwk.material {
            Material::Oct { k } => Pair::Hmac(Box::new(hmac_key(algorithm, k)?)),
            Material::Rsa { n, e, private } => {
                let crt = private.as_ref().and_then(|private| {
                    let [p, q, dp, dq, qi] = private.crt.as_ref()?;
                    Some(der::integers(&[&[], n, e, &private.d, p, q, dp, dq, qi]))
                });
                let why = "is RSA without p, q, dp, dq, qi, which are needed to sign; export it with them";
                let pkcs1 = crt.ok_or_else(|| KeyError::new(KeyErrorKind::Malformed, why))?;
                Pair::Rsa(RsaKeyPair::from_der(&pkcs1).map_err(broken)?)
            }
            Material::Ec { curve, x, y, d } => {
                let point = [&[4][..], x, y].concat(); // SEC 1 section 2.3.3, uncompressed
                let d = d.as_ref().map_or(&[][..], |d| d);
                let pair = EcdsaKeyPair::from_private_key_and_public_key(ecdsa(*curve), d, &point);
                Pair::Ec(*curve, pair.map_err(broken)?)
            }
            Material::Ed25519 { x, d } => {
                let d = d.as_ref().map_or(&[][..], |d| d);
                Pair::Ed(Ed25519KeyPair::from_seed_and_public_key(d, x).map_err(broken)?)
            }
        };
        let key = Self::new(algorithm, pair);
        Ok(match jwk.key_id() {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        })
    }

    pub(super) fn new(algorithm: Algorithm, pair: Pair) -> Self {
        Self {
            algorithm,
            key_id: None,
            pair: Arc::new(pair),
        }
    }

    /// The `kid` header of what it signs (RFC 7515 section 4.1.4), by which the server finds the public key.
    #[must_use]
    pub fn with_key_id(self, key_id: impl AsRef<str>) -> Self {
        let key_id = key_id.as_ref();
        Self {
            key_id: Some(key_id.into()),
            ..self
        }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's id.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Signs these bytes. ECDSA signatures are `r || s` (RFC 7518 section 3.4).
    ///
    /// # Errors
    ///
    /// [`Failed`](KeyErrorKind::Failed) when the machine has no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::new(KeyErrorKind::Failed, "cannot sign");
        let random = SystemRandom::new();
        Ok(match &*self.pair {
            Pair::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &'static dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signed = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signed)
                    .map_err(failed)?;
                signed
            }
            Pair::Ec(_, pair) => {
                let signed = pair.sign(&random, message).map_err(failed)?;
                signed.as_ref().to_vec()
            }
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

pub(super) fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
