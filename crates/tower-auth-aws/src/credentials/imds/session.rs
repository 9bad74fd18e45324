//! The session that every request for metadata needs.

use super::{ERRORS, InstanceMetadata, Settings};
use crate::credentials::{
    CredentialsError, CredentialsErrorKind, config::endpoint::join, secrets::Secrets,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use std::time::{Duration, Instant};
use tower_auth_core::{insert_header, sensitive_header};
use tower_auth_http::Body;

static TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
static TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const SIX_HOURS: u64 = 21_600;
/// A session is not used in its last minutes.
const EARLY: Duration = Duration::from_secs(120);

/// A token, and how long it may be used.
#[derive(Clone, Debug)]
pub(super) struct Session {
    token: HeaderValue,
    until: Instant,
}

impl Session {
    pub(super) fn token(&self) -> &str {
        self.token.to_str().unwrap_or_default()
    }
}

impl InstanceMetadata {
    /// Fetches metadata. A session that the service no longer knows is replaced, once.
    pub(super) async fn get(
        &self,
        settings: &Settings,
        path: &str,
    ) -> Result<Response<Bytes>, CredentialsError> {
        let reply = self.get_once(settings, path).await?;
        if reply.status() != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        self.with(|state| state.session = None);
        self.get_once(settings, path).await
    }

    async fn get_once(
        &self,
        settings: &Settings,
        path: &str,
    ) -> Result<Response<Bytes>, CredentialsError> {
        let token = self.token(settings).await?;
        let request = || {
            let mut request = request(settings, Method::GET, path)?;
            insert_header(request.headers_mut(), TOKEN.clone(), token.clone())?;
            Ok(request)
        };
        settings
            .service
            .send(request, |_| false, &self.secrets())
            .await
    }

    async fn token(&self, settings: &Settings) -> Result<HeaderValue, CredentialsError> {
        let now = self.context.clock.monotonic();
        if let Some(session) = self.with(|state| state.session.clone()) {
            if now < session.until {
                return Ok(session.token);
            }
        }
        let session = start(settings, now).await?;
        let token = session.token.clone();
        self.with(|state| state.session = Some(session));
        Ok(token)
    }
}

async fn start(settings: &Settings, now: Instant) -> Result<Session, CredentialsError> {
    let request = || {
        let mut request = request(settings, Method::PUT, "/latest/api/token")?;
        insert_header(
            request.headers_mut(),
            TTL.clone(),
            HeaderValue::from(SIX_HOURS),
        )?;
        Ok(request)
    };
    // No service at all is no error: this is not an EC2 instance.
    let reply = settings
        .service
        .send(request, |_| false, &Secrets::default())
        .await
        .map_err(|error| {
            if error.kind() == CredentialsErrorKind::Unreachable {
                ERRORS
                    .not_configured("there is no metadata service here")
                    .with_source(error)
            } else {
                error
            }
        })?;
    match reply.status() {
        StatusCode::OK => {}
        // Switched off, or another cloud's service at the same address.
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            let status = reply.status().as_u16();
            return Err(ERRORS.not_configured(format!(
                "there is no version 2 of the metadata service here (status {status})"
            )));
        }
        status => {
            let status = status.as_u16();
            return Err(ERRORS
                .refused(format!("a session was refused with status {status}"))
                .answered(&reply));
        }
    }
    let lifetime = reply
        .headers()
        .get(&TTL)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map_or(SIX_HOURS, |seconds: u64| seconds.min(SIX_HOURS));
    let lifetime = Duration::from_secs(lifetime);
    // A service may give less than was asked for, even less than the margin.
    let usable = lifetime.saturating_sub(EARLY).max(lifetime / 2);
    let token = sensitive_header("token", reply.body().trim_ascii().to_vec()).map_err(|error| {
        ERRORS
            .malformed("what came is not a session token")
            .with_source(error)
    })?;
    Ok(Session {
        token,
        until: now.checked_add(usable).unwrap_or(now),
    })
}

fn request(
    settings: &Settings,
    method: Method,
    path: &str,
) -> Result<Request<Body>, CredentialsError> {
    Request::builder()
        .method(method)
        .uri(join(&settings.endpoint, path))
        .body(Body::empty())
        .map_err(|_| ERRORS.configuration("the endpoint is unusable"))
}
