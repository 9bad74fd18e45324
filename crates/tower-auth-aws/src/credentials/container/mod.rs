//! The agent of a container: ECS, EKS Pod Identity, Greengrass.

mod target;

use self::target::target;
use super::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext,
    document::{Document, Expires},
    error::Errors,
    file::{self, without_mark},
    remote::Remote,
    secrets::Secrets,
};
use crate::Credentials;
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{ACCEPT, AUTHORIZATION},
};
use std::time::Duration;
use tower_auth_core::{Secret, insert_header, sensitive_header};
use tower_auth_http::{Body, Retry};

const ERRORS: Errors = Errors("container");
const MAX_TOKEN: usize = 32 * 1024;

/// The agent that gives a container the credentials of its role: ECS, EKS Pod Identity, Greengrass.
///
/// | variable | what it holds |
/// | --- | --- |
/// | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` | a path on `http://169.254.170.2`; comes first |
/// | `AWS_CONTAINER_CREDENTIALS_FULL_URI` | a whole URL; without either this provider is not configured |
/// | `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` | the file with what goes into `Authorization`, read anew for every fetch; comes first |
/// | `AWS_CONTAINER_AUTHORIZATION_TOKEN` | what goes into `Authorization` |
///
/// A whole URL is https, or it names this machine (`localhost`, a loopback address) or one of the agents' addresses:
/// `169.254.170.2` (ECS), `169.254.170.23` and `fd00:ec2::23` (EKS). Anything else is an error, so that a token cannot be
/// sent elsewhere in the clear. Other host names are not looked up to see whether they lead to this machine.
///
/// Three attempts of at most two seconds each.
#[derive(Clone, Debug)]
pub struct Container {
    context: ProviderContext,
    agent: Remote,
}

impl Container {
    /// The variables of this context.
    pub fn new(context: &ProviderContext) -> Self {
        Self {
            context: context.clone(),
            agent: Remote::new(
                context,
                ERRORS,
                Duration::from_secs(2),
                Retry::new(3).repeatable(),
            ),
        }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let uri = target(&self.context.env)?;
        let token = self.authorization().await?;
        let mut secrets = Secrets::default().and_target(&uri);
        let mut header = None;
        if let Some(token) = &token {
            secrets = secrets.and(token);
            header = Some(self::header(token)?);
        }
        let request = || {
            let mut request = Request::get(uri.clone())
                .header(ACCEPT, "application/json")
                .body(Body::empty())
                .map_err(|_| ERRORS.configuration("the URL of the agent is unusable"))?;
            if let Some(header) = &header {
                insert_header(request.headers_mut(), AUTHORIZATION, header.clone())?;
            }
            Ok(request)
        };
        let reply = self.agent.send(request, |_| false, &secrets).await?;
        if !reply.status().is_success() {
            return Err(refused(&reply, &secrets));
        }
        let what = "the answer of the agent";
        let document = Document::read(reply.body(), what, ERRORS)?;
        document.credentials(what, Expires::Always, ERRORS)
    }

    async fn authorization(&self) -> Result<Option<Secret>, CredentialsError> {
        let env = &self.context.env;
        let Some(path) = env.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return Ok(env.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Into::into));
        };
        let path = env.path(&path);
        let text = file::read(env, &path, MAX_TOKEN, "the authorization token", ERRORS).await?;
        match text {
            // Its last line end is that of the file.
            Some(text) => {
                let token = without_mark(text.expose()).trim_end_matches(['\r', '\n']);
                Ok(Some(Secret::from(token)))
            }
            None => Err(ERRORS.io(format!(
                "the authorization token `{}` does not exist",
                path.display()
            ))),
        }
    }
}

fn header(token: &Secret) -> Result<HeaderValue, CredentialsError> {
    let value = token.expose().as_bytes().to_vec();
    sensitive_header("authorization token", value).map_err(|error| {
        ERRORS
            .configuration("the authorization token cannot be sent")
            .with_source(error)
    })
}

fn refused(reply: &Response<Bytes>, secrets: &Secrets) -> CredentialsError {
    let status = reply.status().as_u16();
    let said = Document::read(reply.body(), "", ERRORS).ok();
    ERRORS
        .refused(
            match said
                .as_ref()
                .and_then(|said| Some((said.failure()?, said.message())))
            {
                Some((code, message)) => format!(
                    "the agent refused with status {status}: {}: {}",
                    secrets.clean(code),
                    secrets.clean(message)
                ),
                None => format!("the agent refused with status {status}"),
            },
        )
        .answered(reply)
}

impl ProvideCredentials for Container {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
