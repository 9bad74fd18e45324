//! `RSA-SHA1` (RFC 5849 section 3.4.3) and its like with other hashes: RSASSA-PKCS1-v1_5 over the base string.
//!
//! The `rsa` crate is used since it is the one that signs with SHA-1, which RFC 5849 names and servers still ask for;
//! ring and aws-lc-rs only verify that. RUSTSEC-2023-0071 says that its arithmetic does not take constant time. Every
//! signature is therefore *blinded* with fresh randomness: the number that the private key is applied to is one that
//! nobody outside knows, so that timing tells nothing about the key that could be put together over many requests.

use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey, pkcs8::DecodePrivateKey,
    rand_core::OsRng, traits::PublicKeyParts,
};
use sha1::Digest as _;
use std::{fmt, sync::Arc};
use tower_auth_core::AuthError;
use tower_auth_jose::{PrivateKeyDer, PrivateKeyForm};

/// The least size that RFC 8017 implementations still accept.
const LEAST_BITS: usize = 1024;
/// A key this large signs for seconds; larger ones are mistakes.
const MOST_BITS: usize = 8192;

/// A private RSA key, parsed once. `Debug` shows its size only; the memory is wiped when the last clone is dropped.
#[derive(Clone)]
pub struct RsaKey(Arc<RsaPrivateKey>);

impl RsaKey {
    /// A key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`), of 1024 to 8192 bits, read as
    /// laxly as OpenSSL writes: with text or certificates around it, or line ends that were escaped once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `private key` for anything else:
    /// an encrypted key, a public key, a key of another algorithm.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, AuthError> {
        let unusable = |why| AuthError::configuration("private key", why);
        let key =
            PrivateKeyDer::from_pem(pem).map_err(|error| error.for_parameter("private key"))?;
        let der = key.expose();
        let key = match key.form() {
            PrivateKeyForm::Pkcs1 => RsaPrivateKey::from_pkcs1_der(der)
                .map_err(|error| unusable("is not an RSA key in PKCS#1").with_source(error)),
            PrivateKeyForm::Pkcs8 => RsaPrivateKey::from_pkcs8_der(der)
                .map_err(|error| unusable("is not an RSA key in PKCS#8").with_source(error)),
            _ => Err(unusable("is not an RSA key")),
        }?;
        if !(LEAST_BITS..=MOST_BITS).contains(&key.n().bits()) {
            return Err(unusable("has a size outside of 1024 to 8192 bits"));
        }
        Ok(Self(Arc::new(key)))
    }

    pub(super) fn sign(&self, digest: Digest, base_string: &[u8]) -> Result<Vec<u8>, rsa::Error> {
        let (prefix, hash) = match digest {
            Digest::Sha1 => (SHA1, sha1::Sha1::digest(base_string).to_vec()),
            Digest::Sha256 => (SHA256, sha2::Sha256::digest(base_string).to_vec()),
            Digest::Sha512 => (SHA512, sha2::Sha512::digest(base_string).to_vec()),
        };
        let padding = Pkcs1v15Sign {
            hash_len: Some(hash.len()),
            prefix: prefix.into(),
        };
        self.0.sign_with_rng(&mut OsRng, padding, &hash)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey({} bits)", self.0.n().bits())
    }
}

/// With which hash.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Sha1 => "RSA-SHA1",
            Self::Sha256 => "RSA-SHA256",
            Self::Sha512 => "RSA-SHA512",
        }
    }
}

// What precedes the hash (RFC 8017 section 9.2, note 1).
const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA256: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA512: &[u8] =
    b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_what_openssl_writes_around_it() {
        const BAG: &str = include_str!("throwaway_bag.pem");
        for pem in [
            BAG.to_owned(),
            BAG.replace('\n', " \r\n"),
            format!("\u{feff}{BAG}"),
            BAG.replace('\n', r"\n"),
        ] {
            RsaKey::from_pem(pem).unwrap();
        }
        let error = RsaKey::from_pem(BAG.replace('\n', r"\\n")).unwrap_err();
        assert!(error.to_string().contains("escaped twice"), "{error}");
    }

    #[test]
    fn an_unreadable_key_is_refused_by_name_and_not_shown() {
        for bad in [
            "",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2\n-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----",
            // An Ed25519 key (RFC 8410 section 10.3).
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----",
        ] {
            let error = RsaKey::from_pem(bad).unwrap_err();
            assert_eq!(error.parameter(), Some("private key"), "{bad}");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
    }
}
