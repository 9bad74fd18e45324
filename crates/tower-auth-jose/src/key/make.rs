//! Keys made here, and taken out again: for DPoP, whose key a client makes for itself (RFC 9449 section 4).

use super::{
    SigningKey,
    signing::{Pair, ecdsa},
};
use crate::{
    Algorithm, Jwk, KeyError, KeyErrorKind,
    algorithm::Family,
    der::{INTEGER, OCTET_STRING, Reader, SEQUENCE},
    jwk::{Material, Octets, RsaPrivate},
};
use aws_lc_rs::{
    encoding::{AsBigEndian as _, AsDer as _, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der},
    rsa::KeySize,
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};

fn failed() -> KeyError {
    KeyError::new(KeyErrorKind::Failed, "cannot be made or taken out")
}

impl SigningKey {
    /// A new key for an algorithm over a curve: `ES256` (which DPoP servers all know), `ES384`, `ES512`, `EdDSA`.
    ///
    /// ```
    /// use tower_auth_jose::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Es256)?;
    /// let stored = key.private_jwk()?.to_private_json();
    /// let again = SigningKey::from_jwk(Algorithm::Es256, stored.expose())?;
    /// assert_eq!(again.public_jwk().map(|jwk| jwk.thumbprint()), key.public_jwk().map(|jwk| jwk.thumbprint()));
    /// # Ok::<(), tower_auth_jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Mismatch`](KeyErrorKind::Mismatch) for other algorithms; RSA keys take seconds to make, see
    /// [`generate_rsa`](Self::generate_rsa). [`Failed`](KeyErrorKind::Failed) when the machine has no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm.family() {
            Family::Curve(curve) => {
                let pair = EcdsaKeyPair::generate(ecdsa(curve)).map_err(|_| failed())?;
                Pair::Ec(curve, pair)
            }
            Family::Ed25519 => Pair::Ed(Ed25519KeyPair::generate().map_err(|_| failed())?),
            Family::Rsa | Family::Secret { .. } => {
                let why = format!(
                    "cannot be made for {algorithm}: only for ES256, ES384, ES512 and EdDSA"
                );
                return Err(KeyError::new(KeyErrorKind::Mismatch, why));
            }
        };
        Ok(Self::new(algorithm, pair))
    }

    /// A new RSA key of 3072 bits. Takes up to seconds of computing: not on a thread that others wait for.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](KeyErrorKind::Mismatch) when the algorithm is none of RSA; [`Failed`](KeyErrorKind::Failed).
    pub fn generate_rsa(algorithm: Algorithm) -> Result<Self, KeyError> {
        if algorithm.family() != Family::Rsa {
            return Err(super::mismatch(algorithm));
        }
        let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| failed())?;
        Ok(Self::new(algorithm, Pair::Rsa(pair)))
    }

    /// The public half, under the same `kid`. `None` for a shared secret, which has none.
    pub fn public_jwk(&self) -> Option<Jwk> {
        let jwk = match &*self.pair {
            Pair::Hmac(_) => return None,
            Pair::Rsa(pair) => Jwk::public_from_der(pair.public_key().as_ref()).ok()?,
            Pair::Ec(curve, pair) => {
                Jwk::new(Material::of_point(*curve, pair.public_key().as_ref())?)
            }
            Pair::Ed(pair) => Jwk::new(Material::Ed25519 {
                x: pair.public_key().as_ref().to_vec(),
                d: None,
            }),
        };
        Some(match self.key_id() {
            Some(key_id) => jwk.with_key_id(key_id),
            None => jwk,
        })
    }

    /// The whole key, to be stored with [`Jwk::to_private_json`].
    ///
    /// # Errors
    ///
    /// [`Mismatch`](KeyErrorKind::Mismatch) for a shared secret, which is not given out again.
    pub fn private_jwk(&self) -> Result<Jwk, KeyError> {
        let shared = || {
            let why = "is a shared secret, which is not given out again";
            KeyError::new(KeyErrorKind::Mismatch, why)
        };
        let mut jwk = self.public_jwk().ok_or_else(shared)?;
        match (&*self.pair, &mut jwk.material) {
            (Pair::Ec(_, pair), Material::Ec { d, .. }) => {
                let private: EcPrivateKeyBin<'_> =
                    pair.private_key().as_be_bytes().map_err(|_| failed())?;
                *d = Some(Octets::new(private.as_ref().to_vec()));
            }
            (Pair::Ed(pair), Material::Ed25519 { d, .. }) => {
                let seed = pair.seed().map_err(|_| failed())?;
                let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| failed())?;
                *d = Some(Octets::new(seed.as_ref().to_vec()));
            }
            (Pair::Rsa(pair), Material::Rsa { private, .. }) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
                *private = Some(rsa_private(der.as_ref()).ok_or_else(failed)?);
            }
            _ => return Err(failed()),
        }
        Ok(jwk)
    }
}

/// The private numbers in PKCS#8 (RFC 5208 section 5, RFC 8017 appendix A.1.2).
fn rsa_private(pkcs8: &[u8]) -> Option<RsaPrivate> {
    let mut fields = Reader::sequence(pkcs8)?;
    fields.expect(INTEGER)?;
    fields.expect(SEQUENCE)?;
    let mut numbers = Reader::sequence(fields.expect(OCTET_STRING)?)?;
    for _version_n_e in 0..3 {
        numbers.expect(INTEGER)?;
    }
    let mut number = || {
        numbers
            .unsigned()
            .map(|number| Octets::new(number.to_vec()))
    };
    let d = number()?;
    let crt = Some([number()?, number()?, number()?, number()?, number()?]);
    Some(RsaPrivate { d, crt })
}
