//! Private keys as JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use super::{der, key::invalid};
use crate::fields::Fields;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use tower_auth_core::AuthError;
use zeroize::Zeroizing;

type Octets = Zeroizing<Vec<u8>>;

pub(super) enum Jwk {
    Oct {
        kid: Option<String>,
        k: Octets,
    },
    Rsa {
        kid: Option<String>,
        pkcs1: Octets,
    },
    Ec {
        kid: Option<String>,
        d: Octets,
        point: Vec<u8>,
    },
    Okp {
        kid: Option<String>,
        d: Octets,
        x: Vec<u8>,
    },
}

impl Jwk {
    pub(super) fn parse(text: &str) -> Result<Self, AuthError> {
        let Some(fields) = Fields::parse(text) else {
            return Err(invalid("is no JSON Web Key"));
        };
        let get = |name: &str| octets(&fields, name);
        let kid = fields.get("kid").and_then(Value::as_str).map(str::to_owned);
        match fields.get("kty").and_then(Value::as_str) {
            Some("oct") => Ok(Self::Oct { kid, k: get("k")? }),
            Some("RSA") => {
                let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
                let mut numbers: [Octets; 8] = Default::default();
                for (number, name) in numbers.iter_mut().zip(names) {
                    *number = get(name)?;
                }
                let pkcs1 = der::rsa_private_key(&numbers);
                Ok(Self::Rsa { kid, pkcs1 })
            }
            Some("EC") => {
                let (x, y) = (get("x")?, get("y")?);
                let point = [&[4][..], &x[..], &y[..]].concat(); // SEC 1 section 2.3.3, uncompressed
                Ok(Self::Ec {
                    kid,
                    d: get("d")?,
                    point,
                })
            }
            Some("OKP") if fields.get("crv").and_then(Value::as_str) == Some("Ed25519") => {
                Ok(Self::Okp {
                    kid,
                    d: get("d")?,
                    x: get("x")?.to_vec(),
                })
            }
            _ => Err(invalid(
                "has a `kty` that is none of RSA, EC, OKP (Ed25519) and oct",
            )),
        }
    }

    pub(super) fn key_id(&self) -> Option<String> {
        match self {
            Self::Oct { kid, .. }
            | Self::Rsa { kid, .. }
            | Self::Ec { kid, .. }
            | Self::Okp { kid, .. } => kid.clone(),
        }
    }
}

fn octets(fields: &Fields, name: &str) -> Result<Octets, AuthError> {
    let text = fields.get(name).and_then(Value::as_str);
    let missing = || {
        AuthError::configuration(
            "key",
            format!("is a JSON Web Key without a usable `{name}`; a public key cannot sign"),
        )
    };
    let octets = text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    octets.map(Zeroizing::new).ok_or_else(missing)
}
