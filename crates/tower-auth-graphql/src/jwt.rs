//! The times in a JWT. Nothing is verified: the token is for the server, not for us.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;
#[cfg(feature = "ws")]
use std::time::Duration;
use std::time::SystemTime;

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A token larger than this is not looked into.
const MOST: usize = 64 * 1024;

/// When a JWT was issued, and when it expires, in seconds since 1970. `None` for what is no JWT, or does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Times {
    #[cfg_attr(not(feature = "login"), allow(dead_code))]
    pub(crate) issued: Option<f64>,
    pub(crate) expires: Option<f64>,
}

impl Times {
    pub(crate) fn of(token: &str) -> Self {
        Self::read(token).unwrap_or_default()
    }

    fn read(token: &str) -> Option<Self> {
        let payload = token
            .split('.')
            .nth(1)
            .filter(|payload| payload.len() <= MOST)?;
        let payload = zeroize::Zeroizing::new(URL_SAFE.decode(payload).ok()?);
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        Some(Self {
            issued: claims.get("iat").and_then(Value::as_f64),
            expires: claims.get("exp").and_then(Value::as_f64),
        })
    }

    #[cfg(feature = "login")]
    pub(crate) fn is_expired(self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= seconds(now))
    }

    /// How long it can still be used.
    #[cfg(feature = "ws")]
    pub(crate) fn expires_in(self, now: SystemTime) -> Option<Duration> {
        Duration::try_from_secs_f64(self.expires? - seconds(now)).ok()
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
