//! Token exchange (RFC 8693).

use super::{Flow, Obtain, grant};
use crate::{
    OAuth2Builder,
    endpoint::TokenEndpoint,
    form::{Form, Value},
    request::TokenRequest,
};
use std::{fmt, future::Future};
use tower_auth_core::{AuthError, Secret};

/// `urn:ietf:params:oauth:token-type:access_token`
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The grant of [`OAuth2::token_exchange`](crate::OAuth2::token_exchange).
#[derive(Clone)]
pub struct TokenExchange {
    subject: Value,
    subject_type: String,
    subject_label: Option<String>,
    actor: Option<(Value, String)>,
    actor_label: Option<String>,
    requested_type: Option<String>,
}

impl TokenExchange {
    pub(crate) fn new(subject: Secret) -> Self {
        Self {
            subject: Value::text(subject),
            subject_type: ACCESS_TOKEN.to_owned(),
            subject_label: None,
            actor: None,
            actor_label: None,
            requested_type: None,
        }
    }

    fn validate(&self) -> Result<(), AuthError> {
        let is_empty = |value: &Value| value.is_empty();
        if is_empty(&self.subject) {
            return Err(AuthError::configuration("subject_token", "is empty"));
        }
        if self
            .actor
            .as_ref()
            .is_some_and(|(actor, _)| is_empty(actor))
        {
            return Err(AuthError::configuration("actor_token", "is empty"));
        }
        Ok(())
    }
}

impl<P> OAuth2Builder<TokenExchange, P> {
    /// The `subject_token`, asked for whenever a token is exchanged: a file that is rotated, another source.
    pub fn subject_token_from<F, T>(mut self, fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Secret, AuthError>> + Send + 'static,
    {
        self.grant.subject = Value::asked(fetch);
        self
    }

    /// The `subject_token_type`; an access token by default.
    pub fn subject_token_type(mut self, kind: impl Into<String>) -> Self {
        self.grant.subject_type = kind.into();
        self
    }

    /// The `actor_token`, of this type: who acts for the subject.
    pub fn actor_token(mut self, token: impl Into<Secret>, kind: impl Into<String>) -> Self {
        self.grant.actor = Some((Value::text(token), kind.into()));
        self
    }

    /// The same, asked for whenever a token is exchanged.
    pub fn actor_token_from<F, T>(mut self, kind: impl Into<String>, fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Secret, AuthError>> + Send + 'static,
    {
        self.grant.actor = Some((Value::asked(fetch), kind.into()));
        self
    }

    /// The `requested_token_type`.
    pub fn requested_token_type(mut self, kind: impl Into<String>) -> Self {
        self.grant.requested_type = Some(kind.into());
        self
    }

    /// Whose token is exchanged, in words: tells entries of a store apart in the place of the token. Not sent.
    ///
    /// Without it, a store keeps an entry for each subject token, and wants a label (or a
    /// [key](OAuth2Builder::store_key)) for tokens that are [asked for](Self::subject_token_from).
    pub fn subject_label(mut self, label: impl Into<String>) -> Self {
        self.grant.subject_label = Some(label.into());
        self
    }

    /// The same for the actor: who acts, in words.
    pub fn actor_label(mut self, label: impl Into<String>) -> Self {
        self.grant.actor_label = Some(label.into());
        self
    }
}

impl Flow for TokenExchange {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let form = Form::grant("urn:ietf:params:oauth:grant-type:token-exchange");
        let mut form = endpoint.complete(form);
        let subject = self.subject.clone().labelled(self.subject_label.clone());
        form.set_value("subject_token", subject);
        form.set("subject_token_type", &self.subject_type);
        if let Some((actor, kind)) = &self.actor {
            let actor = actor.clone().labelled(self.actor_label.clone());
            form.set_value("actor_token", actor);
            form.set("actor_token_type", kind);
        }
        if let Some(kind) = &self.requested_type {
            form.set("requested_token_type", kind);
        }
        Some(form)
    }

    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint, request: TokenRequest) -> Obtain<'a> {
        Box::pin(async move {
            let response = endpoint.ask(&request).await?;
            if response.issued_token_type().is_none() {
                // Required (section 2.2.1), left out by some, and of no consequence for a bearer token.
                tracing::debug!("the answer to a token exchange has no issued_token_type");
            }
            Ok(response)
        })
    }

    fn is_repeatable(&self) -> bool {
        true
    }
}

grant!(TokenExchange);

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("subject_token_type", &self.subject_type)
            .finish_non_exhaustive()
    }
}
