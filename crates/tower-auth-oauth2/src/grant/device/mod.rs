//! Device authorization: a person enters a code elsewhere (RFC 8628).

mod code;

pub use self::code::DeviceCode;

use super::{CheckedGrant, Flow, Grant, Obtain};
use crate::{
    OAuth2Builder, TokenResponse,
    endpoint::TokenEndpoint,
    error::{TokenError, What},
    form::Form,
    request::TokenRequest,
    response::lifetime,
    url,
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};
use tower_auth_core::AuthError;
use tower_auth_http::Redactor;

/// The server says nothing: every 5 s (section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// No server is asked more often than this, whatever it says.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// What `slow_down` adds (section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// Connection failures alone do not make it rarer than this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// No code is good for longer than this, whatever the server says.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

const DEVICE_URL: &str = "device_authorization_url";

type Show = Arc<dyn Fn(&DeviceCode) + Send + Sync>;

/// The grant of [`OAuth2::device_authorization`](crate::OAuth2::device_authorization).
#[derive(Clone)]
pub struct DeviceAuthorization {
    url: String,
    show: Option<Show>,
}

impl DeviceAuthorization {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            show: None,
        }
    }
}

impl<P> OAuth2Builder<DeviceAuthorization, P> {
    /// Shows the code to the person: mandatory. Called once for each login, and must not block.
    pub fn on_user_code(mut self, show: impl Fn(&DeviceCode) + Send + Sync + 'static) -> Self {
        self.grant.show = Some(Arc::new(show));
        self
    }
}

impl Grant for DeviceAuthorization {
    fn check(self) -> Result<CheckedGrant, AuthError> {
        let missing = || {
            AuthError::configuration(
                "on_user_code",
                "is missing: somebody has to show the code to the person",
            )
        };
        // Whether `localhost` is allowed is known when the endpoint is.
        url::endpoint(DEVICE_URL, &self.url, true)?;
        Ok(CheckedGrant(Box::new(Device {
            show: self.show.ok_or_else(missing)?,
            url: self.url,
            asked: AtomicBool::new(false),
        })))
    }
}

/// The flow itself.
struct Device {
    url: String,
    show: Show,
    /// The code was shown, and there is no token yet.
    asked: AtomicBool,
}

impl Device {
    async fn authorize(
        &self,
        endpoint: &TokenEndpoint,
        request: TokenRequest,
    ) -> Result<TokenResponse, TokenError> {
        self.asked.store(false, Ordering::Relaxed);
        if Handle::try_current().is_err() {
            return Err(TokenError::no_runtime());
        }
        let began = Instant::now();
        let fields = request.call().await?;
        let (code, device_code) = DeviceCode::read(fields.unwrap_or_default())?;
        let mut secrets = Redactor::new();
        secrets.secret(&code.user_code().into());
        self.asked.store(true, Ordering::Relaxed);
        (self.show)(&code);

        let life = code.expires_in().min(LONGEST_LIFE);
        let expires = began + life;
        // One that outlasts the code is a mistake, such as milliseconds.
        let mut interval = code
            .interval()
            .filter(|interval| *interval < life)
            .unwrap_or(DEFAULT_INTERVAL)
            .max(SHORTEST_INTERVAL);
        let mut pause = interval;
        loop {
            // From the end of the last exchange: one that timed out must not be followed at once by the next.
            let next = Instant::now() + pause;
            if next >= expires {
                return Err(What::DeviceCodeExpired.into());
            }
            sleep_until(next).await;
            let form = Form::grant("urn:ietf:params:oauth:grant-type:device_code");
            let mut form = endpoint.complete_without_scope(form);
            form.set("device_code", &device_code);
            let error = match endpoint.ask(&endpoint.request(form)).await {
                Ok(response) => {
                    self.asked.store(false, Ordering::Relaxed);
                    return Ok(response);
                }
                Err(error) => error,
            };
            let response = error.response();
            match response.and_then(|response| response.error()) {
                Some("authorization_pending") => {}
                Some("slow_down") => {
                    // For all that follow. GitHub says the new interval, too.
                    let named = response.and_then(|response| response.fields().get("interval"));
                    let named = named.and_then(lifetime::parse).unwrap_or_default();
                    interval = (interval + SLOW_DOWN).max(named);
                }
                Some("expired_token") => return Err(What::DeviceCodeExpired.into()),
                // Section 3.5: after a connection failure, less often.
                _ if error.is_transient() => {
                    interval = interval.max((interval * 2).min(LONGEST_INTERVAL));
                }
                _ => return Err(error.without(&secrets)),
            }
            pause = interval.max(error.retry_after().unwrap_or_default());
        }
    }
}

impl Flow for Device {
    /// Section 3.1: the client's id, scope, and whatever the caller adds; no grant type.
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let mut form = endpoint.complete(Form::default());
        if let Some(id) = endpoint.endpoint.client_id_in_body() {
            form.set("client_id", id);
        }
        Some(form)
    }

    fn request(&self, endpoint: &TokenEndpoint) -> Option<Result<TokenRequest, AuthError>> {
        let form = self.form(endpoint)?;
        let device = endpoint.endpoint.beside(DEVICE_URL, &self.url);
        Some(device.map(|device| device.request(form)))
    }

    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint, request: TokenRequest) -> Obtain<'a> {
        Box::pin(self.authorize(endpoint, request))
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn waits_for_person(&self) -> bool {
        true
    }

    fn person_was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Option<Duration> {
        Some(LONGEST_LIFE + Duration::from_secs(60))
    }
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceAuthorization")
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceAuthorization")
    }
}

#[cfg(test)]
mod tests;
