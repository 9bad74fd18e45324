//! To JSON, and the thumbprint (RFC 7638).

use super::{Jwk, Material};
use crate::{Members, base64url};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

impl Jwk {
    /// The thumbprint: SHA-256 over the members that make the key, in base64url (RFC 7638, RFC 8037 section 2). It is
    /// the `jkt` of DPoP (RFC 9449 section 6.1) and a good `kid`. A key and its public half have the same.
    pub fn thumbprint(&self) -> String {
        let text = |bytes: &[u8]| Zeroizing::new(base64url::encode(bytes));
        // The names in the order of their code points, no blanks.
        let json = Zeroizing::new(match &self.material {
            Material::Oct { k } => format!(r#"{{"k":"{}","kty":"oct"}}"#, *text(k)),
            Material::Rsa { n, e, .. } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, *text(e), *text(n))
            }
            Material::Ec { curve, x, y, .. } => format!(
                r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
                curve.name(),
                *text(x),
                *text(y)
            ),
            Material::Ed25519 { x, .. } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, *text(x))
            }
        });
        base64url::encode(Sha256::digest(json.as_bytes()))
    }

    /// Its public members: `kty`, `crv`, `x`, `y`, `n`, `e`, then `kid`, `alg` and `use` when it has them. `None` for a
    /// shared secret. Nothing private is ever in it.
    pub fn to_public(&self) -> Option<Value> {
        let mut members = serde_json::Map::new();
        for (name, value) in self.public_members()?.iter() {
            members.insert(name.to_owned(), value.clone());
        }
        Some(Value::Object(members))
    }

    fn public_members(&self) -> Option<Members> {
        let mut members = Members::new();
        match &self.material {
            Material::Oct { .. } => return None,
            Material::Rsa { n, e, .. } => {
                members.set("kty", "RSA");
                members.set("n", base64url::encode(n));
                members.set("e", base64url::encode(e));
            }
            Material::Ec { curve, x, y, .. } => {
                members.set("kty", "EC");
                members.set("crv", curve.name());
                members.set("x", base64url::encode(x));
                members.set("y", base64url::encode(y));
            }
            Material::Ed25519 { x, .. } => {
                members.set("kty", "OKP");
                members.set("crv", "Ed25519");
                members.set("x", base64url::encode(x));
            }
        }
        self.describe(&mut members);
        Some(members)
    }

    fn describe(&self, members: &mut Members) {
        let texts = [
            ("kid", &self.key_id),
            ("alg", &self.algorithm),
            ("use", &self.use_for),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                members.set(name, value.as_str());
            }
        }
    }

    /// The whole key in JSON, private members and all, for a store. [`parse`](Self::parse) reads it back.
    pub fn to_private_json(&self) -> Secret {
        let mut members = Members::new();
        let private: Vec<(&str, &[u8])> = match &self.material {
            Material::Oct { k } => {
                members.set("kty", "oct");
                self.describe(&mut members);
                vec![("k", k)]
            }
            Material::Rsa { private, .. } => private
                .iter()
                .flat_map(|private| {
                    let names = ["p", "q", "dp", "dq", "qi"];
                    let crt = private.crt.iter().flatten().map(|number| &number[..]);
                    std::iter::once(("d", &private.d[..])).chain(names.into_iter().zip(crt))
                })
                .collect(),
            Material::Ec { d, .. } | Material::Ed25519 { d, .. } => {
                d.iter().map(|d| ("d", &d[..])).collect()
            }
        };
        let mut public = self.public_members().unwrap_or(members);
        if let Some(operations) = &self.operations {
            public.set("key_ops", operations.clone());
        }
        let public = public.to_json();
        let size: usize = private.iter().map(|(_, bytes)| 16 + 2 * bytes.len()).sum();
        // Large enough from the start: a text that grows leaves its bytes behind.
        let mut json = String::with_capacity(public.len() + size);
        json.push_str(public.trim_end_matches('}'));
        for (name, bytes) in private {
            let text = Zeroizing::new(base64url::encode(bytes));
            for part in [",\"", name, "\":\"", &text, "\""] {
                json.push_str(part);
            }
        }
        json.push('}');
        Secret::from(json)
    }
}
