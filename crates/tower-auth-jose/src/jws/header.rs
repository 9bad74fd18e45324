//! Headers, and signing under them.

use crate::{Jwk, KeyError, KeyErrorKind, Members, SigningKey, base64url};
use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

/// The header of a token to be signed (RFC 7515 section 4.1). `alg` is always the key's; `kid` is the key's unless it is
/// set here.
///
/// ```
/// use tower_auth_jose::{Algorithm, Header, SigningKey};
///
/// // A proof for DPoP (RFC 9449 section 4.2).
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let header = Header::new().typ("dpop+jwt").jwk(&key)?;
/// let proof = key.sign_compact(&header, br#"{"htm":"GET"}"#)?;
/// assert_eq!(proof.split('.').count(), 3);
/// # Ok::<(), tower_auth_jose::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Header(Members);

impl Header {
    /// `alg` and the key's `kid` only.
    pub fn new() -> Self {
        Self::default()
    }

    /// `typ`: what the token is, such as `JWT` or `dpop+jwt`.
    #[must_use]
    pub fn typ(self, typ: &str) -> Self {
        self.set("typ", typ)
    }

    /// `kid`: another than the key's own.
    #[must_use]
    pub fn key_id(self, key_id: &str) -> Self {
        self.set("kid", key_id)
    }

    /// `jwk`: the public half of the signing key, for those who do not know it.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Mismatch`] for a shared secret, which has no public half.
    pub fn jwk(self, key: &SigningKey) -> Result<Self, KeyError> {
        let public = key.public_jwk().as_ref().and_then(Jwk::to_public);
        let secret = || {
            KeyError::new(
                KeyErrorKind::Mismatch,
                "is a shared secret, with no public half",
            )
        };
        Ok(self.set("jwk", public.ok_or_else(secret)?))
    }

    /// `x5c`: certificates in DER, the signing key's own first.
    #[must_use]
    pub fn certificates<'a>(self, chain: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let chain: Vec<Value> = chain
            .into_iter()
            .map(|der| BASE64_STANDARD.encode(der).into())
            .collect();
        self.set("x5c", chain)
    }

    /// `x5t#S256`: the SHA-256 of the signing key's certificate, given in DER.
    #[must_use]
    pub fn certificate_sha256(self, der: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, der);
        self.set("x5t#S256", base64url::encode(hash))
    }

    /// `x5t`: its SHA-1, which Microsoft Entra still asks for. It only names the certificate.
    #[must_use]
    pub fn certificate_sha1(self, der: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
        self.set("x5t", base64url::encode(hash))
    }

    /// Any header, in the place of one of the same name, but for `alg`. `null` takes it out.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        if name != "alg" {
            self.0.set(name, value);
        }
        self
    }

    fn to_json(&self, key: &SigningKey) -> String {
        let mut members = Members::new();
        members.set("alg", key.algorithm().name());
        members.set("typ", Value::Null); // keeps its place
        members.set("kid", key.key_id());
        for (name, value) in self.0.all() {
            members.set(name, value.clone());
        }
        members.to_json()
    }
}

impl SigningKey {
    /// Signs a payload: `header.payload.signature`, each in base64url.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign).
    pub fn sign_compact(&self, header: &Header, payload: &[u8]) -> Result<String, KeyError> {
        let mut token = base64url::encode(header.to_json(self));
        token.push('.');
        token.push_str(&base64url::encode(payload));
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url::encode(signature));
        Ok(token)
    }
}
