//! Tokens as a variable of the operation.

use super::inject::{in_operations, in_uri};
use crate::Body;
use http::{Method, Request};
use std::{fmt, sync::Arc};
use tower_auth_core::{AuthError, Authorize, Claim, Deferred, RequestHead, Scheme, Step, scheme};
use tower_auth_token::{AccessToken, AcquireLoan, Cache, Lender, Loan, SentToken, Source};

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
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when that is no name (GraphQL specification, section 2.1.9).
    pub fn new(source: S, name: impl AsRef<str>) -> Result<Self, AuthError> {
        let name = name.as_ref();
        Self::from_cache(Cache::new(source), name)
    }

    /// Tokens of this cache, which may be shared with others.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_cache(cache: Cache<S>, name: impl AsRef<str>) -> Result<Self, AuthError> {
        let name = name.as_ref();
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

    fn acquire(
        &self,
        _: RequestHead<'_>,
        _: Option<&SentToken>,
    ) -> Step<Self::Credentials, Self::Acquire> {
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
        let sent = SentToken::new(id).judge(|response| response.is_unauthorized());
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
