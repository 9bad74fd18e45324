//! The credential files of Google.

use super::OAuth2Builder;
use crate::{ClientAuth, OAuth2, fields::Fields, grant::RefreshToken};
use serde_json::Value;
use tower_auth_core::AuthError;

/// Where both kinds of file get their tokens when they do not say.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// A file that is of this type.
struct File {
    parameter: &'static str,
    fields: Fields,
}

impl File {
    fn read(parameter: &'static str, json: &str, kind: &str) -> Result<Self, AuthError> {
        let Some(fields) = Fields::parse(json) else {
            return Err(AuthError::configuration(parameter, "is no JSON object"));
        };
        let file = Self { parameter, fields };
        match (file.text("type"), kind) {
            (Some(found), kind) if found == kind => Ok(file),
            (Some("authorized_user"), _) => Err(AuthError::configuration(
                parameter,
                "is the file of a user (`authorized_user`): read it with `OAuth2::google_authorized_user`",
            )),
            (Some("service_account"), _) => Err(AuthError::configuration(
                parameter,
                "is the file of a service account: read it with `OAuth2::google_service_account`",
            )),
            _ => Err(AuthError::configuration(
                parameter,
                format!("is another kind of file: its `type` is not `{kind}`"),
            )),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    fn needed(&self, name: &str) -> Result<&str, AuthError> {
        self.text(name)
            .ok_or_else(|| AuthError::configuration(self.parameter, format!("has no `{name}`")))
    }

    fn token_url(&self) -> &str {
        self.text("token_uri").unwrap_or(TOKEN_URL)
    }
}

impl OAuth2 {
    /// A Google service account, from the text of its JSON key file.
    ///
    /// Signs `iss` (the account), `aud` (the `token_uri` of the file) and the scope with the key of the file (RS256), for
    /// an hour. The [`scope`](OAuth2Builder::scope) is mandatory; for domain-wide delegation give the
    /// [`subject`](OAuth2Builder::subject).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when it is no such file.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn google_service_account(
        json: impl AsRef<str>,
    ) -> Result<OAuth2Builder<crate::grant::JwtBearer>, AuthError> {
        let json = json.as_ref();
        use crate::{Algorithm, Assertion, SigningKey, grant::JwtBearer};
        let file = File::read("service account", json, "service_account")?;
        let mut key = SigningKey::from_pem(Algorithm::Rs256, file.needed("private_key")?)?;
        if let Some(key_id) = file.text("private_key_id") {
            key = key.with_key_id(key_id);
        }
        let assertion = Assertion::new(key)
            .issuer(file.needed("client_email")?)
            .audience(file.token_url())
            .lifetime(std::time::Duration::from_secs(3600));
        let grant = JwtBearer::new(assertion).with_scope_in_claims();
        let auth = Ok(ClientAuth::anonymous());
        let builder = OAuth2Builder::new(grant, Some(file.token_url()), auth);
        Ok(builder.require_scope(Some(
            "e.g. `https://www.googleapis.com/auth/cloud-platform`",
        )))
    }

    /// A Google user, from the text of the file that `gcloud auth application-default login` writes
    /// (`"type": "authorized_user"`): its refresh token, and the client that it was issued to.
    ///
    /// Sends `grant_type=refresh_token`, `refresh_token`, `client_id` and `client_secret`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when it is no such file.
    pub fn google_authorized_user(
        json: impl AsRef<str>,
    ) -> Result<OAuth2Builder<RefreshToken>, AuthError> {
        let json = json.as_ref();
        let file = File::read("authorized user", json, "authorized_user")?;
        let auth = ClientAuth::post(file.needed("client_id")?, file.needed("client_secret")?)?;
        let grant = RefreshToken(file.needed("refresh_token")?.into());
        Ok(OAuth2Builder::new(grant, Some(file.token_url()), Ok(auth)))
    }
}
