//! Whose signature it is: an access key.

use http::HeaderValue;
use std::{fmt, sync::Arc, time::SystemTime};
use tower_auth_core::{AuthError, Secret, sensitive_header};

/// An AWS access key: what a signature is made with.
///
/// Cloning shares the parts and does not copy them. `Debug` shows the access key ID, which travels in the clear with
/// every request, and neither the secret nor the session token.
///
/// ```
/// use tower_auth_aws::Credentials;
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
/// assert_eq!(credentials.access_key_id(), "AKIDEXAMPLE");
/// assert!(!format!("{credentials:?}").contains("wJalr"));
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    access_key_id: Box<str>,
    secret_access_key: Secret,
    session_token: Option<HeaderValue>, // sensitive
    expires_at: Option<SystemTime>,
}

impl Credentials {
    /// A long-lived key pair: no session token, no expiry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when either part is empty or has a control
    /// character, or the access key ID has a blank, a comma, or anything but ASCII: it is a part of a header.
    pub fn new(
        access_key_id: impl AsRef<str>,
        secret_access_key: impl Into<Secret>,
    ) -> Result<Self, AuthError> {
        let access_key_id = access_key_id.as_ref();
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if access_key_id.is_empty() {
            return Err(AuthError::configuration("access key ID", "is empty"));
        }
        if !access_key_id.bytes().all(allowed) {
            return Err(AuthError::configuration(
                "access key ID",
                "has a character that access key IDs do not have; was it read from a file with its line end?",
            ));
        }
        let secret_access_key = secret_access_key.into();
        if secret_access_key.is_empty() {
            return Err(AuthError::configuration("secret access key", "is empty"));
        }
        if secret_access_key
            .expose()
            .bytes()
            .any(|b| b.is_ascii_control())
        {
            return Err(AuthError::configuration(
                "secret access key",
                "has a control character; was it read from a file with its line end?",
            ));
        }
        Ok(Self(Arc::new(Inner {
            access_key_id: access_key_id.into(),
            secret_access_key,
            session_token: None,
            expires_at: None,
        })))
    }

    /// The same key with the session token that belongs to it: temporary credentials always have one. It is sent, and
    /// signed, as `x-amz-security-token`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the token is empty or cannot be the
    /// value of a header.
    pub fn with_session_token(self, token: impl Into<Secret>) -> Result<Self, AuthError> {
        let token: Secret = token.into();
        if !token.expose().is_ascii() {
            return Err(AuthError::configuration("session token", "is not ASCII"));
        }
        let value = token.expose().as_bytes().to_vec();
        let value = sensitive_header("session token", value)?;
        Ok(self.change(|inner| inner.session_token = Some(value)))
    }

    /// The same key with the time at which it stops being valid.
    #[must_use]
    pub fn with_expires_at(self, expires_at: SystemTime) -> Self {
        self.change(|inner| inner.expires_at = Some(expires_at))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The access key ID: not a secret.
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// The secret access key, with which signatures are made and which is never sent.
    pub fn secret_access_key(&self) -> &Secret {
        &self.0.secret_access_key
    }

    /// The session token, as the (sensitive) header value that it is sent as.
    pub fn session_token(&self) -> Option<&HeaderValue> {
        self.0.session_token.as_ref()
    }

    /// When they stop being valid, if they do.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// Whether both make the same signatures.
    pub(crate) fn same_key(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.access_key_id == other.0.access_key_id
                && self.0.secret_access_key.expose() == other.0.secret_access_key.expose())
    }
}

/// Equal when every part is.
impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.same_key(other)
                && self.0.session_token == other.0.session_token
                && self.0.expires_at == other.0.expires_at)
    }
}

impl Eq for Credentials {}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.0.access_key_id)
            .field("secret_access_key", &self.0.secret_access_key)
            .field("session_token", &self.0.session_token)
            .field("expires_at", &self.0.expires_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_prints_nothing_but_its_id() {
        let key = Credentials::new("AKIDEXAMPLE", "hunter2")
            .unwrap()
            .with_session_token("correct-horse")
            .unwrap();
        let text = format!("{key:?}");
        assert!(text.contains("AKIDEXAMPLE"));
        assert!(
            !text.contains("hunter2") && !text.contains("horse"),
            "{text}"
        );
        assert_eq!(key.session_token().unwrap(), "correct-horse");
        assert!(key.session_token().unwrap().is_sensitive());
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_by_name() {
        for (id, secret, parameter) in [
            ("", "s", "access key ID"),
            ("AKID\n", "s", "access key ID"),
            ("AKID, SignedHeaders=host", "s", "access key ID"),
            ("AKID", "", "secret access key"),
            ("AKID", "hunter2\n", "secret access key"),
        ] {
            let error = Credentials::new(id, secret).unwrap_err();
            assert_eq!(error.parameter(), Some(parameter));
            assert!(!error.to_string().contains("hunter"));
        }
        let key = Credentials::new("AKID", "s").unwrap();
        for token in ["", "a\nb", "é"] {
            let error = key.clone().with_session_token(token).unwrap_err();
            assert_eq!(error.parameter(), Some("session token"));
        }
    }
}
