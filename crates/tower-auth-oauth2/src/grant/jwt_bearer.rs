//! Assertions as grants (RFC 7523 section 2.1).

use super::{Flow, Identity, Obtain, fingerprint, grant};
use crate::{Assertion, OAuth2Builder, endpoint::TokenEndpoint, form::Form};
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

    fn check(&self) -> Result<(), AuthError> {
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
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        Box::pin(async move {
            let in_claims = self.scope_in_claims && matches!(self.signed, Signed::Here(_));
            let assertion = match &self.signed {
                Signed::Elsewhere(assertion) => assertion.clone(),
                Signed::Here(assertion) => {
                    let now = endpoint.endpoint.clock().now();
                    match &endpoint.scope {
                        Some(scope) if in_claims => {
                            let scoped = Assertion::clone(assertion).claim("scope", scope.as_str());
                            scoped.sign(now, endpoint.endpoint.url())?
                        }
                        _ => assertion.sign(now, endpoint.endpoint.url())?,
                    }
                }
            };
            let form = Form::grant("urn:ietf:params:oauth:grant-type:jwt-bearer")
                .with("assertion", assertion);
            let form = if in_claims {
                endpoint.complete_without_scope(form)
            } else {
                endpoint.complete(form)
            };
            endpoint.request(form).await
        })
    }

    fn identity(&self) -> Option<Identity> {
        let mut identity = vec![("grant_type", "jwt-bearer".to_owned())];
        match &self.signed {
            Signed::Here(assertion) => {
                let (issuer, subject) = assertion.parties();
                identity.push(("iss", issuer.unwrap_or_default().to_owned()));
                identity.push(("sub", subject.unwrap_or_default().to_owned()));
            }
            Signed::Elsewhere(assertion) => identity.push(("assertion", fingerprint(assertion))),
        }
        Some(identity)
    }
}

grant!(JwtBearer);
