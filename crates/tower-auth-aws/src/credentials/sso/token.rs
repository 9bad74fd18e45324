//! The token that `aws sso login` leaves behind.

use super::{ERRORS, SsoProfile};
use crate::credentials::{
    CredentialsError, Env, ProviderContext,
    file::{self, without_mark},
    timestamp,
};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

const MAX_FILE: usize = 256 * 1024;
/// A token is renewed in its last minutes, when it can be.
const EARLY: Duration = Duration::from_secs(300);

/// The file, as the AWS CLI and the SDKs write it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    access_token: Text,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) registration_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<Text>,
}

/// Secret text, wiped when dropped.
#[derive(Clone)]
pub(super) struct Text(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// `~/.aws/sso/cache/<SHA-1 of the session's name, or of the start URL>.json`
pub(super) fn path(
    context: &ProviderContext,
    profile: &SsoProfile,
) -> Result<PathBuf, CredentialsError> {
    let home = context
        .env
        .home()
        .ok_or_else(|| ERRORS.configuration("there is no home directory: `HOME` is not set"))?;
    let key = profile.session.as_ref().unwrap_or(&profile.start_url);
    let mut name = String::with_capacity(45);
    for byte in Sha1::digest(key.as_bytes()) {
        let _ = write!(name, "{byte:02x}"); // writing to a string does not fail
    }
    name.push_str(".json");
    Ok([".aws", "sso", "cache", &name]
        .iter()
        .fold(home, |path, part| path.join(part)))
}

impl Token {
    pub(super) async fn load(env: &Env, path: &Path) -> Result<Self, CredentialsError> {
        let text = file::read(env, path, MAX_FILE, "the cached token", ERRORS)
            .await?
            .ok_or_else(|| ERRORS.expired("nobody is logged in; run `aws sso login`"))?;
        serde_json::from_str(without_mark(text.expose())).map_err(|error| {
            ERRORS.malformed(format!(
                "the cached token `{}` is not the expected JSON (line {}, column {}); run `aws sso login`",
                path.display(),
                error.line(),
                error.column()
            ))
        })
    }

    pub(super) fn access_token(&self) -> &str {
        &self.access_token.0
    }

    pub(super) fn expires_at(&self) -> Result<SystemTime, CredentialsError> {
        timestamp::parse(&self.expires_at).ok_or_else(|| {
            ERRORS.malformed("`expiresAt` of the cached token is not an RFC 3339 time")
        })
    }

    /// Whether it should be renewed now, or cannot be used any more.
    pub(super) fn is_stale(&self, now: SystemTime) -> Result<bool, CredentialsError> {
        let soon = now.checked_add(EARLY).unwrap_or(now);
        Ok(self.expires_at()? <= soon)
    }

    /// With a new access token, and whatever came with it.
    pub(super) fn replace(
        &mut self,
        access_token: Text,
        expires_at: String,
        refresh_token: Option<Text>,
    ) {
        self.access_token = access_token;
        self.expires_at = expires_at;
        if refresh_token.is_some() {
            self.refresh_token = refresh_token;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn profile(session: Option<&str>) -> SsoProfile {
        SsoProfile {
            profile: "p".into(),
            session: session.map(str::to_owned),
            start_url: "https://d-92671207e4.awsapps.com/start".into(),
            region: "us-east-1".into(),
            account_id: "1".into(),
            role_name: "r".into(),
        }
    }

    #[test]
    fn the_file_is_named_after_the_session_or_the_start_url() {
        let context = ProviderContext::new().with_env(Env::from_iter([("HOME", "/home/ann")]));
        // `printf %s admin | sha1sum`, and the same of the start URL.
        for (session, hash) in [
            (Some("admin"), "d033e22ae348aeb5660fc2140aec35850c4da997"),
            (None, "13f9d35043871d073ab260e020f0ffde092cb14b"),
        ] {
            let path = path(&context, &profile(session)).unwrap();
            assert_eq!(
                path,
                Path::new("/home/ann/.aws/sso/cache").join(format!("{hash}.json"))
            );
        }
        let homeless = ProviderContext::new().with_env(Env::from_iter([("A", "b")]));
        assert!(path(&homeless, &profile(None)).is_err());
    }
}
