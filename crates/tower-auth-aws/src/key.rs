//! Signing keys: derived from the secret once a day, and remembered.

use crate::{Credentials, hex::hex32, sink::Digesting, timestamp::Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower_auth_core::AuthError;

type HmacSha256 = Hmac<Sha256>;

/// What signs strings. Clones share the key; it is wiped with the last.
#[derive(Clone)]
pub(crate) enum SigningKey {
    Hmac(Arc<HmacSha256>),
    #[cfg(feature = "sigv4a")]
    Ecdsa(Arc<crate::sigv4a::EcdsaKey>),
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
        Self::Hmac(Arc::new(keyed(&*mac(&*service, b"aws4_request"))))
    }

    /// Signs a text. Never fails with HMAC.
    ///
    /// The signature is written where it is to be: to hand it back beside an error would copy it about.
    #[inline]
    pub(crate) fn sign(&self, text: &[u8], signature: &mut SignatureText) -> Result<(), AuthError> {
        match self {
            Self::Hmac(key) => {
                let mut mac = HmacSha256::clone(key);
                Mac::update(&mut mac, text);
                let digits = hex32(&mac.finalize().into_bytes().into());
                signature.set(&digits);
                Ok(())
            }
            #[cfg(feature = "sigv4a")]
            Self::Ecdsa(key) => key.sign(text, signature),
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
    /// None yet.
    pub(crate) const NONE: Self = Self {
        digits: [0; 144],
        length: 0,
    };

    #[inline]
    pub(crate) fn set(&mut self, digits: &[u8]) {
        let length = digits.len().min(144);
        self.digits[..length].copy_from_slice(&digits[..length]);
        self.length = length as u8;
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

/// What is the same for all requests of one identity on one day.
pub(crate) struct Day {
    credentials: Credentials,
    day: u64,
    pub(crate) key: SigningKey,
    /// `20150830/us-east-1/iam/aws4_request`
    pub(crate) scope: Box<[u8]>,
    /// `AWS4-HMAC-SHA256 Credential=<id>/<scope>, SignedHeaders=`
    pub(crate) prefix: Box<[u8]>,
}

impl Day {
    pub(crate) fn new(
        credentials: &Credentials,
        time: &Timestamp,
        key: SigningKey,
        algorithm: &str,
        scope: Vec<u8>,
    ) -> Self {
        let id = credentials.access_key_id().as_bytes();
        let prefix: [&[u8]; 6] = [
            algorithm.as_bytes(),
            b" Credential=",
            id,
            b"/",
            &scope,
            b", SignedHeaders=",
        ];
        Self {
            credentials: credentials.clone(),
            day: time.day(),
            key,
            prefix: prefix.concat().into(),
            scope: scope.into(),
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Day").finish_non_exhaustive()
    }
}

/// How many days are remembered: those of bucket sessions change places with each other.
const DAYS: usize = 16;

/// What one signer remembers: the keys of a date, and header values that the next request needs again.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    days: Vec<Arc<Day>>,
    next: usize,
    stamp: Option<(Timestamp, HeaderValue)>,
    host: Option<HeaderValue>,
}

impl Remembered {
    fn day(&self, credentials: &Credentials, day: u64) -> Option<Arc<Day>> {
        let mut days = self.days.iter();
        days.find(|one| one.day == day && one.credentials.same_key(credentials))
            .cloned()
    }
}

impl Cache {
    /// The time, its header, and the key of these credentials on its day: derived when it is not there yet.
    pub(crate) fn now(
        &self,
        credentials: &Credentials,
        seconds: u64,
        derive: impl FnOnce(&Timestamp) -> Result<Day, AuthError>,
    ) -> Result<(Timestamp, HeaderValue, Arc<Day>), AuthError> {
        let mut remembered = self.lock();
        let (time, stamp) = match &remembered.stamp {
            Some((time, value)) if time.seconds() == seconds => (*time, value.clone()),
            _ => {
                let time = Timestamp::of(seconds);
                let value = HeaderValue::from_bytes(time.as_bytes())
                    .expect("digits and letters are a header value");
                remembered.stamp = Some((time, value.clone()));
                (time, value)
            }
        };
        if let Some(day) = remembered.day(credentials, time.day()) {
            return Ok((time, stamp, day));
        }
        drop(remembered);
        Ok((time, stamp, self.derive(&time, derive)?))
    }

    /// The key of these credentials at a time.
    pub(crate) fn day(
        &self,
        credentials: &Credentials,
        time: &Timestamp,
        derive: impl FnOnce(&Timestamp) -> Result<Day, AuthError>,
    ) -> Result<Arc<Day>, AuthError> {
        let found = self.lock().day(credentials, time.day());
        found.map_or_else(|| self.derive(time, derive), Ok)
    }

    /// By each that misses, without the lock: they all get the same.
    fn derive(
        &self,
        time: &Timestamp,
        derive: impl FnOnce(&Timestamp) -> Result<Day, AuthError>,
    ) -> Result<Arc<Day>, AuthError> {
        let day = Arc::new(derive(time)?);
        let mut remembered = self.lock();
        if remembered.days.len() < DAYS {
            remembered.days.push(Arc::clone(&day));
        } else {
            let at = remembered.next;
            remembered.next = (at + 1) % DAYS;
            remembered.days[at] = Arc::clone(&day);
        }
        Ok(day)
    }

    /// The SigV4a key: it depends on the credentials only, and takes long to derive.
    #[cfg(feature = "sigv4a")]
    pub(crate) fn ecdsa(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<crate::sigv4a::EcdsaKey>, AuthError> {
        let found = self.lock().days.iter().find_map(|day| match &day.key {
            SigningKey::Ecdsa(key) if day.credentials.same_key(credentials) => {
                Some(Arc::clone(key))
            }
            _ => None,
        });
        match found {
            Some(key) => Ok(key),
            None => crate::sigv4a::EcdsaKey::derive(credentials).map(Arc::new),
        }
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

    fn day(credentials: &Credentials, time: &Timestamp) -> Day {
        let secret = credentials.secret_access_key().expose();
        let key = SigningKey::derive(secret, time.date(), "us-east-1", "iam");
        Day::new(
            credentials,
            time,
            key,
            "AWS4-HMAC-SHA256",
            b"scope".to_vec(),
        )
    }

    #[test]
    fn a_key_is_derived_once_for_each_date_and_identity() {
        let cache = Cache::default();
        let mut derivations = 0;
        for _ in 0..2 {
            for (id, seconds) in [("A", 1), ("A", 86_401), ("B", 1), ("A", 2)] {
                let credentials = Credentials::new(id, format!("secret of {id}")).unwrap();
                let (time, stamp, found) = cache
                    .now(&credentials, seconds, |time| {
                        derivations += 1;
                        Ok(day(&credentials, time))
                    })
                    .unwrap();
                assert_eq!(time, Timestamp::of(seconds));
                assert_eq!(stamp.as_bytes(), time.as_bytes());
                let fresh = day(&credentials, &time);
                let text = |day: &Day| {
                    let mut signature = SignatureText::NONE;
                    day.key.sign(b"text", &mut signature).unwrap();
                    signature.as_str().to_owned()
                };
                assert_eq!(text(&found), text(&fresh));
            }
        }
        assert_eq!(derivations, 3);
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        let time = Timestamp::of(0);
        for i in 0..100 {
            let credentials = Credentials::new(&format!("A{i}"), "secret").unwrap();
            cache
                .day(&credentials, &time, |time| Ok(day(&credentials, time)))
                .unwrap();
        }
        assert_eq!(cache.lock().days.len(), DAYS);
    }
}
