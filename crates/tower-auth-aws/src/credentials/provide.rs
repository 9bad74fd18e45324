//! What gives credentials.

use super::CredentialsError;
use crate::Credentials;
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// The future of a [`ProvideCredentials`].
pub type ProvideFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send + 'a>>;

/// A place that credentials come from.
///
/// Each call fetches anew. A [`CachedCredentials`](super::CachedCredentials) in front of it remembers them until
/// shortly before they expire.
///
/// [`Credentials`] themselves are a provider that always gives the same; [`provider_fn`] makes one of a closure.
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Fetches credentials.
    ///
    /// The future fails with [`NotConfigured`](super::CredentialsErrorKind::NotConfigured) when there is nothing to
    /// fetch them from, which lets a [`Chain`](super::Chain) go on.
    fn provide(&self) -> ProvideFuture<'_>;
}

/// Always the same.
impl ProvideCredentials for Credentials {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { Ok(self.clone()) })
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide(&self) -> ProvideFuture<'_> {
        (**self).provide()
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Box<P> {
    fn provide(&self) -> ProvideFuture<'_> {
        (**self).provide()
    }
}

/// A provider that calls a closure: for credentials that a vault or a library of yours knows.
///
/// ```
/// use tower_auth_aws::{Credentials, credentials::{ProvideCredentials, provider_fn}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let vault = provider_fn(|| async { Ok(Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG")?) });
/// assert_eq!(vault.provide().await?.access_key_id(), "AKIDEXAMPLE");
/// # Ok(())
/// # }
/// ```
pub fn provider_fn<F, T>(fetch: F) -> ProviderFn<F>
where
    F: Fn() -> T + Send + Sync,
    T: Future<Output = Result<Credentials, CredentialsError>> + Send,
{
    ProviderFn(fetch)
}

/// A closure as a provider: see [`provider_fn`].
#[derive(Clone, Copy)]
pub struct ProviderFn<F>(F);

impl<F, T> ProvideCredentials for ProviderFn<F>
where
    F: Fn() -> T + Send + Sync,
    T: Future<Output = Result<Credentials, CredentialsError>> + Send,
{
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { (self.0)().await })
    }
}

impl<F> fmt::Debug for ProviderFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderFn")
    }
}
