//! Reads the envelope of a response, and leaves the data in it alone.

use super::{
    Data, Response,
    graphql_error::{Errors, MOST_ERRORS},
    is_too_deep, too_deep, too_many_errors,
};
use crate::Error;
#[cfg(feature = "ws")]
use crate::subscription::message::Text;
use bytes::Bytes;
use memchr::memmem::Finder;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};
use std::{fmt, marker::PhantomData, sync::LazyLock};

/// The names of the other members, ready to be searched for: to get ready takes longer than to search a small answer.
static OTHERS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new("\"errors\""), Finder::new("\"extensions\"")]);

/// Whether these can only be data: nearly every response is so, and need not be read twice.
///
/// It begins with the data, it is not cut off, and neither other member that matters is even mentioned. (A name that is
/// written with escapes would be; see [`Only`].)
fn is_plain(json: &[u8]) -> bool {
    json.starts_with(b"{\"data\":{")
        && json.trim_ascii_end().ends_with(b"}")
        && OTHERS.iter().all(|other| other.find(json).is_none())
}

/// A response that is the payload of a message, when that can only be data; as [`is_plain`] of the whole message, whose
/// beginning is known.
#[cfg(feature = "ws")]
pub(crate) fn in_message(message: &Bytes) -> Option<Response> {
    let plain =
        message.ends_with(b"}}}") && OTHERS.iter().all(|other| other.find(message).is_none());
    plain.then(|| Response::of(Some(Data::in_message(message.clone()))))
}

/// A response, as `json` has it. When `strict`, it must be one beyond doubt: somebody else may have sent it.
pub(crate) fn parse(json: &Bytes, strict: bool) -> Result<Response, Error> {
    if is_plain(json) {
        return Ok(Response::of(Some(Data::enveloped(json.clone()))));
    }
    let json = &json.slice_ref(without_mark(json));
    let envelope: Envelope<'_> =
        serde_json::from_slice(json).map_err(|error| invalid(json, error))?;
    envelope.into_response(json, strict)
}

/// The responses to a batch.
pub(crate) fn parse_batch(json: &Bytes, strict: bool) -> Result<Vec<Response>, Error> {
    let json = &json.slice_ref(without_mark(json));
    let Envelopes(envelopes) =
        serde_json::from_slice(json).map_err(|error| invalid(json, error))?;
    envelopes
        .into_iter()
        .map(|envelope| envelope.into_response(json, strict))
        .collect()
}

/// JSON without a byte order mark, which some servers send (RFC 8259 section 8.1 lets it be ignored).
pub(crate) fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// The errors in a JSON text that has nothing else.
#[cfg(feature = "multipart")]
pub(crate) fn errors_of(json: &str) -> Result<Vec<crate::GraphQlError>, Error> {
    let errors: Errors =
        serde_json::from_str(json).map_err(|error| invalid(json.as_bytes(), error))?;
    if errors.too_many {
        return Err(too_many_errors());
    }
    Ok(errors.list)
}

fn invalid(json: &[u8], error: serde_json::Error) -> Error {
    if is_too_deep(json) {
        too_deep()
    } else if error.is_eof() {
        Error::protocol("the answer was cut off").with_source(error)
    } else {
        Error::protocol("the answer is not a GraphQL response").with_source(error)
    }
}

/// A response whose data are a slice of the text.
#[derive(Debug, Default)]
struct Envelope<'a> {
    data: Option<&'a RawValue>,
    errors: Option<Errors>,
    extensions: Option<Map<String, Value>>,
}

impl Envelope<'_> {
    fn into_response(self, json: &Bytes, strict: bool) -> Result<Response, Error> {
        let data = match self.data.map(RawValue::get) {
            None | Some("null") => None,
            Some(object) if object.starts_with('{') => {
                Some(Data::bare(json.slice_ref(object.as_bytes())))
            }
            Some(_) => return Err(Error::protocol("`data` is neither an object nor null")),
        };
        if self.errors.as_ref().is_some_and(|errors| errors.too_many) {
            return Err(too_many_errors());
        }
        let proper = self.errors.as_ref().map(|errors| errors.proper);
        let missing = match proper {
            _ if self.data.is_some() => strict && proper == Some(false),
            Some(proper) => strict && !proper,
            None => true,
        };
        let errors = self.errors.map(|errors| errors.list).unwrap_or_default();
        if missing || (self.data.is_none() && errors.is_empty()) {
            return Err(Error::protocol(
                "the answer has neither `data` nor `errors`",
            ));
        }
        Ok(Response {
            data,
            errors,
            extensions: self.extensions.unwrap_or_default(),
            auth_failure: None,
            head: None,
        })
    }
}

