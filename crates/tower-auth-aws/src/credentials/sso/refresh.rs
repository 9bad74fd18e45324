//! A new token for an old session: `CreateToken` of the OIDC service.

use super::{
    ERRORS, Sso, SsoProfile,
    token::{Text, Token},
};
use crate::credentials::{CredentialsError, config::endpoint::join, secrets::Secrets, timestamp};
use bytes::Bytes;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};
use tower_auth_core::Secret;
use tower_auth_http::{Body, Retry};
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
        let json = to_json(&token)?;
        let text = Secret::from(std::str::from_utf8(&json).unwrap_or_default()); // serde_json writes UTF-8
        if let Err(error) = self.context.env.replace(path, &text).await {
            tracing::warn!(%error, "the renewed SSO token cannot be written back");
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
                .body(Body::from(body.clone()))
                .map_err(|_| ERRORS.configuration("the URL of the OIDC service is unusable"))
        };
        let mut secrets = Secrets::default();
        for secret in [client_secret, refresh_token] {
            secrets = secrets.and(&Secret::from(secret.0.as_str()));
        }
        // Not what may have run: the service may have replaced the refresh token, and takes the old one for stolen.
        let service = super::remote(self.context, Retry::new(3));
        let reply = service.send(request, |_| false, &secrets).await?;
        if !reply.status().is_success() {
            // What it says may quote the request; its status says enough.
            let status = reply.status();
            let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            let status = status.as_u16();
            return Err(if passing {
                ERRORS
                    .refused(format!(
                        "the session was not renewed: the OIDC service failed with status {status}"
                    ))
                    .answered(&reply)
            } else {
                ERRORS
                    .expired(format!(
                        "the session was not renewed (status {status}); run `aws sso login`"
                    ))
                    .answered(&reply)
            });
        }
        serde_json::from_slice(reply.body()).map(Some).map_err(|error| {
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
