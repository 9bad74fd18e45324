//! What the person is shown.

use crate::{
    error::{TokenError, What},
    fields::Fields,
    response::{LONGEST_TOKEN, lifetime},
};
use http::StatusCode;
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
    pub(super) fn read(mut fields: Fields) -> Result<(Self, Secret), TokenError> {
        let malformed = |why| {
            TokenError::from(What::Malformed {
                status: StatusCode::OK,
                why,
            })
        };
        let device_code = fields
            .take_text("device_code")
            .filter(|code| code.len() <= LONGEST_TOKEN)
            .ok_or_else(|| malformed("no `device_code` that can be sent"))?;
        let user_code = fields
            .take_text("user_code")
            .filter(|code| !code.chars().any(char::is_control))
            .ok_or_else(|| malformed("no `user_code` that can be shown"))?;
        // Google says `verification_url`.
        let verification_uri = fields
            .take_text("verification_uri")
            .or_else(|| fields.take_text("verification_url"))
            .filter(|uri| is_page(uri))
            .ok_or_else(|| malformed("no `verification_uri` that is a page"))?;
        let code = Self {
            user_code,
            verification_uri,
            verification_uri_complete: fields
                .take_text("verification_uri_complete")
                .filter(|uri| is_page(uri)),
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

/// Whether it is a page of the web: programs hand this to whatever opens URIs, where a file or a command would be run.
fn is_page(uri: &str) -> bool {
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    }) && !uri.chars().any(|c| c.is_control() || c == ' ')
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenErrorKind;
    use serde_json::{Value, json};

    fn read(body: Value) -> Result<DeviceCode, TokenError> {
        let Value::Object(fields) = body else {
            panic!("an object")
        };
        DeviceCode::read(fields.into()).map(|(code, _)| code)
    }

    #[test]
    fn a_code_that_cannot_be_shown_and_a_page_that_is_none_are_refused() {
        let good = json!({"device_code": "d", "user_code": "u", "verification_url": "https://g.co/device"});
        assert_eq!(
            read(good.clone()).unwrap().verification_uri(),
            "https://g.co/device"
        );
        for (name, bad) in [
            ("device_code", json!(null)),
            ("user_code", json!("")),
            ("user_code", json!("\u{1b}[2J")),
            ("verification_url", json!("file:///bin/sh")),
            ("verification_url", json!("javascript:alert(1)")),
            ("verification_url", json!("https://a b")),
        ] {
            let mut body = good.clone();
            body[name] = bad;
            assert!(
                matches!(read(body.clone()), Err(error) if error.kind() == TokenErrorKind::Malformed),
                "{body}"
            );
        }
        let mut body = good;
        body["verification_uri_complete"] = json!("file:///bin/sh");
        let code = read(body).unwrap();
        assert_eq!(code.verification_uri_complete(), None);
        assert_eq!(code.qr_text(), "https://g.co/device");
    }
}
