//! Secrets in memory: redacted when printed, wiped when dropped.

use crate::AuthError;
use bytes::Bytes;
use http::HeaderValue;
use std::{borrow::Cow, fmt};
use zeroize::Zeroizing;

/// A secret text: `Debug` shows `[redacted]`, and the memory is wiped when the last clone is dropped.
///
/// Cloning shares the text and does not copy it.
///
/// ```
/// use tower_auth_core::Secret;
///
/// let password = Secret::from("correct horse");
/// assert_eq!(format!("{password:?}"), "[redacted]");
/// assert_eq!(password.expose(), "correct horse");
/// ```
#[derive(Clone)]
pub struct Secret(std::sync::Arc<Zeroizing<String>>);

impl Secret {
    /// A secret of this text; [`From`] makes the same.
    pub fn new(text: impl Into<Self>) -> Self {
        text.into()
    }

    /// The text itself. Keep the borrow short, and never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&&str> for Secret {
    fn from(text: &&str) -> Self {
        Self::from(*text)
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Secret {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(text.into_owned())
    }
}

/// Takes the text over: it is wiped when the secret is dropped.
impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(std::sync::Arc::new(Zeroizing::new(text)))
    }
}

impl From<&Self> for Secret {
    fn from(secret: &Self) -> Self {
        secret.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Makes a header value of secret bytes: marked sensitive, so that `Debug` hides it and HPACK does not index it; its
/// memory is wiped when the last clone is dropped; cloning it never allocates. The bytes are taken over, and wiped too
/// when they are refused.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) naming `parameter` when the value is empty, has a
/// control character, or begins or ends with a blank (which the receiver would strip: RFC 9110 section 5.5).
pub fn sensitive_header(parameter: &'static str, value: Vec<u8>) -> Result<HeaderValue, AuthError> {
    let value = Zeroizing::new(value);
    check_header_text(parameter, &value)?;
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(value))
        .map_err(|_| AuthError::configuration(parameter, "is not a header value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What every secret that goes into a header has to satisfy.
pub(crate) fn check_header_text(parameter: &'static str, value: &[u8]) -> Result<(), AuthError> {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' '));
    if value.is_empty() {
        Err(AuthError::configuration(parameter, "is empty"))
    } else if has_control(value) {
        Err(AuthError::configuration(
            parameter,
            "has a control character; was it read from a file with its line end?",
        ))
    } else if blank(value.first()) || blank(value.last()) {
        Err(AuthError::configuration(
            parameter,
            "begins or ends with a blank, which the receiver would strip; trim it",
        ))
    } else {
        Ok(())
    }
}

pub(crate) fn has_control(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> Result<HeaderValue, AuthError> {
        sensitive_header("key", value.as_bytes().to_vec())
    }

    #[test]
    fn a_secret_header_is_sensitive_and_may_be_utf8() {
        let value = header("clé").unwrap();
        assert!(value.is_sensitive());
        assert_eq!(value.as_bytes(), "clé".as_bytes());
        assert_eq!(format!("{value:?}"), "Sensitive");
    }

    #[test]
    fn an_unusable_secret_is_refused_without_being_shown() {
        for bad in [
            "",
            "hunter2\n",
            "hunter2\r\nx: y",
            "hunter\t2",
            "hunter\u{7f}2",
            " hunter2",
            "hunter2 ",
        ] {
            let error = header(bad).unwrap_err();
            assert_eq!(error.parameter(), Some("key"), "{bad:?}");
            assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_constructor_takes_a_text_however_it_is_held() {
        use crate::{Basic, Bearer, HeaderApiKey, QueryApiKey, SetOrigin};
        let (text, owned) = ("text", "text".to_owned());
        let secrets: [Secret; 7] = [
            Secret::new(text),
            (&text).into(),
            owned.clone().into(),
            (&owned).into(),
            Cow::Borrowed(text).into(),
            (&Secret::new(text)).into(),
            Secret::new(Secret::new(text)),
        ];
        for secret in secrets {
            assert_eq!(secret.expose(), text);
            assert!(Basic::new(&owned, &secret).is_ok());
            assert!(Basic::new(owned.clone(), owned.clone()).is_ok());
            assert!(Basic::for_client(text, &secret).is_ok());
            assert!(HeaderApiKey::new(&secret).is_ok());
            assert!(
                QueryApiKey::new(&secret)
                    .unwrap()
                    .in_parameter(&owned)
                    .is_ok()
            );
            assert!(Bearer::in_header(&secret, "x-token", String::from("{token}")).is_ok());
            assert!(Bearer::new(secret).is_ok());
        }
        assert!(SetOrigin::new(String::from("https://a.example")).is_ok());
    }
}
