//! Credentials that are remembered until they expire.

use super::{
    CredentialsError, CredentialsErrorKind, ProvideCredentials, ProvideFuture, error::Errors,
};
use crate::Credentials;
use std::{fmt, sync::Arc, time::Duration};
use tower_auth_core::{AuthError, Step, Verdict};
use tower_auth_token::{Acquire, Cache, CacheBuilder, Current, Demand, Failure, Fetched, Source};

const ERRORS: Errors = Errors("cache");

/// The credentials of a provider, remembered until shortly before they expire. Clones share them.
///
/// However many requests need them, the provider is asked once at a time. It is asked again 30 seconds before they
/// expire, or in the five minutes before that, while requests go on with the old ones; after a failure there is a pause,
/// which grows from one second to a minute. Credentials without an end are kept until a server refuses them. All of that
/// can be changed: see [`builder`](Self::builder) and [`CacheBuilder`].
///
/// ```
/// use tower_auth_aws::{Credentials, credentials::{CachedCredentials, provider_fn}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let vault = provider_fn(|| async { Ok(Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG")?) });
/// let cached = CachedCredentials::new(vault);
/// assert_eq!(cached.get().await?.access_key_id(), "AKIDEXAMPLE");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CachedCredentials(Cache<CredentialsSource>);

impl CachedCredentials {
    /// In front of this provider, with the defaults.
    pub fn new(provider: impl ProvideCredentials + 'static) -> Self {
        Self::from_cache(Self::builder(provider).build())
    }

    /// To tell the cache more; what it builds goes into [`from_cache`](Self::from_cache).
    ///
    /// A fetch may take two minutes, unless [`timeout`](CacheBuilder::timeout) says otherwise: a chain may wait for a
    /// command, and then for STS.
    pub fn builder(provider: impl ProvideCredentials + 'static) -> CacheBuilder<CredentialsSource> {
        Cache::builder(CredentialsSource(Arc::new(provider))).timeout(Duration::from_secs(120))
    }

    /// This cache.
    pub fn from_cache(cache: Cache<CredentialsSource>) -> Self {
        Self(cache)
    }

    /// The cache: to forget the credentials, or to look at them.
    pub fn cache(&self) -> &Cache<CredentialsSource> {
        &self.0
    }

    /// The credentials, waiting for them when need be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials), with the [`CredentialsError`] of the
    /// provider as its source.
    pub async fn get(&self) -> Result<Current<Credentials>, AuthError> {
        self.0.get().await
    }

    /// The credentials, at once when they are at hand.
    pub fn acquire(&self) -> Step<Current<Credentials>, Acquire<Credentials>> {
        self.0.acquire()
    }

    /// A server did not accept these. Says whether others may do better.
    pub fn refused(&self, sent: &Current<Credentials>) -> Verdict {
        self.0.refused(sent)
    }
}

impl fmt::Debug for CachedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredentials")
            .field("provider", &self.0.source().0)
            .finish_non_exhaustive()
    }
}

/// So that one cache may stand before several roles.
impl ProvideCredentials for CachedCredentials {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            match self.get().await {
                Ok(credentials) => Ok(Credentials::clone(&credentials)),
                Err(error) => Err(again(error)),
            }
        })
    }
}

/// The kind of the provider's error stays visible behind the cache.
fn again(error: AuthError) -> CredentialsError {
    let kind = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<CredentialsError>())
        .map_or(CredentialsErrorKind::Unreachable, CredentialsError::kind);
    CredentialsError::new(kind, ERRORS.0, "the provider has no credentials").with_source(error)
}

/// A provider, as the source of a [`Cache`].
#[derive(Clone, Debug)]
pub struct CredentialsSource(Arc<dyn ProvideCredentials>);

impl Source for CredentialsSource {
    type Value = Credentials;

    async fn fetch(&self, demand: Demand<Credentials>) -> Result<Fetched<Credentials>, Failure> {
        let credentials = self.0.provide().await.map_err(AuthError::from)?;
        let end = credentials.expires_at();
        if end.is_some_and(|end| end <= demand.clock.now()) {
            let expired = ERRORS.expired(
                "the provider gave credentials that have expired; is the clock of this machine right?",
            );
            return Err(AuthError::from(expired).into());
        }
        Ok(Fetched::new(credentials).expires_at(end))
    }
}
