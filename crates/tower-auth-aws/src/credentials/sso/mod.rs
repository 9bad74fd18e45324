//! IAM Identity Center: the session of `aws sso login`.

mod portal;
mod profile;
mod refresh;
mod token;

pub(super) use self::profile::{SsoProfile, from_profile};

use self::token::Token;
use super::{
    CredentialsError, ProviderContext,
    config::{ProfileSet, endpoint},
    error::Errors,
    remote::Remote,
};
use crate::Credentials;
use http::Uri;
use std::time::Duration;
use tower_auth_http::Retry;

pub(super) const ERRORS: Errors = Errors("sso");

/// Exchanges the token of a session for credentials.
pub(super) struct Sso<'a> {
    context: &'a ProviderContext,
    set: &'a ProfileSet,
    portal: Remote,
}

impl<'a> Sso<'a> {
    pub(super) fn new(context: &'a ProviderContext, set: &'a ProfileSet) -> Self {
        Self {
            context,
            set,
            portal: remote(context, Retry::new(3).repeatable()),
        }
    }

    pub(super) async fn fetch(
        &self,
        profile: &SsoProfile,
    ) -> Result<Credentials, CredentialsError> {
        let path = token::path(self.context, profile)?;
        let token = Token::load(&self.context.env, &path).await?;
        let now = self.context.clock.now();
        let token = if token.is_stale(now)? {
            self.renewed(profile, &path, token).await?
        } else {
            token
        };
        portal::role_credentials(self, profile, token.access_token()).await
    }

    /// An endpoint of this session: one that was set, else that of its region.
    fn url(
        &self,
        profile: &SsoProfile,
        service: &'static str,
        host: &str,
    ) -> Result<Uri, CredentialsError> {
        let set = endpoint::configured(self.context, self.set, &profile.profile, service, ERRORS)?;
        match set {
            Some(url) => Ok(url),
            None => {
                let (region, suffix) = (&profile.region, endpoint::dns_suffix(&profile.region));
                format!("https://{host}.{region}.{suffix}")
                    .parse()
                    .map_err(|_| {
                        ERRORS.configuration("the `sso_region` has characters that no region has")
                    })
            }
        }
    }
}

fn remote(context: &ProviderContext, retry: Retry) -> Remote {
    Remote::new(context, ERRORS, Duration::from_secs(10), retry)
}
