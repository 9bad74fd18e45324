//! A role, assumed with the credentials of another provider.

use super::{Role, Sts};
use crate::Credentials;
use crate::credentials::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext,
    config::{ProfileSet, Selected},
    error::Errors,
};
use std::{sync::Arc, time::Duration};

const ERRORS: Errors = Errors("assume role");

/// A role, assumed with the credentials of another provider (STS `AssumeRole`, signed with Signature Version 4).
///
/// STS is found as for a [`Profile`](crate::credentials::Profile).
///
/// ```no_run
/// use tower_auth_aws::credentials::{AssumeRole, DefaultChain, ProvideCredentials, ProviderContext};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let context = ProviderContext::new();
/// let role = AssumeRole::new(&context, DefaultChain::new(&context), "arn:aws:iam::123456789012:role/reader")
///     .session_name("nightly-report");
/// let credentials = role.provide().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AssumeRole {
    context: ProviderContext,
    source: Arc<dyn ProvideCredentials>,
    role: Role,
}

impl AssumeRole {
    /// The role of this ARN, assumed with the credentials of `source`.
    pub fn new(
        context: &ProviderContext,
        source: impl ProvideCredentials + 'static,
        role_arn: impl Into<String>,
    ) -> Self {
        Self {
            context: context.clone(),
            source: Arc::new(source),
            role: Role {
                arn: role_arn.into(),
                ..Role::default()
            },
        }
    }

    /// The name of the session, as it shows up in logs. Default: `tower-auth-` and the time in milliseconds.
    #[must_use]
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.role.session_name = Some(name.into());
        self
    }

    /// The identifier that the owner of the role demands of third parties.
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.role.external_id = Some(id.into());
        self
    }

    /// How long the credentials last: 15 minutes to what the role allows, in whole seconds. Default: that of STS, one hour.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.role.duration = Some(duration.as_secs());
        self
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let set = ProfileSet::load(&self.context, ERRORS).await?;
        let selected = Selected::new(&self.context);
        let sts = Sts::new(&self.context, &set, &selected.name, ERRORS)?;
        let source = self.source.provide().await?;
        sts.assume_role(&source, &self.role).await
    }
}

impl ProvideCredentials for AssumeRole {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
