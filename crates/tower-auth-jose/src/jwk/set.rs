//! Sets of keys (RFC 7517 section 5).

use super::Jwk;
use crate::{Algorithm, KeyError, KeyErrorKind, json::Object};
use serde_json::Value;

/// The keys of a server, as its `jwks_uri` says them.
///
/// ```
/// use tower_auth_jose::{Algorithm, JwkSet};
///
/// let set = JwkSet::parse(r#"{"keys":[
///     {"kty":"new in 2031"},
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
/// ]}"#)?;
/// assert_eq!((set.keys().len(), set.skipped()), (1, 1));
/// assert!(set.find(Some("a"), Algorithm::EdDsa).next().is_some());
/// # Ok::<(), tower_auth_jose::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: usize,
}

impl JwkSet {
    /// Reads a set. A key that cannot be used costs only itself: unknown types are passed over, as section 5 says.
    ///
    /// # Errors
    ///
    /// [`Malformed`](KeyErrorKind::Malformed) when it is no object with an array `keys`.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let no_set = || KeyError::new(KeyErrorKind::Malformed, "set is no JWK set");
        let set: Value = serde_json::from_str(json).map_err(|_| no_set())?;
        let Value::Object(set) = set else {
            return Err(no_set());
        };
        let mut set = Object::from(set).into_keys().ok_or_else(no_set)?;
        let mut read = Self::default();
        for key in set.drain(..) {
            let key = match key {
                Value::Object(key) => Jwk::of_object(&Object::from(key)).ok(),
                _ => None,
            };
            read.skipped += usize::from(key.is_none());
            read.keys.extend(key);
        }
        Ok(read)
    }

    /// The keys that could be read.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// How many could not.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The keys that can verify what this algorithm signed: those of this `kid`, of which there may be several; all that
    /// fit when there is no `kid`.
    pub fn find<'a>(
        &'a self,
        key_id: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |key| {
            key.fits(algorithm, "verify") && (key_id.is_none() || key.key_id() == key_id)
        })
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            skipped: 0,
        }
    }
}
