//! Keys that verify.

use super::hmac_key;
use crate::{
    Algorithm, Jwk, KeyError, KeyErrorKind, VerifyError, VerifyErrorKind, algorithm::Curve,
    jwk::Material,
};
use aws_lc_rs::{
    hmac,
    signature::{
        self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use std::fmt;

/// A key and the one algorithm that it verifies.
///
/// Bound to its algorithm when it is made, so that a token cannot choose: an RSA key never becomes the secret of an
/// HMAC.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    check: Check,
}

#[derive(Clone)]
enum Check {
    Hmac(Box<hmac::Key>),
    Rsa(RsaPublicKeyComponents<Vec<u8>>, &'static RsaParameters),
    Point(UnparsedPublicKey<Vec<u8>>),
}

/// RFC 7518 section 3.3, in bytes.
const LEAST_MODULUS: usize = 256;

impl VerifyingKey {
    /// A public key or certificate in PEM, as [`Jwk::public_from_pem`] reads it.
    ///
    /// # Errors
    ///
    /// Those of [`Jwk::public_from_pem`] and [`Jwk::verifying_key`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::of_jwk(algorithm, &Jwk::public_from_pem(pem)?)
    }

    pub(super) fn of_jwk(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        if !jwk.fits(algorithm, "verify") {
            let why =
                format!("is not for verifying {algorithm}: see its kty, crv, alg, use and key_ops");
            return Err(KeyError::new(KeyErrorKind::Mismatch, why));
        }
        let check = match &jwk.material {
            Material::Oct { k } => Check::Hmac(Box::new(hmac_key(algorithm, k)?)),
            Material::Rsa { n, .. } if n.len() < LEAST_MODULUS => {
                let why = "is RSA of less than 2048 bits (RFC 7518 section 3.3)";
                return Err(KeyError::new(KeyErrorKind::TooShort, why));
            }
            Material::Rsa { n, e, .. } => {
                let key = RsaPublicKeyComponents {
                    n: n.clone(),
                    e: e.clone(),
                };
                Check::Rsa(key, rsa(algorithm))
            }
            Material::Ec { curve, x, y, .. } => {
                let algorithm: &'static dyn VerificationAlgorithm = match curve {
                    Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
                    Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
                    Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
                };
                Check::Point(UnparsedPublicKey::new(algorithm, [&[4][..], x, y].concat()))
            }
            Material::Ed25519 { x, .. } => {
                Check::Point(UnparsedPublicKey::new(&signature::ED25519, x.clone()))
            }
        };
        Ok(Self { algorithm, check })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Verifies a signature of these bytes; those of HMAC are compared in constant time.
    ///
    /// # Errors
    ///
    /// [`Signature`](VerifyErrorKind::Signature) when it is another's, or its length is not that of the algorithm.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let verified = match &self.check {
            Check::Hmac(key) => hmac::verify(key, message, signature),
            Check::Rsa(key, parameters) => key.verify(parameters, message, signature),
            Check::Point(key) => key.verify(message, signature),
        };
        verified.map_err(|_| {
            let why = "its signature is not that of a key that it may be signed with";
            VerifyError::new(VerifyErrorKind::Signature, why)
        })
    }
}

fn rsa(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => &signature::RSA_PKCS1_2048_8192_SHA256,
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