/// The responses to a batch; no more than anybody asks for at once.
struct Envelopes<'a>(Vec<Envelope<'a>>);

const MOST_RESPONSES: usize = 10_000;

impl<'de: 'a, 'a> Deserialize<'de> for Envelopes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Envelopes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of GraphQL responses")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let (mut envelopes, mut errors) = (Vec::new(), 0);
                while let Some(mut envelope) = seq.next_element::<Envelope<'de>>()? {
                    if envelopes.len() >= MOST_RESPONSES {
                        return Err(A::Error::custom("there are more than 10000 responses"));
                    }
                    if let Some(more) = &mut envelope.errors {
                        errors += more.list.len();
                        more.too_many |= errors > MOST_ERRORS;
                        if more.too_many {
                            // Refused because of this one; the others need not be kept.
                            while seq.next_element::<IgnoredAny>()?.is_some() {}
                        }
                    }
                    envelopes.push(envelope);
                }
                Ok(Envelopes(envelopes))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a GraphQL response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(name) = map.next_key::<Name>()? {
                    match name {
                        Name::Data if envelope.data.is_none() => {
                            envelope.data = Some(map.next_value()?);
                        }
                        Name::Errors if envelope.errors.is_none() => {
                            envelope.errors = Some(map.next_value()?);
                        }
                        Name::Extensions if envelope.extensions.is_none() => {
                            // PHP writes an empty map as a list.
                            envelope.extensions = match map.next_value()? {
                                Value::Object(members) => Some(members),
                                _ => None,
                            };
                        }
                        Name::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => return Err(A::Error::custom("a member comes twice")),
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The data of a response that has only data, and is the payload of a message.
#[cfg(feature = "ws")]
pub(crate) struct Payload<T>(pub(crate) T);

#[cfg(feature = "ws")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Payload<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Payload<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message with a GraphQL response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut data = None;
                while let Some(Text(name)) = map.next_key()? {
                    if name == "payload" {
                        data = Some(map.next_value::<Only<T>>()?.0);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                data.map(Payload)
                    .ok_or_else(|| A::Error::missing_field("payload"))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The data of a response that has only data, decoded.
pub(crate) struct Only<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Only<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Only<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a GraphQL response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Only<T>, A::Error> {
                let mut data = None;
                while let Some(name) = map.next_key::<Name>()? {
                    match name {
                        Name::Data if data.is_none() => data = Some(map.next_value()?),
                        Name::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        // Errors are not overlooked, even if their name is written with escapes.
                        _ => return Err(A::Error::custom("a member that was not expected")),
                    }
                }
                data.map(Only)
                    .ok_or_else(|| A::Error::missing_field("data"))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

enum Name {
    Data,
    Errors,
    Extensions,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(match name {
                    "data" => Name::Data,
                    "errors" => Name::Errors,
                    "extensions" => Name::Extensions,
                    _ => Name::Other,
                })
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Limit};

    fn read(json: &str, strict: bool) -> Result<Response, ErrorKind> {
        parse(&Bytes::copy_from_slice(json.as_bytes()), strict).map_err(|error| error.kind())
    }

    #[test]
    fn data_errors_or_both_make_a_response() {
        let response = read(
            r#" {"ok":true,"data":{"a":[1]},"extensions":{"x":1}} "#,
            true,
        )
        .unwrap();
        assert_eq!(response.data.unwrap().json().unwrap(), r#"{"a":[1]}"#);
        assert_eq!(response.extensions["x"], 1);
        let response = read(r#"{"errors":[{"message":"no"}],"data":null}"#, true).unwrap();
        assert!(response.data.is_none());
        assert_eq!(response.errors[0].message, "no");
        let response = read(r#"{"errors":[],"data":{}}"#, false).unwrap();
        assert!(response.errors.is_empty());
        for extensions in ["[]", "null"] {
            let json = format!(r#"{{"data":{{}},"extensions":{extensions}}}"#);
            assert!(read(&json, false).unwrap().extensions.is_empty());
        }
        assert!(read(r#"{"data":null}"#, false).is_ok());
        assert!(read(r#"{"errors":["text"]}"#, false).is_ok());
    }

    #[test]
    fn plain_data_are_read_once_and_what_is_wrong_with_them_turns_out_then() {
        let plain = |json: &str| {
            assert!(is_plain(json.as_bytes()), "{json}");
            let data = read(json, false).unwrap().data.unwrap();
            data.decode::<Value>().map_err(|error| error.kind())
        };
        let expected = serde_json::json!({"a": [1]});
        assert_eq!(plain(r#"{"data":{"a":[1]}}"#).unwrap(), expected);
        assert_eq!(
            plain("{\"data\":{\"a\":[1]},\"ok\":true}\n").unwrap(),
            expected
        );
        for json in [r#"{"data":{"a":tru}}"#, r#"{"data":{}}}"#, r#"{"data":{}"#] {
            assert_eq!(plain(json).unwrap_err(), ErrorKind::Protocol, "{json}");
        }
        for json in [
            r#"{"data":{},"\u0065rrors":[{"message":"m"}]}"#,
            r#"{"data":{},"data":{}}"#,
        ] {
            assert_eq!(plain(json).unwrap_err(), ErrorKind::Decode, "{json}");
        }
        for json in [
            r#"{"data":{"a":"errors"}}"#,
            r#"{"data":{},"extensions":{}}"#,
            r#"{"data":null}"#,
            r#"{ "data":{}}"#,
        ] {
            assert!(!is_plain(json.as_bytes()), "{json}");
            assert!(read(json, false).is_ok(), "{json}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = plain(&format!(r#"{{"data":{{"a":{deep}}}}}"#)).unwrap_err();
        assert_eq!(error, ErrorKind::Limit(Limit::Depth));
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for json in [
            "",
            "null",
            "1",
            "[]",
            "{}",
            r#"{"data":1}"#,
            r#"{"data":[]}"#,
            r#"{"errors":1}"#,
            r#"{"errors":[]}"#,
            r#"{"errors":null}"#,
            r#"{"data":{"#,
            r#"{"data":{}}x"#,
            r#"{"data":{},"data":{},"errors":[]}"#,
            r#"{"data":{"a":tru},"errors":[]}"#,
            r#"{"errors":[3]}"#,
        ] {
            assert_eq!(
                read(json, false).unwrap_err(),
                ErrorKind::Protocol,
                "{json}"
            );
        }
    }

    #[test]
    fn what_is_small_on_the_wire_and_large_in_memory_is_refused() {
        let errors = |count: usize| format!("{{\"errors\":[{}\"\"]}}", "\"\",".repeat(count - 1));
        assert_eq!(read(&errors(10_000), false).unwrap().errors.len(), 10_000);
        let limit = ErrorKind::Limit(Limit::Errors);
        assert_eq!(read(&errors(10_001), false).unwrap_err(), limit);
        let map: Vec<_> = (0..10_001).map(|name| format!("\"{name}\":1")).collect();
        let map = format!("{{\"errors\":{{{}}}}}", map.join(","));
        assert_eq!(read(&map, false).unwrap_err(), limit);
        let batch = format!("[{0},{0}]", errors(6000));
        let error = parse_batch(&batch.into(), false).unwrap_err();
        assert_eq!(error.kind(), limit);
        let batch = format!("[{}{{}}]", "{},".repeat(2_000_000));
        let error = parse_batch(&batch.into(), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }

    #[test]
    fn at_an_error_status_a_response_must_be_one_beyond_doubt() {
        for json in [
            r#"{"errors":["text"]}"#,
            r#"{"errors":{"a":"b"}}"#,
            r#"{"errors":[{"detail":"json:api"}]}"#,
            r#"{"errors":[{"detail":"json:api"}],"data":null}"#,
        ] {
            assert!(read(json, false).is_ok(), "{json}");
            assert_eq!(read(json, true).unwrap_err(), ErrorKind::Protocol, "{json}");
        }
    }

    #[test]
    fn nesting_in_the_data_is_left_to_the_decoder_and_elsewhere_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&format!(r#"{{"data":{{"a":{deep}}}}}"#), false).is_ok());
        assert!(read(&format!(r#"{{"x":{deep},"data":{{}}}}"#), false).is_ok());
        for json in [
            format!(r#"{{"errors":{deep}}}"#),
            format!(r#"{{"data":{{}},"extensions":{{"a":{deep}}}}}"#),
        ] {
            assert_eq!(
                read(&json, false).unwrap_err(),
                ErrorKind::Limit(Limit::Depth)
            );
        }
    }
}
