//! What comes back.

mod auth;
mod envelope;
mod graphql_error;
pub(crate) mod media;
mod reply;

#[cfg(any(feature = "events", feature = "incremental", feature = "multipart"))]
pub(crate) use self::auth::StreamJudge;
#[cfg(feature = "multipart")]
pub(crate) use self::envelope::errors_of;
#[cfg(feature = "ws")]
pub(crate) use self::envelope::{Payload, in_message};
#[cfg(feature = "incremental")]
pub(crate) use self::graphql_error::MOST_ERRORS;
pub use self::{
    auth::AuthDetector,
    graphql_error::{GraphQlError, Location},
    reply::Reply,
};
pub(crate) use self::{
    auth::Sent,
    envelope::{Only, parse, parse_batch, without_mark},
};

use crate::{AuthFailure, Error, ErrorKind, Limit, head::Head};
use bytes::Bytes;
use serde::de::{Deserialize, DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};
use std::{fmt, sync::Arc};

/// A GraphQL response (GraphQL specification, section 7): data, errors, or both.
///
/// The service at the bottom leaves the data undecoded ([`Data`]); [`decode`](Self::decode) makes your type of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response<T = Data> {
    /// What was asked for. With [`errors`](Self::errors), parts of it may be null.
    pub data: Option<T>,
    /// What went wrong.
    pub errors: Vec<GraphQlError>,
    /// What the server adds.
    pub extensions: Map<String, Value>,
    /// Whether the [detector](AuthDetector) found that credentials were not accepted.
    pub auth_failure: Option<AuthFailure>,
    /// The answer that it came with, when there are errors.
    pub(crate) head: Option<Arc<Head>>,
}

impl<T> Response<T> {
    /// These data, and nothing else.
    pub(crate) fn of(data: Option<T>) -> Self {
        Self {
            data,
            errors: Vec::new(),
            extensions: Map::new(),
            auth_failure: None,
            head: None,
        }
    }

    /// The data, when there are no errors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] or [`ErrorKind::GraphQl`] when there are errors, even beside data; [`ErrorKind::Protocol`]
    /// when there is neither.
    pub fn into_data(self) -> Result<T, Error> {
        if self.errors.is_empty() {
            return self.data.ok_or_else(|| {
                Error::protocol("the server answered with neither data nor errors")
            });
        }
        let (kind, context) = match self.auth_failure {
            Some(failure) => (
                ErrorKind::Auth(failure),
                "the server did not accept the credentials",
            ),
            None => (ErrorKind::GraphQl, "the server answered with an error"),
        };
        Err(Error::new(kind, context)
            .with_head(self.head)
            .with_errors(self.errors))
    }

    fn map<U>(self, f: impl FnOnce(T) -> Result<U, Error>) -> Result<Response<U>, Error> {
        Ok(Response {
            data: self.data.map(f).transpose()?,
            errors: self.errors,
            extensions: self.extensions,
            auth_failure: self.auth_failure,
            head: self.head,
        })
    }
}

impl Response {
    /// The same response, with the data as a `T`.
    ///
    /// # Errors
    ///
    /// As [`Data::decode`]. When there are errors too, data that cannot be decoded (a null where `T` has none) are left
    /// out instead.
    pub fn decode<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        if self.errors.is_empty() {
            return self.map(|data| data.decode());
        }
        let data = self.data.and_then(|data| data.decode().ok());
        Ok(Response {
            data,
            errors: self.errors,
            extensions: self.extensions,
            auth_failure: self.auth_failure,
            head: self.head,
        })
    }
}

/// The `data` of a response: JSON that is not decoded yet. Shares the bytes of the answer.
#[derive(Clone)]
pub struct Data {
    json: Bytes,
    around: Around,
}

/// What the JSON has around the data.
#[derive(Clone, Copy)]
enum Around {
    Nothing,
    /// A response: they are a member of it.
    Response,
    /// A message, whose payload is a response.
    #[cfg(feature = "ws")]
    Message,
}

impl Data {
    /// Just the data, known to be well-formed.
    pub(crate) fn bare(json: Bytes) -> Self {
        Self {
            json,
            around: Around::Nothing,
        }
    }

    /// A response that has data, and no errors. Whether it is well-formed turns out when it is decoded: so it is read
    /// only once.
    pub(crate) fn enveloped(json: Bytes) -> Self {
        Self {
            json,
            around: Around::Response,
        }
    }

    /// A message whose payload is such a response.
    #[cfg(feature = "ws")]
    pub(crate) fn in_message(json: Bytes) -> Self {
        Self {
            json,
            around: Around::Message,
        }
    }

    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] when it turns out not to be JSON.
    pub fn json(&self) -> Result<&str, Error> {
        self.decode::<&RawValue>().map(RawValue::get)
    }

    /// Decodes the data. Nothing is copied but what `T` owns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when they do not fit `T`; [`ErrorKind::Protocol`] when they turn out not to be JSON;
    /// [`ErrorKind::Limit`] when the response is nested deeper than 127 levels.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let decoded = match self.around {
            Around::Nothing => serde_json::from_slice(&self.json),
            Around::Response => serde_json::from_slice(&self.json).map(|Only(data)| data),
            #[cfg(feature = "ws")]
            Around::Message => serde_json::from_slice(&self.json).map(|Payload(data)| data),
        };
        decoded.map_err(|error| {
            if is_too_deep(&self.json) {
                too_deep()
            } else if error.is_data() {
                undecodable(error)
            } else {
                Error::protocol("the answer is not well-formed").with_source(error)
            }
        })
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({} bytes)", self.json.len())
    }
}

/// Data that do not fit the caller's type. Says where and why on one line.
pub(crate) fn undecodable(error: serde_json::Error) -> Error {
    let cause = error.to_string().replace(['\r', '\n'], " ");
    let context = format!(
        "the data are not what was expected: {}",
        media::clip(&cause, 300)
    );
    Error::new(ErrorKind::Decode, context).with_source(error)
}

/// The deepest nesting that is decoded: what serde_json allows, so that no answer can exhaust the stack.
const MAX_DEPTH: usize = 127;

pub(crate) fn too_deep() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::Depth),
        "the answer is nested deeper than 127 levels",
    )
}

pub(crate) fn too_many_errors() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::Errors),
        "the answer has more than 10,000 errors",
    )
}

/// Whether a JSON text is nested too deep to be decoded. Asked only after decoding failed.
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        assert!(is_too_deep("[".repeat(128).as_bytes()));
        assert!(!is_too_deep("[".repeat(127).as_bytes()));
        assert!(!is_too_deep("[]".repeat(1000).as_bytes()));
        let text = format!("\"\\\"{}\"", "[".repeat(1000));
        assert!(!is_too_deep(text.as_bytes()));
    }

    #[test]
    fn data_nested_too_deep_are_a_limit_and_not_a_decoding_error() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = Data::bare(deep.into()).decode::<Value>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::Depth));
        let error = Data::bare(Bytes::from_static(b"{}"))
            .decode::<u8>()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let fits = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert!(Data::bare(fits.into()).decode::<Value>().is_ok());
    }
}
