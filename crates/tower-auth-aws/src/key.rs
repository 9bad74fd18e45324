//! Signing keys: derived from the secret once a day, and remembered.

use crate::{
    Credentials,
    hex::hex32,
    sink::{Digesting, Sink},
    timestamp::Timestamp,
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

type HmacSha256 = Hmac<Sha256>;

/// What signs strings. Cloning it does not derive anything again; dropping it wipes it.
#[derive(Clone)]
pub(crate) enum SigningKey {
    Hmac(HmacSha256),
    #[cfg(feature = "sigv4a")]
    Ecdsa(std::sync::Arc<crate::sigv4a::EcdsaKey>),
}

impl SigningKey {
    /// The key of one date, region and service: `HMAC(HMAC(HMAC(HMAC("AWS4" secret, date), region), service),
    /// "aws4_request")`.
    pub(crate) fn derive(secret: &str, date: &[u8], region: &str, service: &str) -> Self {
        let mut first = zeroize::Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.as_bytes());
        let date = mac(&first, date);
        let region = mac(&*date, region.as_bytes());
        let service = mac(&*region, service.as_bytes());
        Self::Hmac(keyed(&*mac(&*service, b"aws4_request")))
    }

    /// Signs what `write` writes.
    pub(crate) fn sign(&self, write: impl FnOnce(&mut dyn Sink)) -> SignatureText {
        match self {
            Self::Hmac(key) => {
                let mut sink = Digesting::new(key.clone());
                write(&mut sink);
                let mac: [u8; 32] = sink.into_digest().finalize().into_bytes().into();
                SignatureText::new(&hex32(&mac))
            }
            #[cfg(feature = "sigv4a")]
            Self::Ecdsa(key) => {
                let mut text = Vec::with_capacity(256);
                write(&mut text);
                key.sign(&text)
            }
        }
    }
}

/// HMAC takes keys of any length.
fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn mac(key: &[u8], text: &[u8]) -> zeroize::Zeroizing<[u8; 32]> {
    let mut mac = keyed(key);
    Mac::update(&mut mac, text);
    zeroize::Zeroizing::new(mac.finalize().into_bytes().into())
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// A signature in hexadecimal digits: 64 of an HMAC, up to 144 of an ECDSA signature.
#[derive(Clone, Copy)]
pub(crate) struct SignatureText {
    digits: [u8; 144],
    length: u8,
}

impl SignatureText {
    pub(crate) fn new(digits: &[u8]) -> Self {
        let length = digits.len().min(144);
        let mut text = [0; 144];
        text[..length].copy_from_slice(&digits[..length]);
        Self {
            digits: text,
            length: length as u8,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[..usize::from(self.length)]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default() // made of digits only
    }
}

impl fmt::Debug for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The SHA-256 of what `write` writes, in digits.
pub(crate) fn sha256_hex(write: impl FnOnce(&mut Digesting<Sha256>)) -> [u8; 64] {
    let mut sink = Digesting::new(Sha256::new());
    write(&mut sink);
    hex32(&sink.into_digest().finalize().into())
}

/// How many keys are remembered: those of bucket sessions change places with each other.
const KEYS: usize = 16;

/// What one signer remembers: the keys of a date, and header values that the next request needs again.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    keys: Vec<(Credentials, u64, SigningKey)>,
    next: usize,
    stamp: Option<(u64, HeaderValue)>,
    host: Option<HeaderValue>,
}

impl Cache {
    /// The key of these credentials on this day, derived when it is not there yet.
    pub(crate) fn key<E>(
        &self,
        credentials: &Credentials,
        day: u64,
        derive: impl FnOnce() -> Result<SigningKey, E>,
    ) -> Result<SigningKey, E> {
        let found = self.lock().keys.iter().find_map(|(of, on, key)| {
            (*on == day && of.same_key(credentials)).then(|| key.clone())
        });
        if let Some(key) = found {
            return Ok(key);
        }
        let key = derive()?; // by each that misses, without a lock: they all get the same
        let slot = (credentials.clone(), day, key.clone());
        let mut remembered = self.lock();
        if remembered.keys.len() < KEYS {
            remembered.keys.push(slot);
        } else {
            let at = remembered.next;
            remembered.next = (at + 1) % KEYS;
            remembered.keys[at] = slot;
        }
        Ok(key)
    }

    /// `x-amz-date`, made once a second.
    pub(crate) fn stamp(&self, time: &Timestamp) -> Option<HeaderValue> {
        if let Some((second, value)) = &self.lock().stamp {
            if *second == time.seconds() {
                return Some(value.clone());
            }
        }
        let value = HeaderValue::from_bytes(time.as_bytes()).ok()?;
        self.lock().stamp = Some((time.seconds(), value.clone()));
        Some(value)
    }

    /// `host`, made anew when the request before went to another.
    pub(crate) fn host(&self, host: &str) -> Option<HeaderValue> {
        if let Some(value) = &self.lock().host {
            if value.as_bytes() == host.as_bytes() {
                return Some(value.clone());
            }
        }
        let value = HeaderValue::from_str(host).ok()?;
        self.lock().host = Some(value.clone());
        Some(value)
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn derived(secret: &str, day: u64) -> SigningKey {
        SigningKey::derive(secret, day.to_string().as_bytes(), "us-east-1", "iam")
    }

    fn signature(key: &SigningKey) -> String {
        key.sign(|sink| sink.put(b"text")).as_str().to_owned()
    }

    /// The derivation example of the AWS General Reference: the key itself is published there; an HMAC under it proves it.
    #[test]
    fn the_key_is_derived_as_the_general_reference_shows() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = SigningKey::derive(secret, b"20150830", "us-east-1", "iam");
        let text = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                    f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = key.sign(|sink| sink.put(text.as_bytes()));
        assert_eq!(
            signature.as_str(),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn a_key_is_derived_once_for_each_date_and_identity() {
        let cache = Cache::default();
        let mut derivations = 0;
        for round in 0..2 {
            for (id, day) in [("A", 1), ("A", 2), ("B", 1)] {
                let credentials = Credentials::new(id, format!("secret of {id}")).unwrap();
                let secret = credentials.secret_access_key().expose().to_owned();
                let key = cache.key(&credentials, day, || {
                    derivations += 1;
                    Ok::<_, Infallible>(derived(&secret, day))
                });
                let Ok(key) = key;
                assert_eq!(
                    signature(&key),
                    signature(&derived(&secret, day)),
                    "{round}"
                );
            }
        }
        assert_eq!(derivations, 3);
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        for i in 0..100 {
            let credentials = Credentials::new(&format!("A{i}"), "secret").unwrap();
            let Ok(_) = cache.key(&credentials, 1, || {
                Ok::<_, Infallible>(derived("secret", 1))
            });
        }
        assert_eq!(cache.lock().keys.len(), KEYS);
    }
}
