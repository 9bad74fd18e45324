//! One STS endpoint.

use super::{Role, answer, form, sign, url::url};
use crate::Credentials;
use crate::credentials::{
    CredentialsError, ProviderContext,
    config::{ProfileSet, endpoint, region},
    error::Errors,
    remote::Remote,
    secrets::Secrets,
};
use bytes::Bytes;
use http::{Request, Response, Uri, header::CONTENT_TYPE};
use std::time::{Duration, SystemTime};
use tower_auth_core::{Clock, Secret};
use tower_auth_http::{Body, Retry};

const VERSION: &str = "2011-06-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// STS in one region.
#[derive(Debug)]
pub(in crate::credentials) struct Sts {
    remote: Remote,
    clock: Clock,
    url: Uri,
    signing_region: String,
}

impl Sts {
    /// The endpoint that the context and the profile call for: a URL that was set, else that of the region, else the
    /// global one, whose requests are signed for `us-east-1`.
    pub(in crate::credentials) fn new(
        context: &ProviderContext,
        set: &ProfileSet,
        profile: &str,
        errors: Errors,
    ) -> Result<Self, CredentialsError> {
        let region = region::of(context, set, profile, errors)?;
        let url = match endpoint::configured(context, set, profile, "sts", errors)? {
            Some(url) => url,
            None => url(
                region.as_deref(),
                endpoint::is_set(
                    context,
                    set,
                    profile,
                    "AWS_USE_FIPS_ENDPOINT",
                    "use_fips_endpoint",
                    errors,
                )?,
            )
            .parse()
            .map_err(|_| errors.configuration("the region has characters that no region has"))?,
        };
        Ok(Self {
            remote: Remote::new(
                context,
                errors,
                Duration::from_secs(10),
                Retry::new(3).repeatable(),
            ),
            clock: context.clock.clone(),
            url,
            signing_region: match region {
                None => "us-east-1".to_owned(),
                Some(region) if region == "aws-global" => "us-east-1".to_owned(),
                Some(region) => region,
            },
        })
    }

    pub(in crate::credentials) async fn assume_role(
        &self,
        credentials: &Credentials,
        role: &Role,
    ) -> Result<Credentials, CredentialsError> {
        let body = self.form("AssumeRole", role, None);
        let request = || {
            let request = self.request(&body)?;
            let (region, now) = (&self.signing_region, self.clock.now());
            sign::sign(request, &body, credentials, region, now, self.remote.errors)
        };
        let secrets = Secrets::of(credentials);
        self.call("AssumeRole", request, &secrets).await
    }

    pub(in crate::credentials) async fn assume_role_with_web_identity(
        &self,
        role: &Role,
        token: &Secret,
    ) -> Result<Credentials, CredentialsError> {
        let action = "AssumeRoleWithWebIdentity";
        let body = self.form(action, role, Some(token));
        let secrets = Secrets::default().and(token);
        self.call(action, || self.request(&body), &secrets).await
    }

    fn form(&self, action: &str, role: &Role, token: Option<&Secret>) -> Bytes {
        let session_name = role
            .session_name
            .clone()
            .unwrap_or_else(|| session_name(self.clock.now()));
        let duration = role.duration.map(|seconds| seconds.to_string());
        let mut parameters = vec![
            ("Action", action),
            ("Version", VERSION),
            ("RoleArn", &role.arn),
            ("RoleSessionName", &session_name),
        ];
        if let Some(duration) = &duration {
            parameters.push(("DurationSeconds", duration));
        }
        match (token, &role.external_id) {
            // This action has no external identifier.
            (Some(token), _) => parameters.push(("WebIdentityToken", token.expose())),
            (None, Some(id)) => parameters.push(("ExternalId", id)),
            (None, None) => {}
        }
        form::encode(&parameters)
    }

    fn request(&self, body: &Bytes) -> Result<Request<Body>, CredentialsError> {
        Request::post(self.url.clone())
            .header(CONTENT_TYPE, FORM)
            .body(Body::from(body.clone()))
            .map_err(|_| {
                self.remote
                    .errors
                    .configuration("the URL of STS is unusable")
            })
    }

    async fn call(
        &self,
        action: &str,
        request: impl Fn() -> Result<Request<Body>, CredentialsError>,
        secrets: &Secrets,
    ) -> Result<Credentials, CredentialsError> {
        let reply = self.remote.send(request, is_passing, secrets).await?;
        let errors = self.remote.errors;
        if reply.status().is_success() {
            return answer::credentials(reply.body(), action, errors);
        }
        let status = reply.status().as_u16();
        let refused = errors.refused(match answer::failure(reply.body()) {
            Some((code, message)) => format!(
                "STS refused {action} with status {status}: {}: {}",
                secrets.clean(&code),
                secrets.clean(&message)
            ),
            None => format!("STS refused {action} with status {status}"),
        });
        Err(refused.answered(&reply).passing(is_passing(&reply)))
    }
}

/// A failure that another attempt may not meet. Those of status 429 and 5xx are tried again anyway.
fn is_passing(reply: &Response<Bytes>) -> bool {
    reply.status().is_client_error()
        && answer::failure(reply.body()).is_some_and(|(code, _)| {
            matches!(
                code.as_str(),
                "IDPCommunicationError"
                    | "Throttling"
                    | "ThrottlingException"
                    | "RequestThrottled"
                    | "RequestLimitExceeded"
            )
        })
}

fn session_name(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    format!("tower-auth-{}", since.map_or(0, |since| since.as_millis()))
}
