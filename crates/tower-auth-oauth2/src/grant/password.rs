//! Resource owner password credentials (RFC 6749 section 4.3).

use super::{Flow, grant};
use crate::{endpoint::TokenEndpoint, form::Form};
use std::fmt;
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::password`](crate::OAuth2::password).
#[derive(Clone)]
pub struct Password {
    username: String,
    password: Secret,
}

impl Password {
    pub(crate) fn new(username: &str, password: Secret) -> Self {
        let username = username.to_owned();
        Self { username, password }
    }

    fn validate(&self) -> Result<(), AuthError> {
        if self.username.is_empty() {
            return Err(AuthError::configuration("username", "is empty"));
        }
        if self.password.is_empty() {
            return Err(AuthError::configuration("password", "is empty"));
        }
        Ok(())
    }
}

impl Flow for Password {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let form = Form::grant("password")
            .with("username", &self.username)
            .with("password", &self.password);
        Some(endpoint.complete(form))
    }

    fn httpx_auth_fields(&self) -> Option<Vec<(&'static str, Secret)>> {
        Some(vec![
            ("grant_type", "password".into()),
            ("username", (&self.username).into()),
            ("password", self.password.clone()),
        ])
    }

    fn is_repeatable(&self) -> bool {
        true
    }
}

grant!(Password);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("username", &self.username)
            .field("password", &self.password)
            .finish()
    }
}
