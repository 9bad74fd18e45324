//! The algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864).

use std::{fmt, str::FromStr};
use tower_auth_core::AuthError;

/// How something is signed (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
///
/// `none` is not one of them, so that it can be neither asked for nor allowed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519, under the name that most servers know, `EdDSA`.
    EdDsa,
    /// Ed25519, under the name of RFC 9864, `Ed25519`.
    Ed25519,
}

impl Algorithm {
    /// Its name in the `alg` header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The algorithm of this name. `none` is not one.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Hs256,
            Self::Hs384,
            Self::Hs512,
            Self::Rs256,
            Self::Rs384,
            Self::Rs512,
            Self::Ps256,
            Self::Ps384,
            Self::Ps512,
            Self::Es256,
            Self::Es384,
            Self::Es512,
            Self::EdDsa,
            Self::Ed25519,
        ]
        .into_iter()
        .find(|algorithm| algorithm.name() == name)
    }

    /// Which keys it takes.
    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Hs256 => Family::Secret { least: 32 },
            Self::Hs384 => Family::Secret { least: 48 },
            Self::Hs512 => Family::Secret { least: 64 },
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                Family::Rsa
            }
            Self::Es256 => Family::Curve(Curve::P256),
            Self::Es384 => Family::Curve(Curve::P384),
            Self::Es512 => Family::Curve(Curve::P521),
            Self::EdDsa | Self::Ed25519 => Family::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As [`from_name`](Algorithm::from_name), for configuration files.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `algorithm`.
impl FromStr for Algorithm {
    type Err = AuthError;

    fn from_str(name: &str) -> Result<Self, AuthError> {
        Self::from_name(name).ok_or_else(|| {
            AuthError::configuration(
                "algorithm",
                "is no signature algorithm that is known here (HS, RS, PS and ES with 256, 384 or 512, EdDSA, Ed25519); \
                 `none` is not one",
            )
        })
    }
}

/// The keys of an algorithm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
    /// At least so many bytes (RFC 7518 section 3.2).
    Secret {
        #[cfg_attr(not(feature = "crypto"), allow(dead_code))]
        least: usize,
    },
    Rsa,
    Curve(Curve),
    Ed25519,
}

/// A curve of NIST's (RFC 7518 section 6.2.1.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Of a coordinate, in bytes.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Of its object identifier (RFC 5480 section 2.1.1.1), as DER content.
    pub(crate) fn from_object_id(id: &[u8]) -> Option<Self> {
        match id {
            b"\x2a\x86\x48\xce\x3d\x03\x01\x07" => Some(Self::P256),
            b"\x2b\x81\x04\x00\x22" => Some(Self::P384),
            b"\x2b\x81\x04\x00\x23" => Some(Self::P521),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_read_by_its_name_and_none_is_not_one() {
        assert_eq!("PS384".parse::<Algorithm>().unwrap(), Algorithm::Ps384);
        for name in ["none", "rs256", ""] {
            let error = name.parse::<Algorithm>().unwrap_err();
            assert_eq!(error.parameter(), Some("algorithm"));
        }
    }
}
