//! All that providers touch outside of this program.

use super::{Env, HttpClient};
use tower_auth_core::Clock;

/// What providers read and call: the environment, the clock, the HTTP client, and what you would rather not leave to the
/// environment. Cheap to clone.
///
/// Variables, files and child processes are those of the [`Env`], so that a test which brings one that is
/// [`scripted`](Env::scripted), and an [`HttpClient`] of its own, touches nothing of the machine. A provider of yours can
/// look at all of it, too.
///
/// ```
/// use tower_auth_aws::credentials::{Env, ProviderContext, region};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::scripted()
///     .var("HOME", "/home/ann")
///     .file("/home/ann/.aws/config", "[profile work]\nregion = eu-central-1")
///     .build();
/// let context = ProviderContext::new().with_env(env).with_profile("work");
/// assert_eq!(region(&context).await?.as_deref(), Some("eu-central-1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProviderContext {
    pub(super) env: Env,
    pub(super) clock: Clock,
    pub(super) http: HttpClient,
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
}

impl ProviderContext {
    /// The process's environment, the machine's clock, the default HTTP client, which speaks https with the feature
    /// `rustls`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another environment.
    #[must_use]
    pub fn with_env(self, env: Env) -> Self {
        Self { env, ..self }
    }

    /// Another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Another HTTP client.
    ///
    /// It should not go through a proxy to link-local addresses, where metadata services are. Providers limit the time of
    /// an exchange and the size of an answer further than it does.
    #[must_use]
    pub fn with_http_client(self, http: HttpClient) -> Self {
        Self { http, ..self }
    }

    /// The profile to use, instead of the one that `AWS_PROFILE` names (default `default`).
    #[must_use]
    pub fn with_profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// The region whose STS is called, instead of that of the environment or profile.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The environment.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The HTTP client.
    pub fn http_client(&self) -> &HttpClient {
        &self.http
    }

    /// The profile that was set here.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The region that was set here. What environment and profile say as well tells [`region`](super::region()).
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}
