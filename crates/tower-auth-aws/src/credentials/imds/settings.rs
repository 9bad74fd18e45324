//! What environment and profile say about the service.

use super::ERRORS;
use crate::credentials::{
    CredentialsError, ProviderContext,
    config::{ProfileSet, Selected, endpoint::absolute},
    remote::Remote,
};
use http::Uri;
use std::time::Duration;
use tower_auth_http::Retry;

pub(super) struct Settings {
    pub(super) service: Remote,
    pub(super) endpoint: Uri,
    pub(super) role: Option<String>,
}

impl Settings {
    pub(super) async fn load(context: &ProviderContext) -> Result<Self, CredentialsError> {
        let set = ProfileSet::load(context, ERRORS).await?;
        let selected = Selected::new(context);
        let profile = set.profile(&selected.name, ERRORS)?;
        let get = |variable: &str, property: &str| {
            context
                .env
                .var(variable)
                .or_else(|| Some(profile?.get(property)?.to_owned()))
        };
        let number =
            |variable, property: &'static str, default, max| match get(variable, property) {
                None => Ok(default),
                Some(text) => match text.parse() {
                    Ok(number) if (1..=max).contains(&number) => Ok(number),
                    _ => Err(ERRORS
                        .configuration(format!("`{property}` is not a number from 1 to {max}"))),
                },
            };
        let endpoint = match get(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "ec2_metadata_service_endpoint",
        ) {
            Some(url) => url,
            None => default_endpoint(get(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                "ec2_metadata_service_endpoint_mode",
            ))?,
        };
        let endpoint = absolute(&endpoint)
            .ok_or_else(|| ERRORS.configuration("the endpoint is not an http(s) URL"))?;
        let role = match get("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name") {
            None => None,
            Some(name) => Some(checked_role(&name).ok_or_else(|| {
                ERRORS.configuration("`ec2_instance_profile_name` is not the name of a role")
            })?),
        };
        let timeout = number(
            "AWS_METADATA_SERVICE_TIMEOUT",
            "metadata_service_timeout",
            1,
            60,
        )?;
        let attempts = number(
            "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
            "metadata_service_num_attempts",
            4,
            10,
        )?;
        Ok(Self {
            service: Remote::new(
                context,
                ERRORS,
                Duration::from_secs(u64::from(timeout)),
                Retry::new(attempts)
                    .repeatable()
                    .pause(Duration::from_millis(100)),
            ),
            endpoint,
            role,
        })
    }
}

fn default_endpoint(mode: Option<String>) -> Result<String, CredentialsError> {
    match mode.map(|mode| mode.to_ascii_lowercase()).as_deref() {
        None | Some("ipv4") => Ok("http://169.254.169.254".to_owned()),
        Some("ipv6") => Ok("http://[fd00:ec2::254]".to_owned()),
        Some(_) => Err(ERRORS.configuration("the endpoint mode is neither `IPv4` nor `IPv6`")),
    }
}

/// IAM allows letters, digits and `+=,.@_-` in the name of a role; it becomes a part of a path.
pub(super) fn checked_role(name: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    let valid = !name.is_empty() && name.len() <= 128 && name.bytes().all(allowed);
    (valid && !matches!(name, "." | "..")).then(|| name.to_owned())
}
