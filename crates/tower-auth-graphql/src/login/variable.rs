//! Tokens as a variable of the operation.

use crate::Body;
use bytes::Bytes;
use http::{Method, Request, Uri, uri::PathAndQuery};
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, ErrorKind, RequestHead, Scheme, Step, scheme,
};
use tower_auth_token::{AccessToken, AcquireLoan, Cache, Lender, Loan, SentToken, Source};
use zeroize::Zeroizing;

/// A token as a variable of every operation: a scheme, and a key of sums.
///
/// Some services take the token as an argument of their fields. The operations have to declare and use the variable:
///
/// ```text
/// query($jwt: String, $id: Int) { item(jwt: $jwt, id: $id) { label } }
/// ```
///
/// It works for requests of this crate only, since it writes into their bodies (single requests, batches, forms), or
/// into the `variables` of the URI for GET.
pub struct VariableAuth<S: Source> {
    tokens: Lender<S>,
    name: Arc<str>,
}

impl<S: Source<Value: AccessToken>> VariableAuth<S> {
    /// Tokens of this source, as the variable of this name, cached with the defaults.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when that is no name (GraphQL specification, section 2.1.9).
    pub fn new(source: S, name: &str) -> Result<Self, AuthError> {
        Self::from_cache(Cache::new(source), name)
    }

    /// Tokens of this cache, which may be shared with others.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_cache(cache: Cache<S>, name: &str) -> Result<Self, AuthError> {
        let mut bytes = name.bytes();
        let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if !bytes.next().is_some_and(first)
            || !bytes.all(|byte| first(byte) || byte.is_ascii_digit())
        {
            return Err(AuthError::configuration(
                "variable",
                "is no name of a variable",
            ));
        }
        Ok(Self {
            tokens: Lender::new(cache),
            name: name.into(),
        })
    }

    /// The cache.
    pub fn cache(&self) -> &Cache<S> {
        self.tokens.cache()
    }
}

impl<S: Source<Value: AccessToken>> Scheme for VariableAuth<S> {
    type Mode = Deferred;
    type Credentials = Loan<S::Value>;
    type Sent = SentToken;
    type Acquire = AcquireLoan<S::Value>;

    fn acquire(&self, _: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend()
    }

    fn acquire_mut(&mut self, _: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend_mut()
    }

    fn is_same(&self, sent: &SentToken, next: &Self::Credentials) -> bool {
        self.tokens.is_same(sent.id(), next)
    }

    /// Nothing that a header or query parameter could collide with.
    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<S: Source<Value: AccessToken>> Authorize<Body> for VariableAuth<S> {
    fn authorize(
        &self,
        loan: Self::Credentials,
        request: &mut Request<Body>,
    ) -> Result<SentToken, AuthError> {
        let (token, id) = self.tokens.value(&loan)?;
        let sent = SentToken::new(id).with_judge(|response| response.is_unauthorized());
        let token = token.access_token();
        if request.method() == Method::GET {
            let uri = in_uri(request.uri(), &self.name, token)?;
            *request.uri_mut() = uri;
            return Ok(sent);
        }
        let operations = request.body().operations();
        let json = in_operations(operations.json(), &self.name, token)?;
        request.body_mut().set_operations(json);
        Ok(sent)
    }
}

scheme!(key [T: Source<Value: AccessToken>] VariableAuth<T>);

fn unusable(why: &'static str) -> AuthError {
    AuthError::new(ErrorKind::Request, why)
}

const NOT_OURS: &str = "the body is no GraphQL request, so the token cannot be a variable of it";

fn in_operations(json: &[u8], name: &str, token: &str) -> Result<Bytes, AuthError> {
    let mut operations: Value = serde_json::from_slice(json).map_err(|_| unusable(NOT_OURS))?;
    match &mut operations {
        Value::Object(operation) => insert(operation, name, token)?,
        Value::Array(all) => {
            for operation in all {
                match operation {
                    Value::Object(operation) => insert(operation, name, token)?,
                    _ => return Err(unusable(NOT_OURS)),
                }
            }
        }
        _ => return Err(unusable(NOT_OURS)),
    }
    // Sized so that no half of the token is left behind by growing.
    let mut written = Zeroizing::new(Vec::with_capacity(2 * json.len() + 8 * token.len() + 64));
    serde_json::to_writer(&mut *written, &operations).map_err(|_| unusable(NOT_OURS))?;
    Ok(Bytes::from_owner(written))
}

fn insert(operation: &mut Map<String, Value>, name: &str, token: &str) -> Result<(), AuthError> {
    let variables = operation.entry("variables").or_insert(Value::Null);
    if variables.is_null() {
        *variables = Value::Object(Map::new());
    }
    match variables {
        Value::Object(variables) => {
            variables.insert(name.to_owned(), token.into());
            Ok(())
        }
        _ => Err(unusable("the variables of the request are no object")),
    }
}

fn in_uri(uri: &Uri, name: &str, token: &str) -> Result<Uri, AuthError> {
    let mut variables = Map::new();
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if key == "variables" && !value.is_empty() {
            variables = serde_json::from_str(&value).map_err(|_| unusable(NOT_OURS))?;
        } else {
            pairs.append_pair(&key, &value);
        }
    }
    variables.insert(name.to_owned(), token.into());
    pairs.append_pair("variables", &Value::Object(variables).to_string());
    let too_long = || unusable("the request URI grows too long with the token");
    let mut parts = uri.clone().into_parts();
    let target = format!("{}?{}", uri.path(), pairs.finish());
    parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| too_long())?);
    Uri::from_parts(parts).map_err(|_| too_long())
}

impl<S: Source> Clone for VariableAuth<S> {
    fn clone(&self) -> Self {
        Self {
            tokens: self.tokens.clone(),
            name: Arc::clone(&self.name),
        }
    }
}

impl<S: Source> fmt::Debug for VariableAuth<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VariableAuth")
            .field("name", &self.name)
            .finish_non_exhaustive()
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
    }
}
