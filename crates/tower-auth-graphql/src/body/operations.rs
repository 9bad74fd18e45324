//! Looks at what a request asks for, when somebody wants to know.

use crate::scan::{Scanned, scan};
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, fmt};

/// The JSON of an operation, or of a list of them. Shares the bytes of the body.
#[derive(Clone, Default)]
pub(crate) struct Operations(Bytes);

impl Operations {
    pub(crate) fn new(json: Bytes) -> Self {
        Self(json)
    }

    #[cfg(feature = "login")]
    pub(crate) fn json(&self) -> &Bytes {
        &self.0
    }

    pub(crate) fn is_batch(&self) -> bool {
        self.0.trim_ascii_start().first() == Some(&b'[')
    }

    /// What each operation does; `None` when that cannot be told. Empty when this is no list of operations.
    pub(crate) fn scan(&self) -> Vec<Option<Scanned>> {
        let scan = |Found(found): Found<'_>| {
            let (query, name) = found?;
            scan(&query, name.as_deref())
        };
        if self.is_batch() {
            let all = serde_json::from_slice(&self.0);
            return all.map_or_else(
                |_| Vec::new(),
                |All(all)| all.into_iter().map(scan).collect(),
            );
        }
        vec![serde_json::from_slice(&self.0).ok().and_then(scan)]
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operations({} bytes)", self.0.len())
    }
}

type Text<'a> = Cow<'a, str>;

/// The document and the operation's name.
struct Found<'a>(Option<(Text<'a>, Option<Text<'a>>)>);

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Found<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an operation")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut query, mut operation) = (None, None);
                while let Some(MaybeText(name)) = map.next_key()? {
                    match name.as_deref() {
                        Some("query") => query = map.next_value::<MaybeText<'_>>()?.0,
                        Some("operationName") => operation = map.next_value::<MaybeText<'_>>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Found(query.map(|query| (query, operation))))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A text that is borrowed when it has no escapes.
struct MaybeText<'a>(Option<Text<'a>>);

impl<'de> Deserialize<'de> for MaybeText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = MaybeText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or null")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(MaybeText(None))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

struct All<'a>(Vec<Found<'a>>);

impl<'de> Deserialize<'de> for All<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = All<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of operations")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(All(all))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OperationKind;

    #[test]
    fn operations_are_found_in_json_with_escapes_and_in_lists() {
        let kind = |json: &'static str, index: usize| {
            let operations = Operations::new(Bytes::from_static(json.as_bytes()));
            operations.scan().get(index)?.map(|scanned| scanned.kind)
        };
        let one = r#"{"variables":{"a":[1]},"query":"\nmutation { a }","operationName":null}"#;
        assert_eq!(kind(one, 0), Some(OperationKind::Mutation));
        let named = r#"{"query":"query A{a} mutation B{b}","operationName":"A"}"#;
        assert_eq!(kind(named, 0), Some(OperationKind::Query));
        let list = r#" [{"query":"{a}"},{"query":"mutation{a}"}]"#;
        assert_eq!(kind(list, 1), Some(OperationKind::Mutation));
        assert_eq!(kind(list, 2), None);
        assert_eq!(kind(r#"{"extensions":{}}"#, 0), None);
        assert_eq!(kind("", 0), None);
    }
}
