//! What the person is shown.

use crate::{error::TokenError, response::lifetime};
use http::StatusCode;
use serde_json::{Map, Value};
use std::{fmt, time::Duration};
use tower_auth_core::Secret;

/// What a person needs to let a device in (RFC 8628 section 3.2).
///
/// `Debug` shows no code.
#[derive(Clone)]
pub struct DeviceCode {
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Duration,
    interval: Option<Duration>,
}

impl DeviceCode {
    /// Reads an answer; the second part is for polling only.
    pub(super) fn read(mut fields: Map<String, Value>) -> Result<(Self, Secret), TokenError> {
        let malformed = |why| TokenError::Malformed {
            status: StatusCode::OK,
            why,
        };
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let device_code = text("device_code").ok_or_else(|| malformed("no `device_code`"))?;
        let code = Self {
            user_code: text("user_code").ok_or_else(|| malformed("no `user_code`"))?,
            // Google says `verification_url`.
            verification_uri: text("verification_uri")
                .or_else(|| text("verification_url"))
                .ok_or_else(|| malformed("no `verification_uri`"))?,
            verification_uri_complete: text("verification_uri_complete"),
            // Required; those who leave it out keep to what is usual.
            expires_in: fields
                .get("expires_in")
                .and_then(lifetime::parse)
                .unwrap_or(Duration::from_secs(600)),
            interval: fields.get("interval").and_then(lifetime::parse),
        };
        Ok((code, device_code.into()))
    }

    /// The code that the person enters.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the person enters it.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same with the code in it, when the server offers that.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// What a QR code should hold: the complete URI where there is one, else the plain one (section 3.3.1). The code is
    /// to be shown beside it all the same, so that the person can compare.
    pub fn qr_text(&self) -> &str {
        self.verification_uri_complete()
            .unwrap_or(&self.verification_uri)
    }

    /// How long there is to enter it.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// How often the server wants to be asked; every 5 s when it does not say.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
