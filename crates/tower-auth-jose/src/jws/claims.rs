//! Claims.

use serde_json::{Map, Value};
use std::fmt;

/// What a token claims (RFC 7519 section 4). `Debug` shows the names only.
#[derive(Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// These claims.
    pub fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Any claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `aud`: one text or a list of texts.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        let audience = self.get("aud");
        let several = audience.and_then(Value::as_array).into_iter().flatten();
        let one = audience.filter(|audience| audience.is_string());
        one.into_iter().chain(several).filter_map(Value::as_str)
    }

    /// All of them.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims")
            .field(&self.0.keys().collect::<Vec<_>>())
            .finish()
    }
}
