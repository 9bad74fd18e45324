//! SAML assertions as grants (RFC 7522).

use super::{Flow, Identity, Obtain, fingerprint, grant};
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

    fn check(&self) -> Result<(), AuthError> {
        if self.assertion.is_empty() {
            return Err(AuthError::configuration("assertion", "is empty"));
        }
        Ok(())
    }
}

impl Flow for SamlBearer {
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        let form = Form::grant("urn:ietf:params:oauth:grant-type:saml2-bearer")
            .with("assertion", &self.assertion);
        Box::pin(endpoint.request(endpoint.complete(form)))
    }

    fn identity(&self) -> Option<Identity> {
        Some(vec![
            ("grant_type", "saml2-bearer".to_owned()),
            ("assertion", fingerprint(&self.assertion)),
        ])
    }
}

grant!(SamlBearer);
