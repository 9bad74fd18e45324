//! What a profile says about its session.

use super::ERRORS;
use crate::credentials::{
    CredentialsError,
    config::{Entry, ProfileSet, region},
};

/// A role in an account, for whoever is logged in to a session.
#[derive(Debug)]
pub(in crate::credentials) struct SsoProfile {
    pub(super) profile: String,
    /// The `sso-session` section; profiles of the older form have none.
    pub(super) session: Option<String>,
    pub(super) start_url: String,
    pub(super) region: String,
    pub(super) account_id: String,
    pub(super) role_name: String,
}

/// Reads the `sso_…` properties of a profile. `None` when it has none.
pub(in crate::credentials) fn from_profile(
    set: &ProfileSet,
    profile: Entry<'_>,
) -> Result<Option<SsoProfile>, CredentialsError> {
    let name = profile.name;
    let session_name = profile.get("sso_session");
    let account_id = profile.get("sso_account_id");
    let role_name = profile.get("sso_role_name");
    match session_name {
        None if profile.get("sso_start_url").is_none() && account_id.is_none() => return Ok(None),
        // A session alone is for tokens, not for credentials.
        Some(_) if account_id.is_none() && role_name.is_none() => return Ok(None),
        _ => {}
    }
    let session = match session_name {
        None => None,
        Some(session) => Some(set.session(session, ERRORS)?.ok_or_else(|| {
            ERRORS.configuration(format!(
                "profile `{name}` names the session `{session}`, and there is no `[sso-session {session}]`"
            ))
        })?),
    };
    let missing = |property: &str| {
        ERRORS.configuration(format!(
            "profile `{name}` has no `{property}` for its session"
        ))
    };
    let of_session = |property: &str| {
        let own = profile.get(property);
        match session {
            None => own.ok_or_else(|| missing(property)),
            Some(session) => {
                let value = session.get(property).ok_or_else(|| missing(property))?;
                if own.is_some_and(|own| own != value) {
                    return Err(ERRORS.configuration(format!(
                        "`{property}` of profile `{name}` is not that of its session; remove one"
                    )));
                }
                Ok(value)
            }
        }
    };
    Ok(Some(SsoProfile {
        profile: name.to_owned(),
        session: session_name.map(str::to_owned),
        start_url: of_session("sso_start_url")?.to_owned(),
        region: region::checked(of_session("sso_region")?.to_owned(), ERRORS)?,
        account_id: account_id
            .ok_or_else(|| missing("sso_account_id"))?
            .to_owned(),
        role_name: role_name
            .ok_or_else(|| missing("sso_role_name"))?
            .to_owned(),
    }))
}
