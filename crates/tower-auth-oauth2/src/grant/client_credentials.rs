//! Client credentials (RFC 6749 section 4.4).

use super::{Flow, grant};
use crate::{endpoint::TokenEndpoint, form::Form};
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::client_credentials`](crate::OAuth2::client_credentials).
#[derive(Clone, Debug)]
pub struct ClientCredentials(pub(crate) ());

impl ClientCredentials {
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // as with the other grants
    fn validate(&self) -> Result<(), AuthError> {
        Ok(())
    }
}

impl Flow for ClientCredentials {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        Some(endpoint.complete(Form::grant("client_credentials")))
    }

    fn httpx_auth_fields(&self) -> Option<Vec<(&'static str, Secret)>> {
        Some(vec![("grant_type", "client_credentials".into())])
    }

    /// RFC 6749 section 4.4.3: none should be sent, and the client's own credentials get the next token as well.
    fn keeps_refresh_tokens(&self) -> bool {
        false
    }

    fn is_repeatable(&self) -> bool {
        true
    }
}

grant!(ClientCredentials);
