//! One operation, as it is sent.

use crate::Error;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use serde::{
    Serialize,
    de::{Deserialize, DeserializeOwned},
    ser::{Error as _, SerializeMap, Serializer},
};
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, fmt};

/// A GraphQL request: a document, and what goes with it (GraphQL over HTTP, section 5.2).
///
/// Serializes to `{"query": …, "operationName": …, "variables": …, "extensions": …}`; what was not given is left out.
/// `Debug` does not show variables, since they may hold passwords.
///
/// ```
/// use serde_json::json;
/// use tower_auth_graphql::Request;
///
/// let request = Request::new("query Hero($id: ID!) { hero(id: $id) { name } }").variables(json!({"id": 1}))?;
/// assert_eq!(
///     serde_json::to_value(&request)?,
///     json!({"query": "query Hero($id: ID!) { hero(id: $id) { name } }", "variables": {"id": 1}}),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Request {
    pub(crate) query: Option<Cow<'static, str>>,
    pub(crate) operation_name: Option<Cow<'static, str>>,
    /// The JSON of an object.
    pub(crate) variables: Option<String>,
    pub(crate) extensions: Map<String, Value>,
    pub(crate) headers: HeaderMap,
}

impl Request {
    /// This document.
    pub fn new(query: impl Into<Cow<'static, str>>) -> Self {
        Self {
            query: Some(query.into()),
            ..Self::default()
        }
    }

    /// Anything that serializes to `{"query": …}`, such as cynic's `Operation` or graphql_client's `QueryBody`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when it does not.
    pub fn from_serialize(operation: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let invalid = |error| Error::request("this is no GraphQL request").with_source(error);
        let json = serde_json::to_vec(operation).map_err(invalid)?;
        let mut members: std::collections::HashMap<Cow<'_, str>, &RawValue> =
            serde_json::from_slice(&json).map_err(invalid)?;
        let request = Self {
            query: optional(members.remove("query")).map_err(invalid)?,
            operation_name: optional(members.remove("operationName")).map_err(invalid)?,
            variables: optional(members.remove("variables"))
                .map_err(invalid)?
                .map(|variables: Box<RawValue>| Box::<str>::from(variables).into()),
            extensions: optional(members.remove("extensions"))
                .map_err(invalid)?
                .unwrap_or_default(),
            headers: HeaderMap::new(),
        };
        if request.query.is_none() && request.extensions.is_empty() {
            return Err(Error::request(
                "this is no GraphQL request: it has no `query`",
            ));
        }
        Ok(request)
    }

    /// The variables, all at once: a struct, a map, or `serde_json::json!({…})`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when they do not serialize to an object or null.
    pub fn variables(mut self, variables: impl Serialize) -> Result<Self, Error> {
        self.set_variables(variables)?;
        Ok(self)
    }

    pub(crate) fn set_variables(&mut self, variables: impl Serialize) -> Result<(), Error> {
        let variables = serde_json::to_string(&variables)
            .map_err(|error| Error::request("the variables are no JSON").with_source(error))?;
        self.variables = match variables.as_bytes().first() {
            Some(b'{') => Some(variables),
            _ if variables == "null" => None,
            _ => return Err(Error::request("the variables are not an object")),
        };
        Ok(())
    }

    /// Which operation of the document is meant, when it has several.
    #[must_use]
    pub fn operation_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.operation_name = Some(name.into());
        self
    }

    /// A member of the request's `extensions`.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.into(), value.into());
        self
    }

    /// A header for this request. It wins over those of the client and of the authentication scheme, and loses to those
    /// of the call.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let value = guarded(&name, value);
        // A map without room is refused when the request is made: there, `Accept` finds no room either.
        let _ = self.headers.try_insert(name, value);
        self
    }

    /// What it does, when that can be told.
    pub(crate) fn scan(&self) -> Option<crate::scan::Scanned> {
        crate::scan::scan(self.query.as_deref()?, self.operation_name.as_deref())
    }

    /// Its JSON. Variables are JSON already, and go in as they are.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Error> {
        let length = |text: Option<&str>| text.map_or(0, str::len);
        let room = 64 + length(self.query.as_deref()) + length(self.variables.as_deref());
        let mut json = Vec::with_capacity(room);
        self.serialize_with(&mut serde_json::Serializer::new(&mut json), None)
            .map_err(|error| Error::request("the request is no JSON").with_source(error))?;
        if let Some(variables) = &self.variables {
            json.pop();
            if json.len() > 1 {
                json.push(b',');
            }
            json.extend_from_slice(b"\"variables\":");
            json.extend_from_slice(variables.as_bytes());
            json.push(b'}');
        }
        Ok(json)
    }

    /// The request in the query of a URI (GraphQL over HTTP, section 5.3).
    pub(crate) fn to_query(&self) -> Result<String, Error> {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        if let Some(query) = &self.query {
            pairs.append_pair("query", query);
        }
        if let Some(name) = &self.operation_name {
            pairs.append_pair("operationName", name);
        }
        if let Some(variables) = &self.variables {
            pairs.append_pair("variables", variables);
        }
        if !self.extensions.is_empty() {
            let extensions = serde_json::to_string(&self.extensions)
                .map_err(|error| Error::request("the extensions are no JSON").with_source(error))?;
            pairs.append_pair("extensions", &extensions);
        }
        Ok(pairs.finish())
    }
}

