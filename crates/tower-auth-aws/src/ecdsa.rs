//! The P-256 key of SigV4a.

use crate::{Credentials, sha256::HmacKey, signature_text::SignatureText, sink::Sink};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use std::fmt;
use tower_auth_core::{AuthError, ErrorKind};
use zeroize::Zeroizing;

/// The order of P-256, less two: what a derived number may be at most.
const ORDER_LESS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// A P-256 key derived from an access key.
pub(crate) struct EcdsaKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// Makes every signature fail, as nothing else can in a test.
    #[cfg(test)]
    pub(crate) broken: bool,
}

fn no_signature() -> AuthError {
    AuthError::new(
        ErrorKind::Credentials,
        "no SigV4a signature could be made; does the system give randomness?",
    )
}

impl EcdsaKey {
    /// NIST SP 800-108 in counter mode, with HMAC-SHA256.
    pub(crate) fn derive(credentials: &Credentials) -> Result<Self, AuthError> {
        let error = |why| AuthError::new(ErrorKind::Credentials, why);
        let number = private_number(credentials)
            .ok_or_else(|| error("no SigV4a key can be derived from these credentials"))?;
        let der = private_key_der(&number);
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map_err(|_| error("the SigV4a key derived from these credentials is no P-256 key"))?;
        Ok(Self {
            pair,
            random: SystemRandom::new(),
            #[cfg(test)]
            broken: false,
        })
    }

    /// The signature in DER, in digits.
    pub(crate) fn sign(&self, text: &[u8], signature: &mut SignatureText) -> Result<(), AuthError> {
        #[cfg(test)]
        if self.broken {
            return Err(no_signature());
        }
        let made = self.pair.sign(&self.random, text);
        let made = made.map_err(|_| no_signature())?;
        let mut digits = Vec::with_capacity(144);
        for byte in made.as_ref() {
            for digit in [byte >> 4, byte & 15] {
                digits.push(b"0123456789abcdef"[usize::from(digit)]);
            }
        }
        signature.set(&digits);
        Ok(())
    }

    /// The point of the public key, uncompressed.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
}

impl fmt::Debug for EcdsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcdsaKey").finish_non_exhaustive()
    }
}

fn private_number(credentials: &Credentials) -> Option<Zeroizing<[u8; 32]>> {
    let secret = credentials.secret_access_key().expose();
    let mut key = Zeroizing::new(Vec::with_capacity(5 + secret.len()));
    key.extend_from_slice(b"AWS4A");
    key.extend_from_slice(secret.as_bytes());
    let key = HmacKey::new(&key);
    for counter in 1..=254_u8 {
        let mut text = key.begin();
        text.put(&1_u32.to_be_bytes());
        text.put(b"AWS4-ECDSA-P256-SHA256\0");
        text.put(credentials.access_key_id().as_bytes());
        text.put(&[counter]);
        text.put(&256_u32.to_be_bytes());
        let mut number = Zeroizing::new(key.finish(&mut text));
        if *number <= ORDER_LESS_TWO {
            for byte in number.iter_mut().rev() {
                let overflow;
                (*byte, overflow) = byte.overflowing_add(1);
                if !overflow {
                    break;
                }
            }
            return Some(number);
        }
    }
    None
}

/// `ECPrivateKey` (RFC 5915) with the curve and without the public key, which is computed when it is read.
fn private_key_der(number: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    const BEFORE: &[u8] = &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    const PRIME256V1: &[u8] = &[
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let mut der = Zeroizing::new(Vec::with_capacity(BEFORE.len() + 32 + PRIME256V1.len()));
    der.extend_from_slice(BEFORE);
    der.extend_from_slice(number);
    der.extend_from_slice(PRIME256V1);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of aws-c-auth, which fix the derivation.
    #[test]
    fn the_key_is_derived_as_the_sdks_derive_it() {
        let secret = "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom";
        let credentials = Credentials::new("AKISORANDOMAASORANDOM", secret).unwrap();
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        assert_eq!(
            hex(&*private_number(&credentials).unwrap()),
            "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"
        );
        assert_eq!(
            hex(EcdsaKey::derive(&credentials).unwrap().public_key()),
            "0415d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb\
             0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"
        );
    }
}
