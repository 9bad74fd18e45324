//! What is wrong with a key, and what is wrong with a token.

use std::{borrow::Cow, fmt};
use tower_auth_core::{AuthError, ErrorKind};

/// Why a key cannot be read or used. Never shows anything of the key.
///
/// Becomes an [`AuthError`] with `?`, naming the parameter `key`; [`for_parameter`](Self::for_parameter) names another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyError {
    kind: KeyErrorKind,
    why: Cow<'static, str>,
}

/// What kind of [`KeyError`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// There is no key of the wanted sort in it: a certificate where a private key is needed, or nothing at all.
    Missing,
    /// It is encrypted.
    Encrypted,
    /// Its line ends were escaped twice.
    EscapedTwice,
    /// It is damaged, or in a form that is not read.
    Malformed,
    /// It is a key, but not one for this algorithm or this use.
    Mismatch,
    /// It is shorter than the algorithm needs (RFC 7518 sections 3.2 and 3.3).
    TooShort,
    /// The machine could not sign with it or make it.
    Failed,
}

impl KeyError {
    pub(crate) fn new(kind: KeyErrorKind, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            why: why.into(),
        }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }

    /// The same as the [`AuthError`] of a scheme whose parameter has this name.
    pub fn for_parameter(self, parameter: &'static str) -> AuthError {
        match self.kind {
            KeyErrorKind::Failed => AuthError::new(ErrorKind::Credentials, self.to_string()),
            _ => AuthError::configuration(parameter, format!("{}{}", self.why, self.remedy())),
        }
    }

    /// What to do, where the cause does not say it.
    fn remedy(&self) -> &'static str {
        match self.kind {
            KeyErrorKind::Missing | KeyErrorKind::Encrypted | KeyErrorKind::EscapedTwice => "",
            KeyErrorKind::Malformed => "; export it anew",
            KeyErrorKind::Mismatch => "; bring one that is made for this",
            KeyErrorKind::TooShort => "; make a longer one",
            KeyErrorKind::Failed => "; try again, or bring another",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {}{}", self.why, self.remedy())
    }
}

impl std::error::Error for KeyError {}

impl From<KeyError> for AuthError {
    fn from(error: KeyError) -> Self {
        error.for_parameter("key")
    }
}

/// Why a token is refused. Never shows anything of the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    why: &'static str,
}

/// What kind of [`VerifyError`] this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// It is no JWS in compact form, or its header or claims are no JSON object.
    Malformed,
    /// It is larger than allowed.
    TooLarge,
    /// Its `alg` is not in the list of those that are allowed.
    Algorithm,
    /// Its `crit` demands an extension; none is understood.
    Critical,
    /// Its `typ` is not the one that is wanted.
    Type,
    /// No key fits: another `kid`, another kind of key. Fetch the key set again, not more than once in a while.
    UnknownKey,
    /// The signature is not that of any key that fits.
    Signature,
    /// A claim that is needed is missing or of the wrong type.
    Claim,
    /// Another issuer.
    Issuer,
    /// For somebody else.
    Audience,
    /// It has expired, or is older than allowed.
    Expired,
    /// It is not valid yet, or was issued in the future.
    NotYetValid,
}

impl VerifyError {
    #[cfg(feature = "crypto")]
    pub(crate) const fn new(kind: VerifyErrorKind, why: &'static str) -> Self {
        Self { kind, why }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self.kind {
            VerifyErrorKind::Malformed => "is it a signed token?",
            VerifyErrorKind::TooLarge => "raise the limit, or have its issuer put less into it",
            VerifyErrorKind::Algorithm => {
                "allow the algorithm, if it is the one that its issuer uses"
            }
            VerifyErrorKind::Critical => "have its issuer leave that out",
            VerifyErrorKind::Type => "is it the right one of the tokens that its issuer makes?",
            VerifyErrorKind::UnknownKey => "fetch the key set again, now and then",
            VerifyErrorKind::Signature => "is this the key set of its issuer?",
            VerifyErrorKind::Claim => "have its issuer add that, or demand less",
            VerifyErrorKind::Issuer | VerifyErrorKind::Audience => "is the right one expected?",
            VerifyErrorKind::Expired => "get another; are both clocks right?",
            VerifyErrorKind::NotYetValid => "are both clocks right?",
        };
        write!(f, "the token is refused: {}; {remedy}", self.why)
    }
}

impl std::error::Error for VerifyError {}

/// [`ErrorKind::Credentials`]: whoever sent the token did not give usable credentials.
impl From<VerifyError> for AuthError {
    fn from(error: VerifyError) -> Self {
        Self::new(ErrorKind::Credentials, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line that names the cause and the remedy, and does not only repeat what is behind it.
    fn check(error: &dyn std::error::Error, remedy: &str) {
        let text = error.to_string();
        assert!(
            !text.contains(char::is_control) && !text.ends_with('.'),
            "{text}"
        );
        assert!(!remedy.is_empty() && text.contains(remedy), "{text}");
        let source = error.source().map(ToString::to_string);
        assert_ne!(source.as_ref(), Some(&text));
    }

    #[test]
    fn every_error_is_one_line_with_the_cause_and_the_remedy() {
        use KeyErrorKind as Key;
        use VerifyErrorKind as Verify;
        // As they are made, each kind once.
        for (kind, why, remedy) in [
            (
                Key::Missing,
                "is no private key in PEM: there is no line `-----BEGIN`",
                "there is no line",
            ),
            (
                Key::Encrypted,
                "is encrypted; decrypt it first",
                "decrypt it",
            ),
            (
                Key::EscapedTwice,
                "has line ends that were escaped twice; unescape it once",
                "unescape",
            ),
            (Key::Malformed, "is damaged or cut off", "export it anew"),
            (Key::Mismatch, "is not one for RS256", "bring one"),
            (
                Key::TooShort,
                "is too short: 32 bytes or more",
                "make a longer one",
            ),
            (Key::Failed, "cannot sign", "bring another"),
        ] {
            let error = KeyError::new(kind, why);
            check(&error, remedy);
            check(&AuthError::from(error), remedy);
        }
        for (kind, remedy) in [
            (Verify::Malformed, "signed token?"),
            (Verify::TooLarge, "raise the limit"),
            (Verify::Algorithm, "allow the algorithm"),
            (Verify::Critical, "leave that out"),
            (Verify::Type, "the right one"),
            (Verify::UnknownKey, "fetch the key set"),
            (Verify::Signature, "the key set of its issuer"),
            (Verify::Claim, "demand less"),
            (Verify::Issuer, "the right one"),
            (Verify::Audience, "the right one"),
            (Verify::Expired, "get another"),
            (Verify::NotYetValid, "clocks"),
        ] {
            let error = VerifyError { kind, why: "why" };
            check(&error, remedy);
            check(&AuthError::from(error), remedy);
        }
    }
}
