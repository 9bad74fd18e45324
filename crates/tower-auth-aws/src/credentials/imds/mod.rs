//! Instance metadata of EC2, version 2.

mod session;
mod settings;
mod stability;

use self::{
    session::Session,
    settings::{Settings, checked_role},
};
use super::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext,
    document::{Document, Expires},
    error::Errors,
    secrets::Secrets,
};
use crate::Credentials;
use http::StatusCode;
use std::sync::{Arc, Mutex, PoisonError};

const ERRORS: Errors = Errors("instance metadata");
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The role of an EC2 instance, by version 2 of the instance metadata service. Version 1, which needs no session, is
/// never used.
///
/// On the wire: `PUT /latest/api/token` with `x-aws-ec2-metadata-token-ttl-seconds: 21600` gives a session of six hours,
/// which is used for all further requests until two minutes before its end; `GET
/// /latest/meta-data/iam/security-credentials/` gives the name of the role, and the same with that name its credentials.
///
/// | variable | property of the profile | what it holds | default |
/// | --- | --- | --- | --- |
/// | `AWS_EC2_METADATA_DISABLED` | | `true`: this provider is not configured | `false` |
/// | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | `ec2_metadata_service_endpoint` | the URL of the service | by the next row |
/// | `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` | `ec2_metadata_service_endpoint_mode` | `IPv4`: `http://169.254.169.254`; `IPv6`: `http://[fd00:ec2::254]` | `IPv4` |
/// | `AWS_EC2_INSTANCE_PROFILE_NAME` | `ec2_instance_profile_name` | the role; its name is not asked for then | |
/// | `AWS_METADATA_SERVICE_TIMEOUT` | `metadata_service_timeout` | seconds for one attempt, 1 to 60 | 1 |
/// | `AWS_METADATA_SERVICE_NUM_ATTEMPTS` | `metadata_service_num_attempts` | attempts for each request, 1 to 10 | 4 |
///
/// On a machine where that address leads nowhere, finding out takes about five seconds, unless
/// `AWS_EC2_METADATA_DISABLED` is set.
///
/// # When the service fails
///
/// Credentials that the service gave before are given again, with a new expiry five to ten minutes ahead, when the
/// service does not answer, fails, or gives credentials that have expired: AWS goes on accepting them in such times, and
/// if it does not, its refusal is the better error. A machine without the service is not configured: no connection, no
/// answer, or no role.
#[derive(Clone, Debug)]
pub struct InstanceMetadata {
    context: ProviderContext,
    state: Arc<Mutex<State>>,
}

/// What is remembered from one fetch to the next.
#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    last: Option<Credentials>,
}

impl InstanceMetadata {
    /// The service that the context names.
    pub fn new(context: &ProviderContext) -> Self {
        Self {
            context: context.clone(),
            state: Arc::default(),
        }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        // Not `is_true`: to AWS, `1` is no answer.
        let disabled = self.context.env.var("AWS_EC2_METADATA_DISABLED");
        if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(ERRORS.not_configured("`AWS_EC2_METADATA_DISABLED` is set"));
        }
        let settings = Settings::load(&self.context).await?;
        let now = || self.context.clock.now();
        match self.ask(&settings).await {
            Ok(fresh) => {
                let credentials = stability::extended(fresh, now());
                self.with(|state| state.last = Some(credentials.clone()));
                Ok(credentials)
            }
            Err(error) => match self.with(|state| state.last.clone()) {
                Some(last) if stability::is_outage(&error) => {
                    tracing::warn!(%error, "instance metadata has no new credentials: going on with the last ones");
                    Ok(stability::extended(last, now()))
                }
                _ => Err(error),
            },
        }
    }

    async fn ask(&self, settings: &Settings) -> Result<Credentials, CredentialsError> {
        let role = match &settings.role {
            Some(role) => role.clone(),
            None => self.role(settings).await?,
        };
        let reply = self.get(settings, &format!("{ROLES}{role}")).await?;
        if !reply.status().is_success() {
            let status = reply.status().as_u16();
            return Err(ERRORS
                .refused(format!("the credentials of the role: status {status}"))
                .answered(&reply));
        }
        let what = "the answer for the role";
        let document = Document::read(reply.body(), what, ERRORS)?;
        match document.failure() {
            None => document.credentials(what, Expires::Always, ERRORS),
            Some(code) => {
                let secrets = self.secrets();
                Err(ERRORS.refused(format!(
                    "the credentials of the role: {}: {}",
                    secrets.clean(code),
                    secrets.clean(document.message())
                )))
            }
        }
    }

    async fn role(&self, settings: &Settings) -> Result<String, CredentialsError> {
        let reply = self.get(settings, ROLES).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Err(ERRORS.not_configured("this instance has no role"));
        }
        if !reply.status().is_success() {
            let status = reply.status().as_u16();
            return Err(ERRORS
                .refused(format!("the name of the role: status {status}"))
                .answered(&reply));
        }
        let text = std::str::from_utf8(reply.body()).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(ERRORS.not_configured("this instance has no role: the list is empty"));
        }
        let name = text.lines().next().unwrap_or_default().trim();
        checked_role(name).ok_or_else(|| ERRORS.malformed("what came is not the name of a role"))
    }

    /// What the service was told in confidence.
    fn secrets(&self) -> Secrets {
        match self.with(|state| state.session.clone()) {
            Some(session) => Secrets::default().and(&session.token().into()),
            None => Secrets::default(),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ProvideCredentials for InstanceMetadata {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
