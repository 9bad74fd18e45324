//! A query whose variables are secret, and the fields of its answer.

use crate::{Body, Error};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use tower_auth_core::{AuthError, Secret};
use tower_auth_http::{Redactor, is_secret_name};
use zeroize::Zeroizing;

/// A document and its variables, ready to be sent.
#[derive(Clone)]
pub(super) struct SecretQuery {
    document: Cow<'static, str>,
    variables: Secret, // JSON
}

impl SecretQuery {
    pub(super) fn new(
        document: Cow<'static, str>,
        variables: &impl Serialize,
    ) -> Result<Self, AuthError> {
        let invalid = |why| AuthError::configuration("login variables", why);
        // Large enough for what people log in with, so that no half of a password is left behind by growing.
        let mut json = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *json, variables).map_err(|_| invalid("are no JSON"))?;
        if json.first() != Some(&b'{') {
            return Err(invalid("are no object"));
        }
        let json =
            String::from_utf8(std::mem::take(&mut *json)).map_err(|_| invalid("are no text"))?;
        Ok(Self {
            document,
            variables: json.into(),
        })
    }

    /// Takes what is secret here out of what a server says.
    pub(super) fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::new();
        let variables = serde_json::from_str(self.variables.expose());
        secrets(&variables.unwrap_or_default(), &mut redactor);
        redactor
    }

    /// `{"query": …, "variables": …}`, in memory that is wiped.
    pub(super) fn body(&self) -> Result<Body, Error> {
        let mut json =
            Vec::with_capacity(64 + 2 * self.document.len() + self.variables.expose().len());
        json.extend_from_slice(b"{\"query\":");
        serde_json::to_writer(&mut json, &self.document)
            .map_err(|error| Error::request("the login is no JSON").with_source(error))?;
        json.extend_from_slice(b",\"variables\":");
        json.extend_from_slice(self.variables.expose().as_bytes());
        json.push(b'}');
        Ok(Body::from_json(Bytes::from_owner(Zeroizing::new(json))))
    }
}

/// Every text and number in it is taken for a secret.
pub(super) fn secrets(value: &Value, redactor: &mut Redactor) {
    match value {
        Value::Number(number) => redactor.secret(&Secret::from(number.to_string())),
        Value::String(text) => redactor.secret(&Secret::from(text.as_str())),
        Value::Array(values) => values.iter().for_each(|value| secrets(value, redactor)),
        Value::Object(members) => members.values().for_each(|value| secrets(value, redactor)),
        _ => {}
    }
}

/// What an answer has under names that tell a secret.
pub(super) fn received(value: &Value, redactor: &mut Redactor) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| received(value, redactor)),
        Value::Object(fields) => members(fields, redactor),
        _ => {}
    }
}

/// The same, of an object.
pub(super) fn members(fields: &Map<String, Value>, redactor: &mut Redactor) {
    for (name, value) in fields {
        // In GraphQL, `code` is that of an error.
        if name != "code" && is_secret_name(name) {
            secrets(value, redactor);
        } else {
            received(value, redactor);
        }
    }
}

/// Where in the data a field is: `login.jwt`.
#[derive(Clone, Debug)]
pub(super) struct FieldPath(Box<[Box<str>]>);

impl FieldPath {
    pub(super) fn new(parameter: &'static str, path: &str) -> Result<Self, AuthError> {
        let steps: Box<[Box<str>]> = path.split('.').map(Into::into).collect();
        if steps.iter().any(|step| step.is_empty()) {
            return Err(AuthError::configuration(
                parameter,
                "is no path; write it like `login.jwt`",
            ));
        }
        Ok(Self(steps))
    }

    /// The last name of this path, in the place of the last name of another.
    pub(super) fn beside(&self, other: &Self) -> Self {
        let mut steps = other.0.to_vec();
        if let (Some(last), Some(name)) = (steps.last_mut(), self.0.last()) {
            last.clone_from(name);
        }
        Self(steps.into())
    }

    pub(super) fn find<'a>(&self, data: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(data, |place, step| match place {
            Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
            place => place.get(&**step),
        })
    }

    /// The number at this place, also when it is written as a text.
    pub(super) fn seconds(&self, data: &Value) -> Option<f64> {
        match self.find(data)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_f64(),
        }
    }

    /// The text at this place, when there is one.
    pub(super) fn text(&self, data: &Value) -> Option<Secret> {
        let text = self.find(data)?.as_str().filter(|text| !text.is_empty())?;
        Some(Secret::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use serde_json::json;

    #[tokio::test]
    async fn the_body_of_a_login_is_an_ordinary_request() {
        let query = SecretQuery::new("query { a }".into(), &json!({"p": "\"ü"})).unwrap();
        let bytes = query.body().unwrap().collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            value,
            json!({"query": "query { a }", "variables": {"p": "\"ü"}})
        );
        assert!(SecretQuery::new("x".into(), &json!([1])).is_err());
    }

    #[test]
    fn a_number_in_the_variables_is_a_secret_too() {
        let query = SecretQuery::new("query { a }".into(), &json!({"pin": 48151623})).unwrap();
        assert_eq!(
            query.redactor().clean("no pin 48151623"),
            "no pin [redacted]"
        );
    }

    #[test]
    fn a_field_is_found_and_null_is_no_text() {
        let data =
            json!({"login": {"jwt": "t", "refresh": null, "empty": "", "list": [{"a": "b"}]}});
        let text = |path| {
            let path = FieldPath::new("token", path).unwrap();
            path.text(&data).map(|text| text.expose().to_owned())
        };
        assert_eq!(text("login.jwt").as_deref(), Some("t"));
        assert_eq!(text("login.list.0.a").as_deref(), Some("b"));
        for path in [
            "login.refresh",
            "login.empty",
            "login",
            "login.jwt.x",
            "login.list.9",
            "x",
        ] {
            assert_eq!(text(path), None, "{path}");
        }
        assert!(FieldPath::new("token", "a..b").is_err());
    }
}
