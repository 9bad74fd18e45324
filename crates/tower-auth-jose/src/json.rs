//! Objects: read so that no name is there twice, written so that the order is ours, wiped afterwards.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{fmt, ops::Deref};
use zeroize::Zeroize as _;

/// An object whose texts are wiped when it is dropped.
pub(crate) struct Object(Map<String, Value>);

impl Object {
    /// Reads an object. `None` for other values, and when a name is there twice: parsers differ in which they take, so
    /// that what one checked the next would not see (RFC 7515 section 4, RFC 7519 section 4).
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The array `keys`, taken out.
    pub(crate) fn into_keys(mut self) -> Option<Vec<Value>> {
        match self.0.remove("keys") {
            Some(Value::Array(keys)) => Some(keys),
            _ => None,
        }
    }

    #[cfg(feature = "crypto")]
    pub(crate) fn into_map(mut self) -> Map<String, Value> {
        std::mem::take(&mut self.0)
    }
}

impl From<Map<String, Value>> for Object {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl Deref for Object {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
                let mut object = Object(Map::new());
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if object.0.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Members of an object that is written in the order in which they were set first.
#[derive(Clone, Default, PartialEq)]
pub struct Members(Vec<(String, Value)>);

impl Members {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a member, in the place of one of the same name. `null` takes it out: neither a header nor a claim is ever
    /// `null`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Those that were taken out too, as nulls.
    #[cfg(feature = "crypto")]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// As JSON, without blanks.
    pub fn to_json(&self) -> String {
        let members: Vec<_> = self
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// Shows the names only.
impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_twice_spoils_an_object() {
        assert!(Object::parse(br#"{"alg":"RS256","a":{"b":1}}"#).is_some());
        for bad in [
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":1,"\u0061lg":2}"#,
            "[]",
            "{} {}",
            "",
        ] {
            assert!(Object::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Object::parse("[".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn members_keep_their_order_and_nulls_are_not_written() {
        let mut members = Members::new();
        members.set("b", 1);
        members.set("a", "\"");
        members.set("c", true);
        members.set("b", 2);
        members.set("c", Value::Null);
        assert_eq!(members.to_json(), r#"{"b":2,"a":"\""}"#);
        assert_eq!(members.get("c"), None);
    }
}
