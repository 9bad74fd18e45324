//! SAML assertions as grants (RFC 7522).

use super::{Flow, grant};
use crate::{endpoint::TokenEndpoint, form::Form};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::saml_bearer`](crate::OAuth2::saml_bearer).
#[derive(Clone, Debug)]
pub struct SamlBearer {
    assertion: Secret, // encoded
}

impl SamlBearer {
    /// `xml` is the assertion itself.
    pub(crate) fn new(xml: &Secret) -> Self {
        Self {
            assertion: BASE64_URL_SAFE_NO_PAD.encode(xml.expose()).into(),
        }
    }

    fn validate(&self) -> Result<(), AuthError> {
        if self.assertion.is_empty() {
            return Err(AuthError::configuration("assertion", "is empty"));
        }
        Ok(())
    }
}

impl Flow for SamlBearer {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let form = Form::grant("urn:ietf:params:oauth:grant-type:saml2-bearer")
            .with("assertion", &self.assertion);
        Some(endpoint.complete(form))
    }
}

grant!(SamlBearer);
