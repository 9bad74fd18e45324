//! Assertions as grants (RFC 7523 section 2.1).

use super::{Flow, grant};
use crate::{
    Assertion, OAuth2Builder,
    endpoint::TokenEndpoint,
    form::{Form, Value},
};
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::jwt_bearer`](crate::OAuth2::jwt_bearer).
#[derive(Clone, Debug)]
pub struct JwtBearer {
    signed: Signed,
    scope_in_claims: bool,
}

#[derive(Clone, Debug)]
enum Signed {
    Here(Box<Assertion>),
    Elsewhere(Secret),
}

impl JwtBearer {
    pub(crate) fn new(assertion: Assertion) -> Self {
        Self {
            signed: Signed::Here(Box::new(assertion)),
            scope_in_claims: false,
        }
    }

    pub(crate) fn given(assertion: Secret) -> Self {
        Self {
            signed: Signed::Elsewhere(assertion),
            scope_in_claims: false,
        }
    }

    /// The scope is said in the assertion, as Google wants it, and not in the form.
    pub(crate) fn with_scope_in_claims(self) -> Self {
        Self {
            scope_in_claims: true,
            ..self
        }
    }

    fn validate(&self) -> Result<(), AuthError> {
        match &self.signed {
            Signed::Elsewhere(assertion) if assertion.is_empty() => {
                Err(AuthError::configuration("assertion", "is empty"))
            }
            Signed::Elsewhere(_) => Ok(()),
            Signed::Here(assertion) => assertion.check(),
        }
    }
}

impl<P> OAuth2Builder<JwtBearer, P> {
    /// Says the scope in a claim of the assertion instead of the form: Google reads it there.
    pub fn scope_in_claims(mut self) -> Self {
        self.grant.scope_in_claims = true;
        self
    }

    /// For whom: the `sub` of the assertion, such as the user whom a Google service account stands in for
    /// (domain-wide delegation). Without effect on an assertion that was signed elsewhere.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        if let Signed::Here(assertion) = self.grant.signed {
            self.grant.signed = Signed::Here(Box::new(assertion.subject(subject)));
        }
        self
    }
}

impl Flow for JwtBearer {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let form = Form::grant("urn:ietf:params:oauth:grant-type:jwt-bearer");
        let (assertion, in_claims) = match &self.signed {
            Signed::Elsewhere(assertion) => (Value::text(assertion), false),
            Signed::Here(assertion) => {
                let assertion = Assertion::clone(assertion);
                let scope = endpoint.scope.as_ref().filter(|_| self.scope_in_claims);
                let assertion = match scope {
                    Some(scope) => assertion.claim("scope", scope.as_str()),
                    None => assertion,
                };
                (Value::signed(assertion), self.scope_in_claims)
            }
        };
        let form = form.with_value("assertion", assertion);
        Some(if in_claims {
            endpoint.complete_without_scope(form)
        } else {
            endpoint.complete(form)
        })
    }

    /// One that is signed here has another id the second time.
    fn is_repeatable(&self) -> bool {
        matches!(self.signed, Signed::Here(_))
    }
}

grant!(JwtBearer);
