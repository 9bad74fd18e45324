//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

mod material;
mod public;
mod read;
mod set;
mod write;

pub(crate) use self::material::{Material, Octets, RsaPrivate};
pub use self::set::JwkSet;

use crate::{Algorithm, KeyError, KeyErrorKind, algorithm::Family, pem};
use std::fmt;

/// A key: public, private, or a shared secret. Wiped when dropped; `Debug` shows its type, size and id only.
///
/// Needs no cryptography: keys are read, written and named by their thumbprint. With the feature `crypto`,
/// `signing_key` and `verifying_key` make it sign and verify.
///
/// ```
/// use tower_auth_jose::Jwk;
///
/// // RFC 8037 appendix A
/// let jwk = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok::<(), tower_auth_jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Jwk {
    pub(crate) material: Material,
    key_id: Option<String>,
    algorithm: Option<String>,
    use_for: Option<String>,
    operations: Option<Vec<String>>,
}

impl Jwk {
    pub(crate) fn new(material: Material) -> Self {
        Self {
            material,
            key_id: None,
            algorithm: None,
            use_for: None,
            operations: None,
        }
    }

    /// A public key in PEM: `PUBLIC KEY` (SPKI), `RSA PUBLIC KEY` (PKCS#1) or `CERTIFICATE`, the first of them. Read as
    /// laxly as [`PrivateKeyDer::from_pem`](crate::PrivateKeyDer::from_pem) reads.
    ///
    /// Of a certificate only the key is taken: neither its signature nor its dates are looked at.
    ///
    /// # Errors
    ///
    /// [`Missing`](KeyErrorKind::Missing) when there is none, [`Malformed`](KeyErrorKind::Malformed) when it is damaged
    /// or of a type that is not known.
    pub fn public_from_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::public_from_der(&pem::public_der(pem.as_ref())?)
    }

    /// A public key in DER: SPKI, PKCS#1, or a certificate.
    ///
    /// # Errors
    ///
    /// [`Malformed`](KeyErrorKind::Malformed) when it is none of these, or of a type that is not known.
    pub fn public_from_der(der: &[u8]) -> Result<Self, KeyError> {
        public::of_der(der).map(Self::new).ok_or_else(|| {
            KeyError::new(
                KeyErrorKind::Malformed,
                "is damaged, or none of RSA, EC (P-256, P-384, P-521) and Ed25519",
            )
        })
    }

    /// A shared secret (`oct`).
    pub fn secret(octets: &[u8]) -> Self {
        Self::new(Material::Oct {
            k: Octets::new(octets.to_vec()),
        })
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The same key under this `kid`.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// `alg`, the one algorithm that the key is for, as it is written.
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// Whether it can sign: it has a private part, or is a shared secret.
    pub fn is_private(&self) -> bool {
        self.material.is_private()
    }

    /// Its public half, whose `key_ops` are the other half of its own: `verify` where it may `sign`. `None` for a shared
    /// secret, which has none.
    pub fn public(&self) -> Option<Self> {
        let other_half = |operation: &String| match operation.as_str() {
            "sign" => "verify".to_owned(),
            "decrypt" => "encrypt".to_owned(),
            "unwrapKey" => "wrapKey".to_owned(),
            _ => operation.clone(),
        };
        let operations = self.operations.as_ref().map(|known| {
            let mut operations: Vec<_> = known.iter().map(other_half).collect();
            operations.sort_unstable();
            operations.dedup(); // RFC 7517 section 4.3 forbids to name one twice
            operations
        });
        Some(Self {
            material: self.material.public()?,
            operations,
            ..self.clone()
        })
    }

    /// Whether this algorithm can be used with it for `operation` (`sign`, `verify`): the type of the key and its curve
    /// fit, and neither `alg` nor `use` nor `key_ops` (RFC 7517 section 4) speaks against it.
    pub fn fits(&self, algorithm: Algorithm, operation: &str) -> bool {
        let same = |name: &str| {
            name == algorithm.name()
                || (algorithm.family() == Family::Ed25519 && matches!(name, "EdDSA" | "Ed25519"))
        };
        self.material.fits(algorithm.family())
            && self.algorithm.as_deref().is_none_or(same)
            && self
                .use_for
                .as_deref()
                .is_none_or(|use_for| use_for == "sig")
            && self
                .operations
                .as_deref()
                .is_none_or(|known| known.iter().any(|known| known == operation))
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("type", &self.material)
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
