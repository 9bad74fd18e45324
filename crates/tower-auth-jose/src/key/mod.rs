//! Keys that sign and keys that verify.

mod make;
mod signing;
mod verifying;

pub use self::{signing::SigningKey, verifying::VerifyingKey};

use crate::{Algorithm, Jwk, KeyError, KeyErrorKind};

impl Jwk {
    /// The key that signs with this algorithm, under the same `kid`.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](KeyErrorKind::Mismatch) when it has no private part or does not [fit](Self::fits);
    /// [`TooShort`](KeyErrorKind::TooShort); [`Malformed`](KeyErrorKind::Malformed) for RSA without `p`, `q`, `dp`,
    /// `dq`, `qi`, which RFC 7518 section 6.3.2 lets a writer leave out and aws-lc needs.
    pub fn signing_key(&self, algorithm: Algorithm) -> Result<SigningKey, KeyError> {
        SigningKey::of_jwk(algorithm, self)
    }

    /// The key that verifies what this algorithm signed, under the same `kid`.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](KeyErrorKind::Mismatch) when it does not [fit](Self::fits); [`TooShort`](KeyErrorKind::TooShort).
    pub fn verifying_key(&self, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::of_jwk(algorithm, self)
    }
}

fn mismatch(algorithm: Algorithm) -> KeyError {
    KeyError::new(
        KeyErrorKind::Mismatch,
        format!("is broken, too short, or not one for {algorithm}"),
    )
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<aws_lc_rs::hmac::Key, KeyError> {
    use crate::algorithm::Family;
    use aws_lc_rs::hmac;
    let Family::Secret { least } = algorithm.family() else {
        return Err(KeyError::new(
            KeyErrorKind::Mismatch,
            format!("is a shared secret, which {algorithm} cannot use"),
        ));
    };
    if secret.len() < least {
        return Err(KeyError::new(
            KeyErrorKind::TooShort,
            format!(
                "is too short: {algorithm} needs a secret of {least} bytes or more (RFC 7518 section 3.2)"
            ),
        ));
    }
    let hash = match algorithm {
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    Ok(hmac::Key::new(hash, secret))
}
