//! A refresh token that somebody got before (RFC 6749 section 6).

use super::{Flow, Identity, Obtain, fingerprint, grant};
use crate::endpoint::TokenEndpoint;
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::refresh_token`](crate::OAuth2::refresh_token).
#[derive(Clone, Debug)]
pub struct RefreshToken(pub(crate) Secret);

impl RefreshToken {
    fn check(&self) -> Result<(), AuthError> {
        if self.0.is_empty() {
            return Err(AuthError::configuration("refresh_token", "is empty"));
        }
        Ok(())
    }
}

impl Flow for RefreshToken {
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        Box::pin(endpoint.refresh(&self.0, true))
    }

    fn identity(&self) -> Option<Identity> {
        Some(vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", fingerprint(&self.0)),
        ])
    }

    fn first_refresh_token(&self) -> Option<Secret> {
        Some(self.0.clone())
    }

    fn is_interactive(&self) -> bool {
        true // a new first refresh token comes from a person
    }
}

grant!(RefreshToken);
