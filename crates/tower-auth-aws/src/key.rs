//! Signing keys, derived from the secret.

use crate::{
    hex::hex32,
    sha256::{HmacKey, Sha256},
    signature_text::SignatureText,
};
use std::{fmt, sync::Arc};
use tower_auth_core::AuthError;
use zeroize::Zeroizing;

/// What signs strings. Clones share the key; it is wiped with the last.
#[derive(Clone)]
pub(crate) enum SigningKey {
    Hmac(Arc<HmacKey>),
    #[cfg(feature = "sigv4a")]
    Ecdsa(Arc<crate::ecdsa::EcdsaKey>),
}

impl SigningKey {
    /// The key of one date, region and service: `HMAC(HMAC(HMAC(HMAC("AWS4" secret, date), region), service),
    /// "aws4_request")`.
    pub(crate) fn derive(secret: &str, date: &[u8], region: &str, service: &str) -> Self {
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.as_bytes());
        let mac = |key: &[u8], text: &[u8]| Zeroizing::new(HmacKey::new(key).mac(text));
        let date = mac(&first, date);
        let region = mac(&*date, region.as_bytes());
        let service = mac(&*region, service.as_bytes());
        Self::Hmac(Arc::new(HmacKey::new(&*mac(&*service, b"aws4_request"))))
    }

    /// Signs a text. Never fails with HMAC.
    ///
    /// The signature is written where it is to be: to hand it back beside an error would copy it about.
    #[inline]
    pub(crate) fn sign(&self, text: &[u8], signature: &mut SignatureText) -> Result<(), AuthError> {
        match self {
            Self::Hmac(key) => {
                signature.set(&hex32(&key.mac(text)));
                Ok(())
            }
            #[cfg(feature = "sigv4a")]
            Self::Ecdsa(key) => key.sign(text, signature),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// The SHA-256 of what `write` writes, in digits.
#[inline]
pub(crate) fn sha256_hex(write: impl FnOnce(&mut Sha256<8>)) -> [u8; 64] {
    let mut sink = Sha256::new();
    write(&mut sink);
    hex32(&sink.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivation example of the AWS General Reference: the key itself is published there; an HMAC under it proves it.
    #[test]
    fn the_key_is_derived_as_the_general_reference_shows() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = SigningKey::derive(secret, b"20150830", "us-east-1", "iam");
        let text = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                    f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let mut signature = SignatureText::NONE;
        key.sign(text.as_bytes(), &mut signature).unwrap();
        assert_eq!(
            signature.as_str(),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
