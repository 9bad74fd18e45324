//! All that providers touch outside of this program.

use super::{Env, HttpClient};
use tower_auth_core::Clock;

/// What providers read and call: the environment, the clock, the HTTP client, and what you would rather not leave to the
/// environment. Cheap to clone.
///
/// Files are found through the environment (`HOME`, `AWS_CONFIG_FILE`, …), so that a test which brings an [`Env`] and an
/// [`HttpClient`] of its own touches nothing of the machine.
///
/// ```
/// use tower_auth_aws::credentials::{Env, ProviderContext};
///
/// let context = ProviderContext::new()
///     .with_env(Env::from_iter([("HOME", "/home/ann"), ("AWS_PROFILE", "work")]))
///     .with_region("eu-central-1");
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
    /// The process's environment, the machine's clock, the default HTTP client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another environment.
    #[must_use]
    pub fn with_env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Another HTTP client.
    #[must_use]
    pub fn with_http(mut self, http: HttpClient) -> Self {
        self.http = http;
        self
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
}
