//! Token exchange (RFC 8693).

use super::{Flow, Identity, Obtain, fingerprint, grant};
use crate::{OAuth2Builder, endpoint::TokenEndpoint, error::TokenError, form::Form};
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tower_auth_core::{AuthError, Secret};

/// `urn:ietf:params:oauth:token-type:access_token`
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

type Fetched = Pin<Box<dyn Future<Output = Result<Secret, AuthError>> + Send>>;

/// The grant of [`OAuth2::token_exchange`](crate::OAuth2::token_exchange).
#[derive(Clone)]
pub struct TokenExchange {
    subject: Given,
    subject_type: String,
    actor: Option<(Given, String)>,
    requested_type: Option<String>,
    label: Option<String>,
}

/// A token that is there, or got when it is needed.
#[derive(Clone)]
enum Given {
    Fixed(Secret),
    Fetched(Arc<dyn Fn() -> Fetched + Send + Sync>),
}

impl Given {
    async fn get(&self) -> Result<Secret, AuthError> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Fetched(fetch) => fetch().await,
        }
    }
}

impl TokenExchange {
    pub(crate) fn new(subject: Secret) -> Self {
        Self {
            subject: Given::Fixed(subject),
            subject_type: ACCESS_TOKEN.to_owned(),
            actor: None,
            requested_type: None,
            label: None,
        }
    }

    fn check(&self) -> Result<(), AuthError> {
        match &self.subject {
            Given::Fixed(token) if token.is_empty() => {
                Err(AuthError::configuration("subject_token", "is empty"))
            }
            _ => Ok(()),
        }?;
        match &self.actor {
            Some((Given::Fixed(token), _)) if token.is_empty() => {
                Err(AuthError::configuration("actor_token", "is empty"))
            }
            _ => Ok(()),
        }
    }
}

impl<P> OAuth2Builder<TokenExchange, P> {
    /// The `subject_token`, asked for whenever a token is exchanged: a file that is rotated, another source.
    pub fn subject_token_from<F, T>(mut self, fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Secret, AuthError>> + Send + 'static,
    {
        self.grant.subject = Given::Fetched(Arc::new(move || Box::pin(fetch())));
        self
    }

    /// The `subject_token_type`; an access token by default.
    pub fn subject_token_type(mut self, kind: impl Into<String>) -> Self {
        self.grant.subject_type = kind.into();
        self
    }

    /// The `actor_token`, of this type: who acts for the subject.
    pub fn actor_token(mut self, token: impl Into<Secret>, kind: impl Into<String>) -> Self {
        self.grant.actor = Some((Given::Fixed(token.into()), kind.into()));
        self
    }

    /// The `requested_token_type`.
    pub fn requested_token_type(mut self, kind: impl Into<String>) -> Self {
        self.grant.requested_type = Some(kind.into());
        self
    }

    /// Whose token is exchanged, in words: tells entries of a store apart. Not sent.
    ///
    /// Without it, a store keeps an entry for each subject token, and wants a label (or a
    /// [key](OAuth2Builder::store_key)) for tokens that are [asked for](Self::subject_token_from).
    pub fn subject_label(mut self, label: impl Into<String>) -> Self {
        self.grant.label = Some(label.into());
        self
    }
}

impl Flow for TokenExchange {
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        Box::pin(async move {
            let form = Form::grant("urn:ietf:params:oauth:grant-type:token-exchange");
            let mut form = endpoint.complete(form);
            form.set("subject_token", self.subject.get().await?);
            form.set("subject_token_type", &self.subject_type);
            if let Some((actor, kind)) = &self.actor {
                form.set("actor_token", actor.get().await?);
                form.set("actor_token_type", kind);
            }
            if let Some(kind) = &self.requested_type {
                form.set("requested_token_type", kind);
            }
            let response = endpoint.request(form).await?;
            if response.issued_token_type().is_none() {
                // Required (section 2.2.1), left out by some, and of no consequence for a bearer token.
                tracing::debug!("the answer to a token exchange has no issued_token_type");
            }
            Ok::<_, TokenError>(response)
        })
    }

    fn identity(&self) -> Option<Identity> {
        let subject = match (&self.label, &self.subject) {
            (Some(label), _) => label.clone(),
            (None, Given::Fixed(token)) => fingerprint(token),
            (None, Given::Fetched(_)) => return None,
        };
        let mut identity = vec![
            ("grant_type", "token-exchange".to_owned()),
            ("subject_token_type", self.subject_type.clone()),
            ("subject", subject),
        ];
        if let Some((Given::Fixed(token), kind)) = &self.actor {
            identity.push(("actor", fingerprint(token)));
            identity.push(("actor_token_type", kind.clone()));
        }
        identity.extend(
            self.requested_type
                .clone()
                .map(|kind| ("requested_token_type", kind)),
        );
        Some(identity)
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