/// The value of a header; marked as sensitive when it is known to hold credentials, so that no log shows it.
pub(crate) fn guarded(name: &HeaderName, mut value: HeaderValue) -> HeaderValue {
    if [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name) {
        value.set_sensitive(true);
    }
    value
}

/// Absent and null mean the same.
fn optional<T: DeserializeOwned>(value: Option<&RawValue>) -> serde_json::Result<Option<T>> {
    match value {
        Some(value) => Option::deserialize(value),
        None => Ok(None),
    }
}

impl Request {
    fn serialize_with<S: Serializer>(
        &self,
        serializer: S,
        variables: Option<&RawValue>,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(query) = &self.query {
            map.serialize_entry("query", query)?;
        }
        if let Some(name) = &self.operation_name {
            map.serialize_entry("operationName", name)?;
        }
        if let Some(variables) = variables {
            map.serialize_entry("variables", variables)?;
        }
        if !self.extensions.is_empty() {
            map.serialize_entry("extensions", &self.extensions)?;
        }
        map.end()
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let variables = self.variables.as_deref().map(serde_json::from_str);
        let variables = variables.transpose().map_err(S::Error::custom)?;
        self.serialize_with(serializer, variables)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("query", &self.query)
            .field("operation_name", &self.operation_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use serde_json::json;

    #[test]
    fn foreign_operations_are_taken_apart_and_nulls_are_absent() {
        let foreign =
            json!({"query": "{ a }", "operationName": null, "variables": {"b": 1}, "id": 7});
        let request = Request::from_serialize(&foreign).unwrap();
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            json!({"query": "{ a }", "variables": {"b": 1}})
        );
        for foreign in [json!({}), json!([]), json!({"query": 1}), json!("x")] {
            let error = Request::from_serialize(&foreign).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{foreign}");
        }
    }

    #[test]
    fn the_json_is_what_serde_makes_of_the_request() {
        let document = Request::new("query A($b: Int) { a(b: \"\\n\") }");
        let variables = json!({"b": [1, "\""]});
        let hash = Request::default().extension("persistedQuery", 1);
        for request in [
            Request::default(),
            document.clone(),
            document.clone().variables(&variables).unwrap(),
            document
                .extension("x", 1)
                .operation_name("A")
                .variables(&variables)
                .unwrap(),
            Request::default().variables(json!({})).unwrap(),
            hash.variables(&variables).unwrap(),
        ] {
            let json: Value = serde_json::from_slice(&request.to_json().unwrap()).unwrap();
            assert_eq!(json, serde_json::to_value(&request).unwrap());
        }
    }

    #[test]
    fn variables_have_to_be_an_object() {
        assert!(Request::new("{ a }").variables(json!({})).is_ok());
        assert!(
            Request::new("{ a }")
                .variables(())
                .unwrap()
                .variables
                .is_none()
        );
        assert!(Request::new("{ a }").variables([1]).is_err());
        let keys: std::collections::HashMap<(u8, u8), u8> = [((1, 2), 3)].into();
        assert!(Request::new("{ a }").variables(keys).is_err());
    }

    #[test]
    fn a_query_string_has_json_inside_its_parameters() {
        let request = Request::new("query A($x: [Int]) { a(x: $x) }")
            .operation_name("A")
            .variables(json!({"x": [1, 2]}))
            .unwrap();
        let query = request.to_query().unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(
            pairs[0],
            ("query".into(), "query A($x: [Int]) { a(x: $x) }".into())
        );
        assert_eq!(pairs[1], ("operationName".into(), "A".into()));
        assert_eq!(pairs[2], ("variables".into(), "{\"x\":[1,2]}".into()));
    }

    #[test]
    fn debug_does_not_show_variables() {
        let request = Request::new("{ a }")
            .variables(json!({"password": "hunter2"}))
            .unwrap();
        assert!(!format!("{request:?}").contains("hunter"));
    }
}
