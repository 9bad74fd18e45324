//! A way of the user's own.

use super::{CheckedGrant, Flow, Grant, Obtain};
use crate::{
    TokenResponse, endpoint::TokenEndpoint, error::TokenError, form::Form, response::TokenTypes,
};
use std::{fmt, future::Future, sync::Arc};
use tower_auth_core::AuthError;

/// The grant of [`OAuth2::from_fn`](crate::OAuth2::from_fn).
#[derive(Clone)]
pub struct Custom<F>(pub(crate) Arc<F>);

impl<F, T> Custom<F>
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<TokenResponse, AuthError>> + Send + 'static,
{
    fn get(&self) -> Obtain<'_> {
        Box::pin(async move {
            let response = (self.0)().await.map_err(TokenError::from)?;
            response.only(&TokenTypes::Bearer(Vec::new()))
        })
    }
}

impl<F, T> Grant for Custom<F>
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<TokenResponse, AuthError>> + Send + 'static,
{
    fn check(self) -> Result<CheckedGrant, AuthError> {
        Ok(CheckedGrant(Box::new(self)))
    }
}

impl<F, T> Flow for Custom<F>
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<TokenResponse, AuthError>> + Send + 'static,
{
    /// Nothing that is known here.
    fn form(&self, _: &TokenEndpoint) -> Option<Form> {
        None
    }

    fn obtain_alone(&self) -> Option<Obtain<'_>> {
        Some(self.get())
    }
}

impl<F> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}
