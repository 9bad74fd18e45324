//! From JSON.

use super::{
    Jwk, Material, Octets, RsaPrivate,
    public::{MOST_EXPONENT, MOST_MODULUS},
};
use crate::{
    KeyError, KeyErrorKind, algorithm::Curve, base64url, der::without_zeros, json::Object,
};
use serde_json::Value;

impl Jwk {
    /// A key in JSON: `RSA`, `EC` (P-256, P-384, P-521), `OKP` (Ed25519) or `oct`. Other members are passed over.
    ///
    /// # Errors
    ///
    /// [`Malformed`](KeyErrorKind::Malformed) when it is no object, has a name twice, is of another type, one of its
    /// numbers is missing, no base64url without padding, or of the wrong length, or its `alg` or `use` is no text.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let object = Object::parse(json.as_bytes());
        Self::of_object(&object.ok_or_else(|| malformed("is no JSON Web Key"))?)
    }

    pub(crate) fn of_object(object: &Object) -> Result<Self, KeyError> {
        // What cannot be read must not count as absent: that would take a limit off the key.
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(KeyError::new(
                KeyErrorKind::Malformed,
                format!("is a JSON Web Key whose `{name}` is no text"),
            )),
        };
        let operations = object.get("key_ops").map(|operations| {
            let operations = operations.as_array().into_iter().flatten();
            operations
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        });
        Ok(Self {
            material: material(object)?,
            key_id: object.text("kid").map(str::to_owned),
            algorithm: text("alg")?,
            use_for: text("use")?,
            operations,
        })
    }
}

fn malformed(why: &'static str) -> KeyError {
    KeyError::new(KeyErrorKind::Malformed, why)
}

fn material(object: &Object) -> Result<Material, KeyError> {
    let has = |name: &str| object.get(name).is_some();
    let get = |name| octets(object, name);
    match (object.text("kty"), object.text("crv")) {
        (Some("oct"), _) => Ok(Material::Oct { k: get("k")? }),
        (Some("RSA"), _) => {
            let number = |name, most, too_large| -> Result<Vec<u8>, KeyError> {
                let number = without_zeros(&get(name)?).to_vec();
                match number.len() {
                    0 => Err(malformed("is RSA with a number that is zero")),
                    size if size > most => Err(malformed(too_large)),
                    _ => Ok(number),
                }
            };
            let crt = || -> Result<_, KeyError> {
                Ok([get("p")?, get("q")?, get("dp")?, get("dq")?, get("qi")?])
            };
            let private = has("d").then(|| -> Result<_, KeyError> {
                let crt = has("p").then(crt).transpose()?;
                Ok(RsaPrivate { d: get("d")?, crt })
            });
            Ok(Material::Rsa {
                n: number("n", MOST_MODULUS, "is RSA of more than 8192 bits")?,
                e: number(
                    "e",
                    MOST_EXPONENT,
                    "is RSA with an `e` of more than 64 bits",
                )?,
                private: private.transpose()?,
            })
        }
        (Some("EC"), Some(curve)) => {
            let curve = Curve::from_name(curve)
                .ok_or_else(|| malformed("is on a curve that is none of P-256, P-384 and P-521"))?;
            let sized = |name| of_size(get(name)?, curve.size());
            Ok(Material::Ec {
                curve,
                x: sized("x")?.to_vec(),
                y: sized("y")?.to_vec(),
                d: has("d").then(|| sized("d")).transpose()?,
            })
        }
        (Some("EC"), None) => Err(malformed("is a JSON Web Key without a usable `crv`")),
        (Some("OKP"), Some("Ed25519")) => {
            let sized = |name| of_size(get(name)?, 32);
            Ok(Material::Ed25519 {
                x: sized("x")?.to_vec(),
                d: has("d").then(|| sized("d")).transpose()?,
            })
        }
        _ => Err(malformed(
            "has a `kty` that is none of RSA, EC, OKP (Ed25519) and oct",
        )),
    }
}

/// RFC 7518 section 6.2.1.2: the full size, leading zeros and all.
fn of_size(octets: Octets, size: usize) -> Result<Octets, KeyError> {
    if octets.len() == size {
        Ok(octets)
    } else {
        Err(malformed(
            "has a coordinate that is not as long as its curve says",
        ))
    }
}

fn octets(object: &Object, name: &str) -> Result<Octets, KeyError> {
    let octets = object.text(name).and_then(base64url::decode);
    octets.map(Octets::new).ok_or_else(|| {
        KeyError::new(
            KeyErrorKind::Malformed,
            format!("is a JSON Web Key without a usable `{name}`"),
        )
    })
}
