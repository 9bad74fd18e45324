//! One provider after the other.

use super::{
    Container, CredentialsError, Environment, InstanceMetadata, Profile, ProvideCredentials,
    ProvideFuture, ProviderContext, WebIdentity, error::Errors,
};
use crate::Credentials;
use std::sync::Arc;

const ERRORS: Errors = Errors("chain");

/// Asks one provider after the other, until one is configured.
///
/// A provider that is configured and fails ends the chain with its error: going on would silently use an identity that
/// nobody meant.
#[derive(Clone, Debug, Default)]
pub struct Chain(Vec<Arc<dyn ProvideCredentials>>);

impl Chain {
    /// Without any provider.
    pub fn new() -> Self {
        Self::default()
    }

    /// This provider is asked after those before.
    #[must_use]
    pub fn then(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.0.push(Arc::new(provider));
        self
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let mut reasons = String::new();
        for provider in &self.0 {
            match provider.provide().await {
                Ok(credentials) => {
                    tracing::debug!(
                        access_key_id = credentials.access_key_id(),
                        "found AWS credentials"
                    );
                    return Ok(credentials);
                }
                Err(error) if error.is_not_configured() => {
                    if !reasons.is_empty() {
                        reasons.push_str("; ");
                    }
                    reasons.push_str(&error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Err(ERRORS.not_configured(format!("no provider is configured ({reasons})")))
    }
}

impl ProvideCredentials for Chain {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}

/// The places where credentials are looked for by default, in the order of the AWS SDK for Rust:
///
/// 1. [`Environment`]
/// 2. [`Profile`]
/// 3. [`WebIdentity`]
/// 4. [`Container`]
/// 5. [`InstanceMetadata`]
///
/// The first that is configured is used. One that is configured and fails ends the search, and when none is, the error
/// says of each why not.
///
/// ```no_run
/// use tower_auth_aws::credentials::{DefaultChain, ProvideCredentials, ProviderContext};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = DefaultChain::new(&ProviderContext::new()).provide().await?;
/// println!("signing as {}", credentials.access_key_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DefaultChain(Chain);

impl DefaultChain {
    /// All five, in this context.
    pub fn new(context: &ProviderContext) -> Self {
        let chain = Chain::new()
            .then(Environment::new(context))
            .then(Profile::new(context))
            .then(WebIdentity::new(context))
            .then(Container::new(context))
            .then(InstanceMetadata::new(context));
        Self(chain)
    }
}

impl ProvideCredentials for DefaultChain {
    fn provide(&self) -> ProvideFuture<'_> {
        self.0.provide()
    }
}
