//! Which tokens are taken.

use super::Claims;
use crate::{
    Algorithm, Jwk, JwkSet, VerifyError, VerifyErrorKind as Kind, base64url, json::Object,
};
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

/// Keys, and the algorithms that tokens may be signed with.
///
/// * The caller lists the algorithms; what the token says only chooses among them. `none` cannot be listed.
/// * A key serves only algorithms of its own type and curve, and only if its `alg`, `use` and `key_ops` allow it.
/// * Of keys with an id those with the token's `kid` are tried, and those without an id; without `kid` in the token, all
///   that fit. At most 8: a token that fits more is refused.
/// * Keys in the token (`jwk`, `jku`, `x5c`, `x5u`) are never used, and nothing is ever fetched.
/// * A `crit` header is refused, since no extension is understood. So is another `typ`, where [`typ`](Self::typ) asks for
///   one.
/// * Tokens larger than 64 KiB are refused unread; base64url has to be without padding, blanks and stray bits.
///
/// ```
/// use tower_auth_jose::{Algorithm, Header, SigningKey, Validation, Verifier};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let token = key.sign_compact(&Header::new(), br#"{"iss":"https://as.example","exp":4102444800}"#)?;
///
/// let verifier = Verifier::new([Algorithm::Es256]).keys(key.public_jwk());
/// let claims = verifier.verify(&token)?.claims()?;
/// Validation::new().issuer("https://as.example").check(&claims)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    algorithms: Vec<Algorithm>,
    keys: Vec<Jwk>,
    typ: Option<String>,
    max_size: usize,
}

/// So many signatures are computed for one token.
const MOST_TRIES: usize = 8;

impl Verifier {
    /// With these algorithms only, and no keys yet.
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self {
            algorithms: algorithms.into_iter().collect(),
            keys: Vec::new(),
            typ: None,
            max_size: 64 * 1024,
        }
    }

    /// With these keys too.
    #[must_use]
    pub fn keys(mut self, keys: impl IntoIterator<Item = Jwk>) -> Self {
        self.keys.extend(keys);
        self
    }

    /// With the keys of this set too.
    #[must_use]
    pub fn key_set(self, set: &JwkSet) -> Self {
        self.keys(set.keys().iter().cloned())
    }

    /// `typ` has to be there and be this, such as `at+jwt` or `logout+jwt`, so that no token of another sort that the same
    /// key signs passes for one (RFC 8725 section 3.11). Not looked at by default. Case makes no difference, and
    /// `application/` may be left out (RFC 7515 section 4.1.9).
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// The largest token that is read, in bytes: 64 KiB by default.
    #[must_use]
    pub fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    /// Verifies the signature. What the token claims is still to be checked: [`Validation`](super::Validation).
    ///
    /// # Errors
    ///
    /// Any kind from [`Malformed`](Kind::Malformed) to [`Signature`](Kind::Signature). For
    /// [`UnknownKey`](Kind::UnknownKey) the key set may be out of date.
    pub fn verify(&self, token: &str) -> Result<Verified, VerifyError> {
        if token.len() > self.max_size {
            return Err(VerifyError::new(
                Kind::TooLarge,
                "it is larger than allowed",
            ));
        }
        let malformed = || VerifyError::new(Kind::Malformed, "it is no JWS in compact form");
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(malformed());
        };
        let input = &token[..header.len() + 1 + payload.len()];
        let header = Object::parse(&base64url::decode(header).ok_or_else(malformed)?);
        let header = header.ok_or_else(malformed)?;
        let payload = Zeroizing::new(base64url::decode(payload).ok_or_else(malformed)?);
        let signature = base64url::decode(signature).ok_or_else(malformed)?;

        let algorithm = header.text("alg").and_then(Algorithm::from_name);
        let Some(algorithm) = algorithm.filter(|named| self.algorithms.contains(named)) else {
            let why = "its `alg` is not one of those that are allowed";
            return Err(VerifyError::new(Kind::Algorithm, why));
        };
        if header.get("crit").is_some() {
            let why = "its `crit` demands an extension that is not understood";
            return Err(VerifyError::new(Kind::Critical, why));
        }
        if let Some(wanted) = &self.typ {
            let found = header.text("typ").map(media_type);
            if !found.is_some_and(|found| found.eq_ignore_ascii_case(media_type(wanted))) {
                let why = "its `typ` is another, or missing";
                return Err(VerifyError::new(Kind::Type, why));
            }
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(key_id)) => Some(key_id.as_str()),
            Some(_) => return Err(malformed()),
        };
        self.try_keys(algorithm, key_id, input.as_bytes(), &signature)?;
        Ok(Verified {
            algorithm,
            header: header.into_map(),
            payload,
        })
    }

    fn try_keys(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        input: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let named =
            |key: &&Jwk| key_id.is_none() || key.key_id().is_none_or(|id| Some(id) == key_id);
        let fitting = self.keys.iter().filter(|key| key.fits(algorithm, "verify"));
        let keys: Vec<_> = fitting
            .filter(named)
            .filter_map(|key| Some((key.key_id(), key.verifying_key(algorithm).ok()?)))
            .take(MOST_TRIES + 1)
            .collect();
        if keys.len() > MOST_TRIES {
            let why = "more than 8 keys could have signed it, and it does not say which";
            return Err(VerifyError::new(Kind::UnknownKey, why));
        }
        let mut refused = VerifyError::new(Kind::UnknownKey, "no key fits its `kid` and `alg`");
        for (id, key) in keys {
            match key.verify(input, signature) {
                Ok(()) => return Ok(()),
                // That a key without a name did not sign it says nothing about the one that it names.
                Err(error) if id == key_id => refused = error,
                Err(error) if key_id.is_none() => refused = error,
                Err(_) => {}
            }
        }
        Err(refused)
    }
}

/// Without `application/`.
fn media_type(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((before, rest)) if before.eq_ignore_ascii_case("application") => rest,
        _ => typ,
    }
}

/// A token whose signature is right. `Debug` shows its algorithm only.
pub struct Verified {
    algorithm: Algorithm,
    header: Map<String, Value>,
    payload: Zeroizing<Vec<u8>>,
}

impl Verified {
    /// What it was signed with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Its payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Its payload as claims.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Kind::Malformed) when it is no JSON object, or has a name twice.
    pub fn claims(&self) -> Result<Claims, VerifyError> {
        let claims = Object::parse(&self.payload).map(Object::into_map);
        let no_object = || VerifyError::new(Kind::Malformed, "its payload is no JSON object");
        Ok(Claims::new(claims.ok_or_else(no_object)?))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
