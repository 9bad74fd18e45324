//! A refresh token that somebody got before (RFC 6749 section 6).

use super::{Flow, grant};
use crate::{endpoint::TokenEndpoint, form::Form};
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::refresh_token`](crate::OAuth2::refresh_token).
#[derive(Clone, Debug)]
pub struct RefreshToken(pub(crate) Secret);

impl RefreshToken {
    fn validate(&self) -> Result<(), AuthError> {
        if self.0.is_empty() {
            return Err(AuthError::configuration("refresh_token", "is empty"));
        }
        Ok(())
    }
}

impl Flow for RefreshToken {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        Some(endpoint.refreshing(&self.0, true))
    }

    fn first_refresh_token(&self) -> Option<Secret> {
        Some(self.0.clone())
    }

    fn is_interactive(&self) -> bool {
        true // a new first refresh token comes from a person
    }
}

grant!(RefreshToken);
