//! A token of another identity provider, exchanged for credentials: EKS service accounts, CI jobs.

use super::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext,
    config::{ProfileSet, Selected},
    error::Errors,
    file::{self, without_mark},
    sts::{Role, Sts, WebIdentityRole},
};
use crate::Credentials;
use tower_auth_core::Secret;

const ERRORS: Errors = Errors("web identity");
/// STS takes tokens of up to 20 000 characters.
const MAX_TOKEN: usize = 32 * 1024;

/// A token in a file, exchanged with STS for credentials (`AssumeRoleWithWebIdentity`).
///
/// | variable | what it holds |
/// | --- | --- |
/// | `AWS_WEB_IDENTITY_TOKEN_FILE` | the file with the token; without it this provider is not configured |
/// | `AWS_ROLE_ARN` | the role to assume |
/// | `AWS_ROLE_SESSION_NAME` | the name of the session; default `tower-auth-` and the time in milliseconds |
///
/// The file is read anew for every fetch, since whoever writes it replaces the token before it expires. STS is found as
/// for a [`Profile`](super::Profile). The request is not signed: the token is what proves the identity.
#[derive(Clone, Debug)]
pub struct WebIdentity(ProviderContext);

impl WebIdentity {
    /// The variables of this context.
    pub fn new(context: &ProviderContext) -> Self {
        Self(context.clone())
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let env = &self.0.env;
        let token_file = env
            .var("AWS_WEB_IDENTITY_TOKEN_FILE")
            .ok_or_else(|| ERRORS.not_configured("`AWS_WEB_IDENTITY_TOKEN_FILE` is not set"))?;
        let arn = env.var("AWS_ROLE_ARN").ok_or_else(|| {
            ERRORS.configuration("`AWS_WEB_IDENTITY_TOKEN_FILE` is set, `AWS_ROLE_ARN` is not")
        })?;
        let role = WebIdentityRole {
            role: Role {
                arn,
                session_name: env.var("AWS_ROLE_SESSION_NAME"),
                external_id: None,
                duration: None,
            },
            token_file,
        };
        let set = ProfileSet::load(&self.0, ERRORS).await?;
        let selected = Selected::new(&self.0);
        let sts = Sts::new(&self.0, &set, &selected.name, ERRORS)?;
        assume(&self.0, &sts, &role, ERRORS).await
    }
}

/// Reads the token, and exchanges it.
pub(super) async fn assume(
    context: &ProviderContext,
    sts: &Sts,
    role: &WebIdentityRole,
    errors: Errors,
) -> Result<Credentials, CredentialsError> {
    let path = context.env.path(&role.token_file);
    let text = file::read(
        &context.env,
        &path,
        MAX_TOKEN,
        "the web identity token",
        errors,
    );
    let token = text.await?.ok_or_else(|| {
        errors.io(format!(
            "the web identity token `{}` does not exist",
            path.display()
        ))
    })?;
    let token = Secret::from(without_mark(token.expose()).trim());
    if token.is_empty() {
        return Err(errors.malformed(format!(
            "the web identity token `{}` is empty",
            path.display()
        )));
    }
    sts.assume_role_with_web_identity(&role.role, &token).await
}

impl ProvideCredentials for WebIdentity {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
