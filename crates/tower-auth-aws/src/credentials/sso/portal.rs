//! `GetRoleCredentials` of the access portal.

use super::{ERRORS, Sso, SsoProfile};
use crate::Credentials;
use crate::credentials::{
    CredentialsError, config::endpoint::join, document, members::Members, secrets::Secrets,
    sts::encode,
};
use http::{HeaderName, Request, StatusCode};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use tower_auth_core::{Secret, sensitive_header};
use tower_auth_http::Body;

static BEARER: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: Option<Members>,
}

/// How the portal says no.
#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
}

pub(super) async fn role_credentials(
    sso: &Sso<'_>,
    profile: &SsoProfile,
    access_token: &str,
) -> Result<Credentials, CredentialsError> {
    let query = [
        ("role_name", profile.role_name.as_str()),
        ("account_id", profile.account_id.as_str()),
    ];
    let query = encode(&query);
    let query = std::str::from_utf8(&query).unwrap_or_default(); // ASCII by construction
    let url = sso.url(profile, "sso", "portal.sso")?;
    let url = join(&url, &format!("/federation/credentials?{query}"));
    let bearer = access_token.as_bytes().to_vec();
    let bearer = sensitive_header("access token", bearer).map_err(|error| {
        ERRORS
            .malformed("the cached token cannot be sent; run `aws sso login`")
            .with_source(error)
    })?;
    let request = || {
        Request::get(&url)
            .header(&BEARER, bearer.clone())
            .body(Body::empty())
            .map_err(|_| ERRORS.configuration("the URL of the portal is unusable"))
    };
    let secrets = Secrets::default().and(&access_token.into());
    let reply = sso.portal.send(request, |_| false, &secrets).await?;
    match reply.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => {
            let expired = "the session is not valid any more; run `aws sso login`";
            return Err(ERRORS.expired(expired).answered(&reply));
        }
        status => {
            let said: Option<Refusal> = serde_json::from_slice(reply.body()).ok();
            let said = said.and_then(|said| said.message).unwrap_or_default();
            let (status, said) = (status.as_u16(), secrets.clean(&said));
            return Err(ERRORS
                .refused(format!(
                    "the portal refused the role with status {status}: {said}"
                ))
                .answered(&reply));
        }
    }
    let what = "the answer of the portal";
    let answer: Answer = serde_json::from_slice(reply.body()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ERRORS.malformed(format!(
            "{what} is not the expected JSON (line {line}, column {column})"
        ))
    })?;
    let key = answer
        .role_credentials
        .ok_or_else(|| ERRORS.malformed(format!("{what} has no `roleCredentials`")))?;
    let missing = |name: &str| ERRORS.malformed(format!("{what} has no `{name}`"));
    let text = |name: &'static str| key.text(&[name]).ok_or_else(|| missing(name));
    // Milliseconds since 1970.
    let expiration = match key.get(&["expiration"]) {
        Some("") => None,
        None => return Err(missing("expiration")),
        Some(millis) => {
            let millis = millis.parse().ok().map(Duration::from_millis);
            let time = millis.and_then(|millis| SystemTime::UNIX_EPOCH.checked_add(millis));
            Some(time.ok_or_else(|| {
                ERRORS.malformed(format!("the `expiration` of {what} is out of range"))
            })?)
        }
    };
    document::build(
        text("accessKeyId")?,
        text("secretAccessKey")?,
        Some(Secret::from(text("sessionToken")?)),
        expiration,
        ERRORS,
    )
}
