//! Where AWS credentials come from.
//!
//! A [`ProvideCredentials`] fetches them. These are at hand:
//!
//! | provider | where from |
//! | --- | --- |
//! | [`Credentials`](crate::Credentials) | always the same |
//! | [`provider_fn`] | a closure of yours |
//! | [`Environment`] | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` |
//! | [`Profile`] | `~/.aws/config` and `~/.aws/credentials`: keys, assumed roles, `credential_process`, SSO, web identity |
//! | [`Process`] | a command that prints them |
//! | [`AssumeRole`] | STS, with the credentials of another provider |
//! | [`WebIdentity`] | STS, with a token in a file: EKS service accounts, CI jobs |
//! | [`Container`] | the agent of ECS, EKS Pod Identity, Greengrass |
//! | [`InstanceMetadata`] | EC2, IMDSv2 |
//! | [`Chain`] | the first of several that is configured |
//! | [`DefaultChain`] | environment, profile, web identity, container, instance metadata |
//!
//! Each call of a provider fetches. [`CachedCredentials`] puts a cache in front of one, and that is what signs requests:
//! single flight, refreshed before they expire, a pause after a failure.
//!
//! Everything that providers touch outside of the program comes through a [`ProviderContext`]: environment variables,
//! files and child processes (an [`Env`]); the clock; the HTTP client. Waits, sizes and attempts are bounded, whatever the
//! client does. Providers that wait need a tokio runtime with its timer and, for connections, its I/O enabled.
//!
//! The default client speaks plain http, which is all that containers and instance metadata need, and https with the
//! feature `rustls`. Any other client takes its place with [`ProviderContext::with_http_client`]; see [`HttpClient::new`].
//!
//! ```no_run
//! use tower_auth_aws::{SigV4, credentials::{CachedCredentials, DefaultChain, ProviderContext, region}};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let context = ProviderContext::new();
//! let region = region(&context).await?.ok_or("no region is set")?;
//! let sigv4 = SigV4::new("dynamodb", &region, CachedCredentials::new(DefaultChain::new(&context)))?;
//! # Ok(())
//! # }
//! ```
//!
//! Errors are [`CredentialsError`]s: what is not set up here, set up wrongly, unreachable, refused, malformed or expired
//! is told apart by [`kind`](CredentialsError::kind).

mod cached;
mod chain;
mod config;
mod container;
mod context;
mod document;
mod environment;
mod error;
mod file;
mod identity;
mod imds;
mod members;
mod process;
mod profile;
mod provide;
mod remote;
#[cfg(feature = "s3-express")]
mod s3_express;
mod secrets;
mod sso;
mod sts;
mod timestamp;
mod web_identity;

#[cfg(feature = "s3-express")]
#[cfg_attr(docsrs, doc(cfg(feature = "s3-express")))]
pub use self::s3_express::{AcquireLent, Lent, S3Express, SentSession};
pub use tower_auth_http::{
    Body, ClientBuilder, HttpClient, HttpError, HttpErrorKind, environment::Environment as Env,
};

pub use self::{
    cached::{CachedCredentials, CredentialsSource},
    chain::{Chain, DefaultChain},
    config::region::region,
    container::Container,
    context::ProviderContext,
    environment::Environment,
    error::{CredentialsError, CredentialsErrorKind},
    identity::SentKey,
    imds::InstanceMetadata,
    process::Process,
    profile::Profile,
    provide::{ProvideCredentials, ProvideFuture, ProviderFn, provider_fn},
    sts::AssumeRole,
    web_identity::WebIdentity,
};
