//! Client credentials (RFC 6749 section 4.4).

use super::{Flow, Identity, Obtain, grant};
use crate::{endpoint::TokenEndpoint, form::Form};
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::client_credentials`](crate::OAuth2::client_credentials).
#[derive(Clone, Debug)]
pub struct ClientCredentials(pub(crate) ());

impl ClientCredentials {
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // as with the other grants
    fn check(&self) -> Result<(), AuthError> {
        Ok(())
    }
}

impl Flow for ClientCredentials {
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        let form = endpoint.complete(Form::grant("client_credentials"));
        Box::pin(endpoint.request(form))
    }

    fn identity(&self) -> Option<Identity> {
        Some(vec![("grant_type", "client_credentials".to_owned())])
    }

    fn httpx_auth_fields(&self) -> Option<Vec<(&'static str, Secret)>> {
        Some(vec![("grant_type", "client_credentials".into())])
    }

    /// RFC 6749 section 4.4.3: none should be sent, and the client's own credentials get the next token as well.
    fn keeps_refresh_tokens(&self) -> bool {
        false
    }
}

grant!(ClientCredentials);
