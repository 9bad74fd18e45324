//! Keys that sign.

use super::{Algorithm, jwk::Jwk};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use std::{fmt, sync::Arc};
use tower_auth_core::{AuthError, Secret};
use zeroize::Zeroizing;

/// A key and the algorithm that it signs with. Cheap to clone; `Debug` shows the algorithm and the key's id only.
///
/// ```no_run
/// use tower_auth_oauth2::{Algorithm, SigningKey};
///
/// let pem = std::fs::read_to_string("client.pem")?;
/// let key = SigningKey::from_pem(Algorithm::Es256, &pem)?.with_key_id("2024-05");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    pair: Arc<Pair>,
}

enum Pair {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// How a private key is written down.
enum Form<'a> {
    Pkcs8(&'a [u8]),
    Pkcs1(&'a [u8]),
    Sec1(&'a [u8]),
}

impl SigningKey {
    /// A private key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`), PKCS#1 (`BEGIN RSA PRIVATE KEY`) or SEC 1
    /// (`BEGIN EC PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when it is no such key, or not one for
    /// this algorithm. RSA keys need 2048 bits or more.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, AuthError> {
        if pem.contains("ENCRYPTED") {
            return Err(invalid(
                "is encrypted; decrypt it first, e.g. with `openssl pkcs8 -in key.pem -out plain.pem`",
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
            invalid("is no private key in PEM; a public key or a certificate cannot sign")
        })?;
        let key = Zeroizing::new(key);
        let pair = match &*key {
            PrivateKeyDer::Pkcs8(der) => pair_of(algorithm, Form::Pkcs8(der.secret_pkcs8_der())),
            PrivateKeyDer::Pkcs1(der) => pair_of(algorithm, Form::Pkcs1(der.secret_pkcs1_der())),
            PrivateKeyDer::Sec1(der) => pair_of(algorithm, Form::Sec1(der.secret_sec1_der())),
            _ => Err(invalid("is of a kind that is not known")),
        };
        Ok(Self::new(algorithm, pair?))
    }

    /// A private key in PKCS#8, as bytes.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, AuthError> {
        Ok(Self::new(algorithm, pair_of(algorithm, Form::Pkcs8(der))?))
    }

    /// A secret that both sides know, for `HS256`, `HS384` and `HS512`.
    ///
    /// RFC 7518 section 3.2 wants it as long as the hash: 32, 48 or 64 bytes. Shorter ones are taken, since clients do
    /// not choose the secrets that servers issue.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when it is empty, or the algorithm is
    /// not one of these.
    pub fn from_secret(algorithm: Algorithm, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        Self::from_octets(algorithm, secret.into().expose().as_bytes())
    }

    pub(super) fn from_octets(algorithm: Algorithm, secret: &[u8]) -> Result<Self, AuthError> {
        let hash = match algorithm {
            Algorithm::Hs256 => hmac::HMAC_SHA256,
            Algorithm::Hs384 => hmac::HMAC_SHA384,
            Algorithm::Hs512 => hmac::HMAC_SHA512,
            _ => {
                return Err(invalid(
                    "is a shared secret, which this algorithm cannot sign with",
                ));
            }
        };
        if secret.is_empty() {
            return Err(invalid("is empty"));
        }
        Ok(Self::new(
            algorithm,
            Pair::Hmac(Box::new(hmac::Key::new(hash, secret))),
        ))
    }

    /// A private key as a JSON Web Key (RFC 7517): `RSA`, `EC`, `OKP` (Ed25519) or `oct`. Its `kid` is taken over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when it is no such key, has no private
    /// part, or is not one for this algorithm.
    pub fn from_jwk(algorithm: Algorithm, jwk: &str) -> Result<Self, AuthError> {
        let jwk = Jwk::parse(jwk)?;
        let key_id = jwk.key_id();
        let key = match jwk {
            Jwk::Oct { ref k, .. } => Self::from_octets(algorithm, k)?,
            Jwk::Rsa { ref pkcs1, .. } => {
                Self::new(algorithm, pair_of(algorithm, Form::Pkcs1(pkcs1))?)
            }
            Jwk::Ec {
                ref d, ref point, ..
            } => {
                let pair =
                    EcdsaKeyPair::from_private_key_and_public_key(curve(algorithm)?, d, point);
                Self::new(algorithm, Pair::Ec(pair.map_err(|_| mismatch(algorithm))?))
            }
            Jwk::Okp { ref d, ref x, .. } if algorithm == Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(d, x);
                Self::new(algorithm, Pair::Ed(pair.map_err(|_| mismatch(algorithm))?))
            }
            Jwk::Okp { .. } => return Err(mismatch(algorithm)),
        };
        Ok(match key_id {
            Some(key_id) => key.with_key_id(&key_id),
            None => key,
        })
    }

    /// The `kid` header of what it signs (RFC 7515 section 4.1.4), by which the server finds the public key.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self {
            key_id: Some(key_id.into()),
            ..self
        }
    }

    fn new(algorithm: Algorithm, pair: Pair) -> Self {
        Self {
            algorithm,
            key_id: None,
            pair: Arc::new(pair),
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

    /// Tells this key from others, and nothing else.
    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        match &*self.pair {
            Pair::Hmac(key) => hmac::sign(key, b"fingerprint").as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs. ECDSA signatures are `r || s` (RFC 7518 section 3.4).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when the machine has no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        let failed = |_| {
            AuthError::new(
                tower_auth_core::ErrorKind::Credentials,
                "the key cannot sign",
            )
        };
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
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

fn pair_of(algorithm: Algorithm, form: Form<'_>) -> Result<Pair, AuthError> {
    use Algorithm as A;
    let refused = |_| mismatch(algorithm);
    match algorithm {
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => match form {
            Form::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
            Form::Pkcs1(der) => RsaKeyPair::from_der(der),
            Form::Sec1(_) => return Err(mismatch(algorithm)),
        }
        .map(Pair::Rsa)
        .map_err(refused),
        A::Es256 | A::Es384 | A::Es512 => match form {
            Form::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(curve(algorithm)?, der),
            Form::Sec1(der) => EcdsaKeyPair::from_private_key_der(curve(algorithm)?, der),
            Form::Pkcs1(_) => return Err(mismatch(algorithm)),
        }
        .map(Pair::Ec)
        .map_err(refused),
        A::EdDsa => match form {
            Form::Pkcs8(der) => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der),
            Form::Pkcs1(_) | Form::Sec1(_) => return Err(mismatch(algorithm)),
        }
        .map(Pair::Ed)
        .map_err(refused),
        A::Hs256 | A::Hs384 | A::Hs512 => Err(mismatch(algorithm)),
    }
}

fn curve(algorithm: Algorithm) -> Result<&'static signature::EcdsaSigningAlgorithm, AuthError> {
    match algorithm {
        Algorithm::Es256 => Ok(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Ok(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Es512 => Ok(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
        _ => Err(mismatch(algorithm)),
    }
}

pub(super) fn invalid(why: &'static str) -> AuthError {
    AuthError::configuration("key", why)
}

fn mismatch(algorithm: Algorithm) -> AuthError {
    AuthError::configuration(
        "key",
        format!("is broken, too short, or not a private key for {algorithm}"),
    )
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
