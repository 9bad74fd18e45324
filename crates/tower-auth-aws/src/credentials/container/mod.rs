//! The agent of a container: ECS, EKS Pod Identity, Greengrass.

mod target;

use self::target::target;
use super::{
    CredentialsError, ProvideCredentials, ProvideFuture, ProviderContext,
    document::{Document, Expires},
    error::Errors,
    file,
    http::{Exchange, Reply, quotable},
};
use crate::Credentials;
use bytes::Bytes;
use http::{
    HeaderValue, Request,
    header::{ACCEPT, AUTHORIZATION},
};
use http_body_util::Full;
use std::time::Duration;
use tower_auth_core::{Secret, sensitive_header};

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
    exchange: Exchange,
}

impl Container {
    /// The variables of this context.
    pub fn new(context: &ProviderContext) -> Self {
        Self {
            context: context.clone(),
            exchange: Exchange {
                http: context.http.clone(),
                errors: ERRORS,
                timeout: Duration::from_secs(2),
                attempts: 3,
                pause: Duration::from_millis(200),
            },
        }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let uri = target(&self.context.env)?;
        let token = self.authorization().await?;
        let header = match &token {
            None => None,
            Some(token) => Some(header(token)?),
        };
        let request = || {
            let mut request = Request::get(uri.clone())
                .header(ACCEPT, "application/json")
                .body(Full::<Bytes>::default())
                .map_err(|_| ERRORS.configuration("the URL of the agent is unusable"))?;
            if let Some(header) = &header {
                request.headers_mut().insert(AUTHORIZATION, header.clone());
            }
            Ok(request)
        };
        let reply = self.exchange.send(request, |_| false).await?;
        let secret = token.as_ref().map_or("", Secret::expose);
        if !reply.status.is_success() {
            let query = uri.query().unwrap_or_default();
            return Err(refused(&reply, &[secret, uri.path(), query]));
        }
        let what = "the answer of the agent";
        Document::read(&reply.body, what, ERRORS)?.credentials(what, Expires::Always, ERRORS)
    }

    async fn authorization(&self) -> Result<Option<Secret>, CredentialsError> {
        let env = &self.context.env;
        let Some(path) = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return Ok(env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Into::into));
        };
        let path = env.path(&path);
        let text = file::read(&path, MAX_TOKEN, "the authorization token", ERRORS).await?;
        match text {
            // Its last line end is that of the file.
            Some(text) => Ok(Some(Secret::from(text.trim_end_matches(['\r', '\n'])))),
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

fn refused(reply: &Reply, secrets: &[&str]) -> CredentialsError {
    let status = reply.status.as_u16();
    let said = Document::read(&reply.body, "", ERRORS).ok();
    ERRORS.refused(
        match said
            .as_ref()
            .and_then(|said| Some((said.failure()?, said.message())))
        {
            Some((code, message)) => format!(
                "the agent refused with status {status}: {}: {}",
                quotable(code, secrets),
                quotable(message, secrets)
            ),
            None => format!("the agent refused with status {status}"),
        },
    )
}

impl ProvideCredentials for Container {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
