//! Credentials in environment variables.

use super::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext, document, error::Errors,
    timestamp,
};
use crate::Credentials;

const ERRORS: Errors = Errors("environment");

/// Credentials in environment variables.
///
/// | variable | what it holds |
/// | --- | --- |
/// | `AWS_ACCESS_KEY_ID` | the identifier of the key; without it this provider is not configured |
/// | `AWS_SECRET_ACCESS_KEY`, or `SECRET_ACCESS_KEY` | the secret |
/// | `AWS_SESSION_TOKEN` | the session token of a temporary key |
/// | `AWS_CREDENTIAL_EXPIRATION` | RFC 3339 time at which the key ends; as a rule unset |
#[derive(Clone, Debug)]
pub struct Environment(ProviderContext);

impl Environment {
    /// The variables of this context.
    pub fn new(context: &ProviderContext) -> Self {
        Self(context.clone())
    }

    fn read(&self) -> Result<Credentials, CredentialsError> {
        let env = &self.0.env;
        let id = env
            .var("AWS_ACCESS_KEY_ID")
            .ok_or_else(|| ERRORS.not_configured("`AWS_ACCESS_KEY_ID` is not set"))?;
        let secret = env
            .var("AWS_SECRET_ACCESS_KEY")
            .or_else(|| env.var("SECRET_ACCESS_KEY"))
            .ok_or_else(|| {
                ERRORS.configuration("`AWS_ACCESS_KEY_ID` is set, `AWS_SECRET_ACCESS_KEY` is not")
            })?;
        let token = env.var("AWS_SESSION_TOKEN").map(Into::into);
        let expiration = match env.var("AWS_CREDENTIAL_EXPIRATION") {
            None => None,
            Some(text) => Some(timestamp::parse(&text).ok_or_else(|| {
                ERRORS.configuration("`AWS_CREDENTIAL_EXPIRATION` is not an RFC 3339 time")
            })?),
        };
        document::build(&id, secret, token, expiration, ERRORS)
    }
}

impl ProvideCredentials for Environment {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { self.read() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{CredentialsErrorKind, Env};

    fn read<const N: usize>(variables: [(&str, &str); N]) -> Result<Credentials, CredentialsError> {
        Environment::new(&ProviderContext::new().with_env(Env::from_iter(variables))).read()
    }

    #[test]
    fn a_key_is_read_with_its_token_and_its_end() {
        let key = read([
            ("AWS_ACCESS_KEY_ID", " AKID\n"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T00:00:00Z"),
        ])
        .unwrap();
        assert_eq!(key.access_key_id(), "AKID");
        assert_eq!(key.secret_access_key().expose(), "secret");
        assert_eq!(key.session_token().unwrap(), "token");
        assert_eq!(key.expires_at(), timestamp::parse("2026-01-01T00:00:00Z"));
        let legacy = read([("AWS_ACCESS_KEY_ID", "A"), ("SECRET_ACCESS_KEY", "s")]).unwrap();
        assert!(legacy.session_token().is_none() && legacy.expires_at().is_none());
    }

    #[test]
    fn no_key_lets_a_chain_go_on_and_half_a_key_does_not() {
        let kind = |error: Result<_, CredentialsError>| error.unwrap_err().kind();
        for empty in ["", " "] {
            let result = read([("AWS_ACCESS_KEY_ID", empty), ("AWS_SECRET_ACCESS_KEY", "s")]);
            assert_eq!(kind(result), CredentialsErrorKind::NotConfigured);
        }
        let result = read([("AWS_ACCESS_KEY_ID", "AKID")]);
        assert_eq!(kind(result), CredentialsErrorKind::Configuration);
    }
}
