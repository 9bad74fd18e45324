//! How a provider asks a service.

use super::{CredentialsError, ProviderContext, error::Errors, secrets::Secrets};
use bytes::Bytes;
use http::{Request, Response};
use std::time::Duration;
use tower_auth_http::{Body, HttpClient, HttpError, Retry};

/// No service answers with more: credentials are about 2 KiB, most of them a session token.
const MAX_ANSWER: usize = 64 * 1024;

/// A service that gives credentials: with which client, how long and how often it is asked.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    http: HttpClient,
    retry: Retry,
    pub(super) errors: Errors,
}

impl Remote {
    /// One attempt may take so long, or what the client of the context allows, if that is less.
    pub(super) fn new(
        context: &ProviderContext,
        errors: Errors,
        timeout: Duration,
        retry: Retry,
    ) -> Self {
        let http = context.http.clone();
        let timeout = timeout.min(http.time_limit());
        Self {
            http: http.timeout(timeout).max_answer(MAX_ANSWER),
            // Attempts and their times are bounded as it is.
            retry: retry
                .total(Duration::from_secs(900))
                .clock(context.clock.clone()),
            errors,
        }
    }

    /// Sends a request until it is answered, for as often as there are attempts left: see [`Retry::send`]. An error shows
    /// nothing of what is secret.
    pub(super) async fn send(
        &self,
        make: impl Fn() -> Result<Request<Body>, CredentialsError>,
        again: impl Fn(&Response<Bytes>) -> bool,
        secrets: &Secrets,
    ) -> Result<Response<Bytes>, CredentialsError> {
        let make = |_| make().map_err(Failure::Unmade);
        let sent = self.retry.send(&self.http, make, again).await;
        sent.map_err(|failure| match failure {
            Failure::Unmade(error) => error,
            Failure::Http(error) => self.errors.http(error.redacted(secrets.redactor())),
        })
    }
}

enum Failure {
    Unmade(CredentialsError),
    Http(HttpError),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}
