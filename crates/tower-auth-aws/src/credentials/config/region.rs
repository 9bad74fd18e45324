//! Which region is meant.

use super::{ProfileSet, Selected};
use crate::credentials::{CredentialsError, ProviderContext, error::Errors};

const ERRORS: Errors = Errors("region");

/// The region that the context names, else `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `region` of the profile.
///
/// `None` when nobody says. Instance metadata is not asked: what runs in one region may well call another.
///
/// ```
/// use tower_auth_aws::credentials::{Env, ProviderContext, region};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::from_iter([("AWS_REGION", "eu-central-1")]);
/// let region = region(&ProviderContext::new().with_env(env)).await?;
/// assert_eq!(region.as_deref(), Some("eu-central-1"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Io`](crate::credentials::CredentialsErrorKind::Io) or [`Malformed`](crate::credentials::CredentialsErrorKind::Malformed) when a profile file
/// cannot be read, [`Configuration`](crate::credentials::CredentialsErrorKind::Configuration) when what is found cannot be a region.
pub async fn region(context: &ProviderContext) -> Result<Option<String>, CredentialsError> {
    if let Some(region) = outside_of_profiles(context) {
        return checked(region, ERRORS).map(Some);
    }
    let set = ProfileSet::load(context, ERRORS).await?;
    of(context, &set, &Selected::new(context).name, ERRORS)
}

/// The same, with profiles that were read before.
pub(in crate::credentials) fn of(
    context: &ProviderContext,
    set: &ProfileSet,
    profile: &str,
    errors: Errors,
) -> Result<Option<String>, CredentialsError> {
    let region = match outside_of_profiles(context) {
        Some(region) => Some(region),
        None => set.property(profile, "region", errors)?.map(str::to_owned),
    };
    region.map(|region| checked(region, errors)).transpose()
}

fn outside_of_profiles(context: &ProviderContext) -> Option<String> {
    context
        .region
        .clone()
        .or_else(|| context.env.var("AWS_REGION"))
        .or_else(|| context.env.var("AWS_DEFAULT_REGION"))
}

/// A region becomes a part of a host name, so it must not be able to name another host.
pub(in crate::credentials) fn checked(
    region: String,
    errors: Errors,
) -> Result<String, CredentialsError> {
    let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !region.is_empty() && region.len() <= 63 && region.bytes().all(label) {
        Ok(region)
    } else {
        Err(errors.configuration("the region has characters that no region has"))
    }
}
