//! What a signer remembers: keys are derived once a day, and what a second has in common is made once a second.

use crate::{
    Credentials,
    key::SigningKey,
    sha256::Signing,
    sink::Sink,
    timestamp::{Timestamp, day_of_second},
};
use http::HeaderValue;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower_auth_core::AuthError;

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

/// What is the same for all requests of one identity in one second.
pub(crate) struct Moment {
    pub(crate) time: Timestamp,
    /// `x-amz-date`
    pub(crate) stamp: HeaderValue,
    pub(crate) day: Arc<Day>,
    /// The string to sign, hashed as far as its last line.
    pub(crate) begun: Option<Signing>,
}

impl Moment {
    pub(crate) fn new(time: Timestamp, day: Arc<Day>) -> Self {
        let begun = match &day.key {
            SigningKey::Hmac(key) => {
                let mut text = key.begin();
                for piece in [b"AWS4-HMAC-SHA256", &time.as_bytes()[..], &day.scope] {
                    text.put(piece);
                    text.put_byte(b'\n');
                }
                text.compress();
                Some(text)
            }
            #[cfg(feature = "sigv4a")]
            SigningKey::Ecdsa(_) => None,
        };
        let stamp = HeaderValue::from_bytes(time.as_bytes());
        Self {
            time,
            stamp: stamp.expect("digits and letters are a header value"),
            day,
            begun,
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").finish_non_exhaustive()
    }
}

/// How many identities are remembered: those of bucket sessions change places with each other.
const IDENTITIES: usize = 16;

/// What one signer remembers: of each identity the last second with its day, and a header value.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    moments: Vec<Arc<Moment>>,
    next: usize,
    host: Option<HeaderValue>,
}

impl Remembered {
    fn position(&self, credentials: &Credentials, day: u64) -> Option<usize> {
        let mut moments = self.moments.iter();
        moments.position(|one| one.day.day == day && one.day.credentials.same_key(credentials))
    }

    fn put(&mut self, moment: Arc<Moment>) {
        if let Some(at) = self.position(&moment.day.credentials, moment.day.day) {
            self.moments[at] = moment;
        } else if self.moments.len() < IDENTITIES {
            self.moments.push(moment);
        } else {
            let at = self.next;
            self.next = (at + 1) % IDENTITIES;
            self.moments[at] = moment;
        }
    }
}

impl Cache {
    /// A second, with the key of these credentials on its day: derived when it is not there yet.
    pub(crate) fn moment(
        &self,
        credentials: &Credentials,
        seconds: u64,
        derive: impl FnOnce(&Timestamp) -> Result<Day, AuthError>,
    ) -> Result<Arc<Moment>, AuthError> {
        let day = {
            let remembered = self.lock();
            let at = remembered.position(credentials, day_of_second(seconds));
            match at.map(|at| &remembered.moments[at]) {
                Some(moment) if moment.time.seconds() == seconds => return Ok(Arc::clone(moment)),
                moment => moment.map(|moment| Arc::clone(&moment.day)),
            }
        };
        // By each that misses, without the lock: they all get the same.
        let time = Timestamp::of(seconds);
        let day = match day {
            Some(day) => day,
            None => Arc::new(derive(&time)?),
        };
        let moment = Arc::new(Moment::new(time, day));
        self.lock().put(Arc::clone(&moment));
        Ok(moment)
    }

    /// The SigV4a key: it depends on the credentials only, and takes long to derive.
    #[cfg(feature = "sigv4a")]
    pub(crate) fn ecdsa(
        &self,
        credentials: &Credentials,
    ) -> Result<Arc<crate::ecdsa::EcdsaKey>, AuthError> {
        let found = self
            .lock()
            .moments
            .iter()
            .find_map(|one| match &one.day.key {
                SigningKey::Ecdsa(key) if one.day.credentials.same_key(credentials) => {
                    Some(Arc::clone(key))
                }
                _ => None,
            });
        match found {
            Some(key) => Ok(key),
            None => crate::ecdsa::EcdsaKey::derive(credentials).map(Arc::new),
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
    use crate::signature_text::SignatureText;

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
                let found = cache
                    .moment(&credentials, seconds, |time| {
                        derivations += 1;
                        Ok(day(&credentials, time))
                    })
                    .unwrap();
                assert_eq!(found.time, Timestamp::of(seconds));
                assert_eq!(found.stamp.as_bytes(), found.time.as_bytes());
                let fresh = day(&credentials, &found.time);
                let text = |day: &Day| {
                    let mut signature = SignatureText::NONE;
                    day.key.sign(b"text", &mut signature).unwrap();
                    signature.as_str().to_owned()
                };
                assert_eq!(text(&found.day), text(&fresh));
            }
        }
        assert_eq!(derivations, 3);
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        for i in 0..100 {
            let credentials = Credentials::new(format!("A{i}"), "secret").unwrap();
            cache
                .moment(&credentials, i, |time| Ok(day(&credentials, time)))
                .unwrap();
        }
        assert_eq!(cache.lock().moments.len(), IDENTITIES);
    }
}
