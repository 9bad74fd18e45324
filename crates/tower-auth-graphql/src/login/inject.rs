//! Writes a token into the variables of operations.

use bytes::Bytes;
use http::{Uri, uri::PathAndQuery};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};
use tower_auth_core::{AuthError, ErrorKind};
use zeroize::Zeroizing;

/// The members of a JSON object, whose values are left as they are written.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

fn unusable(why: &'static str) -> AuthError {
    AuthError::new(ErrorKind::Request, why)
}

fn not_ours() -> AuthError {
    unusable("the body is no GraphQL request, so the token cannot be a variable of it")
}

/// An operation, or a list of them, with the token as a variable.
pub(super) fn in_operations(json: &[u8], name: &str, token: &str) -> Result<Bytes, AuthError> {
    let is_batch = json.trim_ascii_start().first() == Some(&b'[');
    let operations: Vec<Members<'_>> = if is_batch {
        serde_json::from_slice(json).map_err(|_| not_ours())?
    } else {
        vec![serde_json::from_slice(json).map_err(|_| not_ours())?]
    };
    let operations: Vec<_> = operations
        .into_iter()
        .map(|members| Operation::new(members, name, token))
        .collect::<Result<_, _>>()?;
    // Sized so that no half of the token is left behind by growing. (A character takes six bytes at most.)
    let more = 64 + name.len() + 6 * token.len();
    let size = json.len() + operations.len().saturating_mul(more);
    let mut written = Zeroizing::new(Vec::with_capacity(size));
    let done = match &operations[..] {
        [operation] if !is_batch => serde_json::to_writer(&mut *written, operation),
        all => serde_json::to_writer(&mut *written, all),
    };
    done.map_err(|_| not_ours())?;
    Ok(Bytes::from_owner(written))
}

/// The URI of a GET, with the token among its variables.
pub(super) fn in_uri(uri: &Uri, name: &str, token: &str) -> Result<Uri, AuthError> {
    let mut variables = None;
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if key == "variables" {
            variables = Some(value).filter(|value| !value.is_empty());
        } else {
            pairs.append_pair(&key, &value);
        }
    }
    let variables = variables.as_deref().unwrap_or("null");
    let variables = serde_json::from_str(variables).map_err(|_| not_ours())?;
    let variables = Variables::new(Some(variables), name, token)?;
    let variables = serde_json::to_string(&variables).map_err(|_| not_ours())?;
    pairs.append_pair("variables", &variables);
    let too_long = || unusable("the request URI grows too long with the token");
    let mut parts = uri.clone().into_parts();
    let target = format!("{}?{}", uri.path(), pairs.finish());
    parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| too_long())?);
    Uri::from_parts(parts).map_err(|_| too_long())
}

struct Operation<'a> {
    members: Members<'a>,
    variables: Variables<'a>,
}

impl<'a> Operation<'a> {
    fn new(mut members: Members<'a>, name: &'a str, token: &'a str) -> Result<Self, AuthError> {
        let variables = Variables::new(members.remove("variables"), name, token)?;
        Ok(Self { members, variables })
    }
}

impl Serialize for Operation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("variables", &self.variables)?;
        map.end()
    }
}

struct Variables<'a> {
    others: Members<'a>,
    name: &'a str,
    token: &'a str,
}

impl<'a> Variables<'a> {
    fn new(
        variables: Option<&'a RawValue>,
        name: &'a str,
        token: &'a str,
    ) -> Result<Self, AuthError> {
        let variables = variables.map_or("null", RawValue::get);
        let others: Option<Members<'a>> = serde_json::from_str(variables)
            .map_err(|_| unusable("the variables of the request are no object"))?;
        let mut others = others.unwrap_or_default();
        others.remove(name);
        Ok(Self {
            others,
            name,
            token,
        })
    }
}

impl Serialize for Variables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.others {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry(self.name, self.token)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Option<String> {
        let bytes = in_operations(json.as_bytes(), "jwt", "t").ok()?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_token_becomes_a_variable_of_every_operation() {
        assert_eq!(
            written(r#"{"query":"q"}"#).unwrap(),
            r#"{"query":"q","variables":{"jwt":"t"}}"#
        );
        assert_eq!(
            written(r#"[{"variables":{"a":1,"jwt":"old"}},{"variables":null}]"#).unwrap(),
            r#"[{"variables":{"a":1,"jwt":"t"}},{"variables":{"jwt":"t"}}]"#
        );
        // Numbers stay as they are written, however long.
        assert_eq!(
            written(r#"{"variables":{"n":0.12345678901234567890123,"m":123456789012345678901234567890}}"#)
                .unwrap(),
            r#"{"variables":{"m":123456789012345678901234567890,"n":0.12345678901234567890123,"jwt":"t"}}"#
        );
        for json in ["", "1", "[1]", r#"{"variables":[]}"#] {
            assert!(written(json).is_none(), "{json}");
        }
    }

    #[test]
    fn for_get_it_goes_into_the_variables_of_the_uri() {
        let uri = Uri::from_static("https://h/p?query=%7Ba%7D&variables=%7B%22a%22%3A1%7D");
        let uri = in_uri(&uri, "jwt", "t").unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(uri.query().unwrap().as_bytes()).collect();
        assert_eq!(pairs[0], ("query".into(), "{a}".into()));
        assert_eq!(
            pairs[1],
            ("variables".into(), r#"{"a":1,"jwt":"t"}"#.into())
        );
        for query in ["", "variables=", "variables=null"] {
            let uri = in_uri(&format!("https://h/p?{query}").parse().unwrap(), "jwt", "t");
            assert_eq!(
                uri.unwrap().query(),
                Some("variables=%7B%22jwt%22%3A%22t%22%7D")
            );
        }
        let uri = Uri::from_static("https://h/p?variables=1");
        assert!(in_uri(&uri, "jwt", "t").is_err());
    }
}
