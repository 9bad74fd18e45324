//! Tokens that are made ready for requests once, when they arrive.

use crate::{AccessToken, Demand, Failure, Fetched, Source};
use std::{fmt, ops::Deref};
use tower_auth_core::{AuthError, ErrorKind, bearer::Placement};

/// A token, and its form on requests. Dereferences to the token.
#[derive(Clone)]
pub struct Placed<V, P: Placement> {
    token: V,
    placed: P::Placed,
}

impl<V, P: Placement> Placed<V, P> {
    /// What [`Put::put`](tower_auth_core::bearer::Put::put) wants.
    pub fn placed(&self) -> &P::Placed {
        &self.placed
    }
}

impl<V, P: Placement> Deref for Placed<V, P> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.token
    }
}

impl<V: PartialEq, P: Placement> PartialEq for Placed<V, P> {
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl<V, P: Placement> fmt::Debug for Placed<V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").finish_non_exhaustive()
    }
}

/// A source of tokens that are placed on arrival: nothing is left to do for a request but to put them on it.
#[derive(Clone)]
pub struct Placing<S, P> {
    source: S,
    placement: P,
}

impl<S: Source<Value: AccessToken>, P: Placement> Placing<S, P> {
    /// Places what this source fetches.
    pub fn new(source: S, placement: P) -> Self {
        Self { source, placement }
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Where tokens go.
    pub fn placement(&self) -> &P {
        &self.placement
    }
}

impl<S, P> Source for Placing<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement,
{
    type Value = Placed<S::Value, P>;

    async fn fetch(&self, demand: Demand<Self::Value>) -> Result<Fetched<Self::Value>, Failure> {
        let fetched = self.source.fetch(demand.map(|placed| placed.token)).await?;
        fetched.try_map(|token| match self.placement.place(token.issued()) {
            Ok(placed) => Ok(Placed { token, placed }),
            Err(error) => Err(AuthError::new(
                ErrorKind::Credentials,
                "a token was fetched that no request can carry",
            )
            .with_source(error)
            .into()),
        })
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.source.clear().await
    }
}

impl<S, P: fmt::Debug> fmt::Debug for Placing<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placing")
            .field("source", &std::any::type_name::<S>())
            .field("placement", &self.placement)
            .finish()
    }
}
