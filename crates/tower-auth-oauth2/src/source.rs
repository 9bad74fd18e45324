//! Tokens, as the engine asks for them.

use crate::{TokenResponse, endpoint::TokenEndpoint, error::TokenError, grant::Flow};
use std::{fmt, sync::Arc};
use tower_auth_core::AuthError;
use tower_auth_core::Secret;
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, store::Stored};

pub(crate) type OnToken = Arc<dyn Fn(&TokenResponse) + Send + Sync>;

/// A grant at an endpoint.
pub(crate) struct Tokens {
    pub(crate) flow: Box<dyn Flow>,
    pub(crate) endpoint: Option<TokenEndpoint>,
    pub(crate) on_token: Option<OnToken>,
    /// Others may put tokens where these are kept.
    pub(crate) is_shared: bool,
}

impl Tokens {
    async fn get(&self, refresh_token: Option<Secret>) -> Result<TokenResponse, TokenError> {
        let Some(endpoint) = &self.endpoint else {
            return match self.flow.obtain_alone() {
                Some(obtain) => obtain.await,
                None => Err(TokenError::NoEndpoint("token_endpoint")),
            };
        };
        let Some(refresh_token) = refresh_token else {
            return self.flow.obtain(endpoint).await;
        };
        match endpoint.refresh(&refresh_token).await {
            Err(error) if error.is_refusal() => {
                tracing::debug!(%error, "the refresh token was refused");
                match self.flow.first_refresh_token() {
                    // Before a person is bothered, the store is looked at: somebody else may have a better one.
                    _ if self.is_shared && self.flow.is_interactive() => Err(error),
                    // There is nothing else to begin with, or only what was refused just now.
                    Some(first) if first.expose() == refresh_token.expose() => Err(error),
                    _ => self.flow.obtain(endpoint).await,
                }
            }
            result => result,
        }
    }

    /// `refreshing` says whether there was a refresh token other than the first one.
    fn failure(&self, error: TokenError, refreshing: bool) -> Failure {
        let refused = error.is_refusal();
        let refused_refresh = refused && refreshing && self.is_shared && self.flow.is_interactive();
        let gave_up = matches!(error, TokenError::DeviceCodeExpired);
        let retry_after = error.retry_after();
        let failure = Failure::new(error.into_auth("no token could be had"));
        let failure = match retry_after {
            Some(wait) => failure.retry_after(wait),
            None if refused_refresh => failure.retry_at_once(),
            // A person said no, or did not come: asking again is for a person to decide.
            None if self.flow.is_interactive() && (refused || gave_up) => {
                failure.retry_when_cleared()
            }
            None => failure,
        };
        if refused {
            failure.previous_is_worthless()
        } else {
            failure
        }
    }
}

impl Source for Tokens {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let previous = demand.previous.as_ref().and_then(Token::refresh).cloned();
        let refreshing = previous.is_some();
        let response = self
            .get(previous)
            .await
            .map_err(|error| self.failure(error, refreshing))?;
        if let Some(on_token) = &self.on_token {
            on_token(&response);
        }
        let refresh = response
            .refresh_token()
            .filter(|_| self.flow.keeps_refresh_tokens());
        let token = Token::new(response.access_token()).with_refresh(refresh.cloned());
        let fetched = Fetched::new(token).lifetime(response.expires_in());
        Ok(match response.asked_at() {
            Some(asked_at) => fetched.asked_at(asked_at),
            None => fetched,
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("grant", &self.flow)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Where tokens are kept.
pub(crate) enum Kept {
    InMemory(Tokens),
    Stored(Stored<Tokens>),
}

impl Kept {
    pub(crate) fn tokens(&self) -> &Tokens {
        match self {
            Self::InMemory(tokens) => tokens,
            Self::Stored(stored) => stored.source(),
        }
    }
}

impl Source for Kept {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        match self {
            Self::InMemory(tokens) => tokens.fetch(demand).await,
            Self::Stored(stored) => stored.fetch(demand).await,
        }
    }

    async fn clear(&self) -> Result<(), AuthError> {
        match self {
            Self::InMemory(tokens) => tokens.clear().await,
            Self::Stored(stored) => stored.clear().await,
        }
    }
}
