//! What a profile asks for, before anything is fetched.

use crate::Credentials;
use crate::credentials::{
    CredentialsError,
    config::{Entry, ProfileSet},
    document,
    error::Errors,
    sso::{self, SsoProfile},
    sts::{Role, WebIdentityRole},
};
use std::collections::BTreeSet;

pub(super) const ERRORS: Errors = Errors("profile");

/// Where the first credentials come from, and which roles are assumed with them, one after the other.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) base: Base,
    pub(super) roles: Vec<Role>,
}

/// The source that needs no other credentials.
#[derive(Debug)]
pub(super) enum Base {
    Key(Credentials),
    Environment,
    InstanceMetadata,
    Container,
    WebIdentity(WebIdentityRole),
    Sso(SsoProfile),
    Process(String),
}

impl Plan {
    /// Follows `source_profile` from profile to profile. Each is visited once, so there is an end.
    pub(super) fn new(set: &ProfileSet, name: &str) -> Result<Self, CredentialsError> {
        let mut visited = BTreeSet::new();
        let mut roles = Vec::new();
        let mut name = name;
        loop {
            let profile = set
                .profile(name, ERRORS)?
                .ok_or_else(|| missing(set, name, &visited))?;
            if !visited.insert(profile.name) {
                return Err(ERRORS.configuration(format!(
                    "the chain of `source_profile` leads back to profile `{name}`"
                )));
            }
            // A profile that another one names as its source gives its own key before the role that it assumes.
            if visited.len() > 1 {
                if let Some(key) = key(profile)? {
                    return Ok(Self::of(Base::Key(key), roles));
                }
            }
            let Some(arn) = assumed_role(profile) else {
                return match base(set, profile) {
                    Ok(base) => Ok(Self::of(base, roles)),
                    // Another profile asks for it, so that there is nothing is no reason to go on.
                    Err(error) if error.is_not_configured() && !roles.is_empty() => Err(ERRORS
                        .configuration(format!(
                            "profile `{name}` is the source of another, and has no credentials"
                        ))),
                    Err(error) => Err(error),
                };
            };
            roles.push(role(profile, arn)?);
            match (
                profile.get("source_profile"),
                profile.get("credential_source"),
            ) {
                (Some(_), Some(_)) => {
                    return Err(ERRORS.configuration(format!(
                        "profile `{name}` has both `source_profile` and `credential_source`; remove one"
                    )));
                }
                (None, None) => {
                    return Err(ERRORS.configuration(format!(
                        "profile `{name}` has a `role_arn`, and neither `source_profile` nor `credential_source` to assume it with"
                    )));
                }
                (None, Some(source)) => return Ok(Self::of(named(profile, source)?, roles)),
                // A profile may be its own source: then its own key assumes its role.
                (Some(source), None) if source == name => {
                    let key = key(profile)?.ok_or_else(|| {
                        ERRORS.configuration(format!(
                            "profile `{name}` is its own `source_profile`, and has no `aws_access_key_id`"
                        ))
                    })?;
                    return Ok(Self::of(Base::Key(key), roles));
                }
                (Some(source), None) => name = source,
            }
        }
    }

    /// `roles` were met from the last to be assumed to the first.
    fn of(base: Base, mut roles: Vec<Role>) -> Self {
        roles.reverse();
        Self { base, roles }
    }
}

fn missing(set: &ProfileSet, name: &str, visited: &BTreeSet<&str>) -> CredentialsError {
    if let Some(why) = set.stray() {
        ERRORS.malformed(format!("there is no profile `{name}`, but {why}"))
    } else if visited.is_empty() {
        ERRORS.configuration(format!("there is no profile `{name}`"))
    } else {
        ERRORS.configuration(format!(
            "`source_profile` names `{name}`, which does not exist"
        ))
    }
}

/// The role to assume with other credentials. One with a web identity token is a source of its own.
fn assumed_role<'a>(profile: Entry<'a>) -> Option<&'a str> {
    let arn = profile.get("role_arn")?;
    profile
        .get("web_identity_token_file")
        .is_none()
        .then_some(arn)
}

fn role(profile: Entry<'_>, arn: &str) -> Result<Role, CredentialsError> {
    let name = profile.name;
    if profile.get("mfa_serial").is_some() {
        return Err(ERRORS.configuration(format!(
            "profile `{name}` has an `mfa_serial`, and nobody can be asked for a code here; assume the role with a \
             `credential_process`, or a provider of your own"
        )));
    }
    let duration = match profile.get("duration_seconds") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            ERRORS.configuration(format!(
                "`duration_seconds` of profile `{name}` is not a number"
            ))
        })?),
    };
    Ok(Role {
        arn: arn.to_owned(),
        session_name: profile.get("role_session_name").map(str::to_owned),
        external_id: profile.get("external_id").map(str::to_owned),
        duration,
    })
}

fn named(profile: Entry<'_>, source: &str) -> Result<Base, CredentialsError> {
    match source {
        "Environment" => Ok(Base::Environment),
        "Ec2InstanceMetadata" => Ok(Base::InstanceMetadata),
        "EcsContainer" => Ok(Base::Container),
        _ => Err(ERRORS.configuration(format!(
            "`credential_source` of profile `{}` is none of `Environment`, `Ec2InstanceMetadata`, `EcsContainer`",
            profile.name
        ))),
    }
}

/// In the order of the AWS SDK for Rust: web identity, SSO, process, key.
fn base(set: &ProfileSet, profile: Entry<'_>) -> Result<Base, CredentialsError> {
    if let Some(file) = profile.get("web_identity_token_file") {
        let arn = profile.get("role_arn").ok_or_else(|| {
            ERRORS.configuration(format!(
                "profile `{}` has a `web_identity_token_file`, and no `role_arn`",
                profile.name
            ))
        })?;
        return Ok(Base::WebIdentity(WebIdentityRole {
            role: role(profile, arn)?,
            token_file: file.to_owned(),
        }));
    }
    if let Some(sso) = sso::from_profile(set, profile)? {
        return Ok(Base::Sso(sso));
    }
    if let Some(source) = profile.get("credential_source") {
        return named(profile, source);
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(Base::Process(command.to_owned()));
    }
    if let Some(key) = key(profile)? {
        return Ok(Base::Key(key));
    }
    let name = profile.name;
    Err(if profile.get("login_session").is_some() {
        ERRORS.configuration(format!(
            "profile `{name}` has a `login_session`, which is not supported; use `aws configure export-credentials` \
             as its `credential_process`"
        ))
    } else {
        ERRORS.not_configured(format!("profile `{name}` has no credentials"))
    })
}

fn key(profile: Entry<'_>) -> Result<Option<Credentials>, CredentialsError> {
    let id = profile.get("aws_access_key_id");
    let secret = profile.get("aws_secret_access_key");
    let half = |present: &str, absent: &str| {
        let name = profile.name;
        Err(ERRORS.configuration(format!(
            "profile `{name}` has `{present}`, and no `{absent}`"
        )))
    };
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(_), None) => half("aws_access_key_id", "aws_secret_access_key"),
        (None, Some(_)) => half("aws_secret_access_key", "aws_access_key_id"),
        (Some(id), Some(secret)) => {
            let token = profile.get("aws_session_token").map(Into::into);
            document::build(id, secret, token, None, ERRORS).map(Some)
        }
    }
}
