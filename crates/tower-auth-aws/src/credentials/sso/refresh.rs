//! A new token for an old session: `CreateToken` of the OIDC service.

use super::{
    ERRORS, Sso, SsoProfile,
    token::{Text, Token},
};
use crate::credentials::{CredentialsError, endpoint::join, timestamp};
use bytes::Bytes;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateToken<'a> {
    client_id: &'a str,
    client_secret: &'a Text,
    grant_type: &'static str,
    refresh_token: &'a Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    access_token: Text,
    /// Seconds.
    expires_in: u64,
    refresh_token: Option<Text>,
}

impl Sso<'_> {
    /// Renews a token that expires soon, and writes it back for the AWS CLI and the other SDKs, which would otherwise
    /// hold a refresh token that was used up. One that cannot be renewed is used to its end.
    pub(super) async fn renewed(
        &self,
        profile: &SsoProfile,
        path: &Path,
        mut token: Token,
    ) -> Result<Token, CredentialsError> {
        let now = self.context.clock.now();
        let expired = token.expires_at()? <= now;
        let created = match self.create(profile, &token, now).await {
            Ok(Some(created)) => created,
            Ok(None) if expired => {
                return Err(ERRORS.expired("the session has expired; run `aws sso login`"));
            }
            Err(error) if expired => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the SSO token cannot be renewed: using it to its end");
                return Ok(token);
            }
            Ok(None) => return Ok(token),
        };
        let lifetime = Duration::from_secs(created.expires_in);
        let expires_at = now
            .checked_add(lifetime)
            .and_then(timestamp::format)
            .ok_or_else(|| ERRORS.malformed("`expiresIn` of the new token is out of range"))?;
        token.replace(created.access_token, expires_at, created.refresh_token);
        if let Err(error) = write(path, &token).await {
            tracing::warn!(%error, "the renewed SSO token cannot be written back to its file");
        }
        Ok(token)
    }

    /// `None` when this session cannot be renewed.
    async fn create(
        &self,
        profile: &SsoProfile,
        token: &Token,
        now: SystemTime,
    ) -> Result<Option<Created>, CredentialsError> {
        let registered = |until: &String| timestamp::parse(until).is_some_and(|until| until > now);
        let (Some(_), Some(client_id), Some(client_secret), Some(refresh_token), true) = (
            &profile.session,
            &token.client_id,
            &token.client_secret,
            &token.refresh_token,
            token
                .registration_expires_at
                .as_ref()
                .is_some_and(registered),
        ) else {
            return Ok(None);
        };
        let body = to_json(&CreateToken {
            client_id,
            client_secret,
            grant_type: "refresh_token",
            refresh_token,
        })?;
        let body = Bytes::from_owner(body);
        let url = join(&self.url(profile, "sso_oidc", "oidc")?, "/token");
        let request = || {
            Request::post(&url)
                .header(CONTENT_TYPE, "application/json")
                .body(Full::new(body.clone()))
                .map_err(|_| ERRORS.configuration("the URL of the OIDC service is unusable"))
        };
        let reply = self.exchange.send(request, |_| false).await?;
        if !reply.status.is_success() {
            // What it says may quote the request; its status says enough.
            let status = reply.status.as_u16();
            let passing =
                reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS;
            return Err(if passing {
                ERRORS.refused(format!(
                    "the session was not renewed: the OIDC service failed with status {status}"
                ))
            } else {
                ERRORS.expired(format!(
                    "the session was not renewed (status {status}); run `aws sso login`"
                ))
            });
        }
        serde_json::from_slice(&reply.body).map(Some).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            ERRORS.malformed(format!(
                "the answer of the OIDC service is not the expected JSON (line {line}, column {column})"
            ))
        })
    }
}

/// JSON, in memory that is wiped.
fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, CredentialsError> {
    // Room for more than any token takes, so that it does not grow and leave copies behind.
    let mut json = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer(&mut *json, value)
        .map_err(|_| ERRORS.malformed("the cached token cannot be written as JSON"))?;
    Ok(json)
}

/// Replaces the file as a whole, readable by its owner alone: others read it at any time.
async fn write(path: &Path, token: &Token) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let json = to_json(token).map_err(io::Error::other)?;
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
    let path = path.to_owned();
    // Not with `tokio::fs`, whose buffer would keep a copy that is not wiped.
    let written = tokio::task::spawn_blocking(move || {
        let result = write_new(&temporary, &json).and_then(|()| std::fs::rename(&temporary, &path));
        if result.is_err() {
            let _ = std::fs::remove_file(&temporary); // it may not even be there
        }
        result
    });
    written.await.map_err(io::Error::other)?
}

fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
