//! Profiles of `~/.aws/config` and `~/.aws/credentials`.

mod plan;

use self::plan::{Base, ERRORS, Plan};
use super::{
    Container, CredentialsError, Environment, InstanceMetadata, Process, ProvideCredentials,
    ProvideFuture, ProviderContext,
    config::{ProfileSet, Selected},
    sso::Sso,
    sts::Sts,
    web_identity,
};
use crate::Credentials;

/// A profile of the files that the AWS CLI and the SDKs share.
///
/// | file | where | variable |
/// | --- | --- | --- |
/// | config | `~/.aws/config` | `AWS_CONFIG_FILE` |
/// | credentials | `~/.aws/credentials` | `AWS_SHARED_CREDENTIALS_FILE` |
///
/// The profile is that of [`ProviderContext::with_profile`], else that of `AWS_PROFILE`, else `default`. In the config
/// file it is written `[profile name]` (`[default]` may stand alone), in the credentials file `[name]`; what the
/// credentials file says wins, property by property. The files are read anew for every fetch, up to 1 MiB each.
///
/// The files are read as the AWS CLI reads them: headers, properties and comments may be indented, `name: value` is as
/// good as `name = value`, a line that is indented further goes on with the value before it. On purpose it is otherwise
/// here where
///
/// * a line cannot be read: it spoils its own section, and is an error when that section is used. The CLI gives up the
///   whole file.
/// * a section or a property is there twice, or a profile in two spellings (`[profile a]`, `[profile "a"]`): they are
///   put together, and the last value counts. The CLI gives up the file, or takes the last section alone.
/// * a file begins with a byte order mark: it is skipped. The CLI gives up.
/// * ` # …` or ` ; …` follows a value or a header: a comment, as to the AWS SDKs. To the CLI it is a part of it.
/// * blanks stand inside the brackets, or quotes around a name in the credentials file: they are no part of the name.
/// * a file has `[default]` and `[profile default]`: the second counts. The CLI takes the one that comes last.
/// * there is a `[DEFAULT]`: a section that nothing asks for. The CLI adds it to every profile.
/// * half a key is in one file and half in the other: a key, as to the AWS SDKs. The CLI refuses it.
///
/// What a profile may hold, and the order in which it is looked at:
///
/// | properties | what happens |
/// | --- | --- |
/// | `role_arn` with `source_profile` or `credential_source` (`Environment`, `Ec2InstanceMetadata`, `EcsContainer`) | STS `AssumeRole` with the credentials of the source, which may itself assume a role; also `role_session_name`, `external_id`, `duration_seconds` |
/// | `web_identity_token_file` with `role_arn` | STS `AssumeRoleWithWebIdentity` |
/// | `sso_session`, or `sso_start_url` with `sso_region`; and `sso_account_id`, `sso_role_name` | the token that `aws sso login` left in `~/.aws/sso/cache` is exchanged for credentials |
/// | `credential_process` | a command is run: see [`Process`] |
/// | `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token` | that key |
///
/// A profile that another one names as `source_profile` gives its own key first, when it has one. `mfa_serial` is an
/// error, since nobody can be asked for a code. A profile that does not exist is an error when it was asked for by
/// name and there are others; otherwise this provider is not configured.
///
/// STS is called in the region of [`region`](super::region()), `https://sts.<region>.amazonaws.com` or its like in another
/// partition, and at `https://sts.amazonaws.com`, signed for `us-east-1`, when there is none. With
/// `AWS_USE_FIPS_ENDPOINT`, or `use_fips_endpoint` in the profile, it is `sts-fips`, and that of `us-east-1` when there is
/// no region. Another URL can be set with `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, a `services` section or
/// `endpoint_url` in the profile, in this order; `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, or
/// `ignore_configured_endpoint_urls` in the profile, makes all of them void. It is https, or names this machine. Three
/// attempts of at most ten seconds each; after a throttled or a failed one there is a pause.
///
/// A token of SSO that has less than five minutes to live is renewed with the refresh token that came with it, and
/// written back for the AWS CLI; when that is not possible, the error asks for `aws sso login`.
#[derive(Clone, Debug)]
pub struct Profile {
    context: ProviderContext,
    instance_metadata: InstanceMetadata,
}

impl Profile {
    /// The profile that the context selects.
    pub fn new(context: &ProviderContext) -> Self {
        Self {
            context: context.clone(),
            instance_metadata: InstanceMetadata::new(context),
        }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let set = ProfileSet::load(&self.context, ERRORS).await?;
        let selected = Selected::new(&self.context);
        if set.is_empty() {
            return Err(ERRORS.not_configured("there are no profiles"));
        }
        if !selected.asked_for && set.profile(&selected.name, ERRORS)?.is_none() {
            return Err(match set.stray() {
                None => ERRORS.not_configured("there is no profile `default`"),
                Some(why) => ERRORS.malformed(format!("there is no profile `default`, but {why}")),
            });
        }
        let plan = Plan::new(&set, &selected.name)?;
        let mut credentials = self.base(&set, plan.base).await?;
        if !plan.roles.is_empty() {
            let sts = Sts::new(&self.context, &set, &selected.name, ERRORS)?;
            for role in &plan.roles {
                credentials = sts.assume_role(&credentials, role).await?;
            }
        }
        Ok(credentials)
    }

    async fn base(&self, set: &ProfileSet, base: Base) -> Result<Credentials, CredentialsError> {
        let context = &self.context;
        let result = match base {
            Base::Key(key) => return Ok(key),
            Base::WebIdentity(role) => {
                let selected = Selected::new(context);
                let sts = Sts::new(context, set, &selected.name, ERRORS)?;
                return web_identity::assume(context, &sts, &role, ERRORS).await;
            }
            Base::Sso(profile) => return Sso::new(context, set).fetch(&profile).await,
            Base::Process(command) => {
                return Process::new(command)
                    .env(context.env.clone())
                    .provide()
                    .await;
            }
            Base::Environment => Environment::new(context).provide().await,
            Base::Container => Container::new(context).provide().await,
            Base::InstanceMetadata => self.instance_metadata.provide().await,
        };
        // The profile asks for this source: that it is not there is an error, and no reason to go on.
        result.map_err(|error| {
            if error.is_not_configured() {
                ERRORS
                    .configuration("the `credential_source` of the profile has no credentials")
                    .with_source(error)
            } else {
                error
            }
        })
    }
}

impl ProvideCredentials for Profile {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
