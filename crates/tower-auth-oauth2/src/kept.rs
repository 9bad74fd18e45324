//! Tokens with or without a store.

use crate::{login, source::Tokens};
use tower_auth_core::AuthError;
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, store::Stored};

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
            Self::InMemory(tokens) if tokens.flow.waits_for_person() => {
                login::fetch_alone(tokens, demand).await
            }
            Self::InMemory(tokens) => tokens.fetch(demand).await,
            Self::Stored(stored) if stored.source().flow.waits_for_person() => {
                login::fetch(stored, demand).await
            }
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
