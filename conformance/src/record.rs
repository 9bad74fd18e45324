//! One case of a vector file, as it was recorded, and how it is read.

use crate::case::{Judged, Why};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{
    fmt::{Debug, Display},
    ops::Deref,
    sync::Arc,
};

/// What a file says of one case: all that judges and exceptions go by.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The format of the file.
    pub(crate) format: &'static str,
    /// Where in the file it is: `part/group`, or nothing.
    pub(crate) part: String,
    /// What it is called there.
    pub(crate) name: String,
    /// All of the file: keys, times, and whatever else all cases share.
    pub(crate) file: Arc<Value>,
    /// The entry itself.
    pub(crate) value: Value,
}

impl Record {
    pub(crate) fn id(&self) -> String {
        let parts = [self.format, &self.part, &self.name];
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.copied().collect::<Vec<_>>().join("/")
    }

    /// Whether it is of this format, in this part.
    pub(crate) fn is(&self, format: &str, part: &str) -> bool {
        self.format == format && self.part == part
    }

    /// Another entry of the same file.
    pub(crate) fn with(&self, part: &str, name: &str, value: Value) -> Self {
        let (part, name) = (part.to_owned(), name.to_owned());
        Self {
            part,
            name,
            value,
            ..self.clone()
        }
    }
}

impl Deref for Record {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

/// Reads JSON that may be anything. Paths are names and indices, separated by slashes; an empty one is the value itself.
pub(crate) trait Read {
    fn at(&self, path: &str) -> Option<&Value>;

    /// A text, if it is there and is one.
    fn maybe(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    fn text(&self, path: &str) -> Result<&str, Why> {
        self.maybe(path).ok_or_else(|| lacks(path, "text"))
    }

    fn number(&self, path: &str) -> Result<u64, Why> {
        let number = self.at(path).and_then(Value::as_u64);
        number.ok_or_else(|| lacks(path, "number"))
    }

    fn list(&self, path: &str) -> Result<&[Value], Why> {
        let list = self.at(path).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| lacks(path, "list"))
    }

    fn object(&self, path: &str) -> Result<&Map<String, Value>, Why> {
        let object = self.at(path).and_then(Value::as_object);
        object.ok_or_else(|| lacks(path, "object"))
    }

    /// As a type, which need not know all of its fields.
    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Why> {
        let value = self.at(path).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error| format!("`{path}`: {error}").into())
    }
}

impl Read for Value {
    fn at(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        parts.try_fold(self, |value, part| match value {
            Self::Array(list) => list.get(part.parse::<usize>().ok()?),
            value => value.get(part),
        })
    }
}

impl Read for Map<String, Value> {
    fn at(&self, path: &str) -> Option<&Value> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        self.get(name)?.at(rest)
    }
}

fn lacks(path: &str, kind: &str) -> Why {
    format!("has no {kind} `{path}`").into()
}

/// A record for each entry of a list, by its `id`, `name` or `label`, or else its index; or of an object, by its names.
pub(crate) fn entries(of: &Record, part: &str, content: &Value) -> Vec<Record> {
    match content {
        Value::Array(list) => {
            let entries = list.iter().enumerate().map(|(index, entry)| {
                let names = ["id", "name", "label"].into_iter();
                let name = names.filter_map(|name| entry.maybe(name)).next();
                let index = index.to_string();
                of.with(part, name.unwrap_or(&index), entry.clone())
            });
            entries.collect()
        }
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(name, entry)| of.with(part, name, entry.clone()));
            entries.collect()
        }
        other => vec![of.with(part, "value", other.clone())],
    }
}

/// Compares, and says what differs.
pub(crate) fn same<A: PartialEq<B> + Debug, B: Debug>(what: &str, ours: A, recorded: B) -> Judged {
    if ours == recorded {
        return Ok(());
    }
    Err(format!("{what}: ours {ours:?}, recorded {recorded:?}").into())
}

/// Whether it holds, or else why it does not.
pub(crate) fn check(holds: bool, why: impl FnOnce() -> String) -> Judged {
    if holds { Ok(()) } else { Err(why().into()) }
}

/// An error, as the reason why a case fails.
pub(crate) fn text(error: impl Display) -> Why {
    error.to_string().into()
}
