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
            KeyErrorKind::Failed => {
                AuthError::new(ErrorKind::Credentials, format!("the key {}", self.why))
            }
            _ => AuthError::configuration(parameter, self.why),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {}", self.why)
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
        write!(f, "the token is refused: {}", self.why)
    }
}

impl std::error::Error for VerifyError {}

/// [`ErrorKind::Credentials`]: whoever sent the token did not give usable credentials.
impl From<VerifyError> for AuthError {
    fn from(error: VerifyError) -> Self {
        Self::new(ErrorKind::Credentials, error.to_string())
    }
}
