//! The errors of a GraphQL response.

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// One element of `errors` (GraphQL specification, section 7.1.2).
///
/// Servers do not always keep to the specification: members that it does not know are kept in [`other`](Self::other)
/// (CollectiveAccess puts `expiredToken` there), and an error that is a plain string becomes the message.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct GraphQlError {
    /// What the server says. Empty when it says nothing.
    pub message: String,
    /// Where in the document.
    pub locations: Vec<Location>,
    /// Which field of the response, from the root: names of fields, and indices of lists.
    pub path: Vec<Value>,
    /// What the server adds, such as `code`.
    pub extensions: Map<String, Value>,
    /// Members that the specification does not know.
    pub other: Map<String, Value>,
}

/// A place in a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Location {
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
}

impl GraphQlError {
    /// The `code` of the extensions, such as `UNAUTHENTICATED`.
    pub fn code(&self) -> Option<&str> {
        self.extensions.get("code")?.as_str()
    }

    pub(crate) fn from_message(message: String) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }

    fn from_members(members: Map<String, Value>) -> Self {
        let mut error = Self::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("message", Value::String(message)) => error.message = message,
                ("path", Value::Array(path)) => error.path = path,
                ("extensions", Value::Object(extensions)) => error.extensions = extensions,
                ("locations", Value::Array(locations)) => {
                    error.locations = locations.iter().filter_map(Location::read).collect();
                }
                ("path" | "extensions" | "locations", Value::Null) => {}
                (_, value) => {
                    error.other.insert(name, value);
                }
            }
        }
        error
    }
}

impl Location {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            line: value.get("line")?.as_u64()?,
            column: value.get("column")?.as_u64()?,
        })
    }
}

impl<'de> Deserialize<'de> for GraphQlError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(members) => Ok(Self::from_members(members)),
            Value::String(message) => Ok(Self::from_message(message)),
            _ => Err(D::Error::custom(
                "an error is neither an object nor a string",
            )),
        }
    }
}

impl fmt::Display for GraphQlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GraphQlError {}

/// The most errors that are kept of a response: each takes far more room in memory than on the wire.
pub(crate) const MOST_ERRORS: usize = 10_000;

/// The `errors` of a response, in all the shapes that servers give them.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    pub(crate) list: Vec<GraphQlError>,
    /// They are as the specification wants them.
    pub(crate) proper: bool,
    /// There are more of them than are kept.
    pub(crate) too_many: bool,
}

impl<'de> Deserialize<'de> for Errors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyShape;

        impl<'de> Visitor<'de> for AnyShape {
            type Value = Errors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of errors")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Errors, A::Error> {
                let mut errors = Errors::default();
                let mut proper = true;
                while errors.list.len() < MOST_ERRORS {
                    let Some(value) = seq.next_element::<Value>()? else {
                        errors.proper = proper && !errors.list.is_empty();
                        return Ok(errors);
                    };
                    proper &= value.get("message").is_some_and(Value::is_string);
                    let error = GraphQlError::deserialize(value).map_err(A::Error::custom)?;
                    errors.list.push(error);
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    errors.too_many = true;
                }
                errors.proper = proper;
                Ok(errors)
            }

            /// Some services answer with a map of field to message.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Errors, A::Error> {
                let mut errors = Errors::default();
                while errors.list.len() < MOST_ERRORS {
                    let Some((name, value)) = map.next_entry::<String, Value>()? else {
                        return Ok(errors);
                    };
                    let message = match value {
                        Value::String(text) => format!("{name}: {text}"),
                        value => format!("{name}: {value}"),
                    };
                    errors.list.push(GraphQlError::from_message(message));
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    errors.too_many = true;
                }
                Ok(errors)
            }

            /// And some with a text alone.
            fn visit_str<E>(self, text: &str) -> Result<Errors, E> {
                Ok(Errors {
                    list: vec![GraphQlError::from_message(text.to_owned())],
                    ..Errors::default()
                })
            }

            fn visit_unit<E>(self) -> Result<Errors, E> {
                Ok(Errors::default())
            }
        }

        deserializer.deserialize_any(AnyShape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(json: &str) -> Option<(Vec<GraphQlError>, bool)> {
        let errors: Errors = serde_json::from_str(json).ok()?;
        Some((errors.list, errors.proper))
    }

    #[test]
    fn unknown_members_of_an_error_are_kept() {
        let json = r#"[{"message":"Internal server error","locations":[{"line":1,"column":3},{}],
            "path":["get",0],"expiredToken":true,"extensions":{"code":"X"}}]"#;
        let (list, proper) = errors(json).unwrap();
        assert!(proper);
        assert_eq!(list[0].message, "Internal server error");
        assert_eq!(list[0].locations, [Location { line: 1, column: 3 }]);
        assert_eq!(list[0].path, [Value::from("get"), Value::from(0)]);
        assert_eq!(list[0].other["expiredToken"], true);
        assert_eq!(list[0].code(), Some("X"));
    }

    #[test]
    fn errors_that_are_strings_or_a_map_are_read_and_known_to_be_improper() {
        let (list, proper) = errors(r#"["plain string"]"#).unwrap();
        assert_eq!((list[0].message.as_str(), proper), ("plain string", false));
        let (list, proper) = errors(r#"{"file":"too large","n":1}"#).unwrap();
        assert_eq!(
            (list[0].message.as_str(), proper),
            ("file: too large", false)
        );
        assert_eq!(list[1].message, "n: 1");
        let (list, proper) = errors(r#""the database \u002d is down""#).unwrap();
        assert_eq!(
            (list[0].message.as_str(), proper),
            ("the database - is down", false)
        );
        assert_eq!(errors("[]").unwrap(), (Vec::new(), false));
        assert_eq!(errors("null").unwrap(), (Vec::new(), false));
        assert!(errors("[1]").is_none());
        assert!(errors("1").is_none());
    }
}
