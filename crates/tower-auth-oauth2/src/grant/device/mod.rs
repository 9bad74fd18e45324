//! Device authorization: a person enters a code elsewhere (RFC 8628).

mod code;

pub use self::code::DeviceCode;

use super::{Flow, Grant, Obtain, sealed};
use crate::{
    OAuth2Builder, TokenResponse,
    endpoint::{Endpoint, TokenEndpoint},
    error::TokenError,
    form::Form,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use tower_auth_core::AuthError;

/// The server says nothing: every 5 s (section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds (section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// After connection failures, it is never asked less often than this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// No code is good for longer than this, whatever the server says.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

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

impl sealed::Sealed for DeviceAuthorization {}

impl Grant for DeviceAuthorization {
    fn flow(self) -> Result<Box<dyn Flow>, AuthError> {
        let missing = || {
            AuthError::configuration(
                "on_user_code",
                "is missing: somebody has to show the code to the person",
            )
        };
        Ok(Box::new(Device {
            show: self.show.ok_or_else(missing)?,
            url: self.url,
        }))
    }
}

/// The flow itself.
struct Device {
    url: String,
    show: Show,
}

impl Device {
    async fn authorize(&self, endpoint: &TokenEndpoint) -> Result<TokenResponse, TokenError> {
        let device: Endpoint = endpoint
            .endpoint
            .beside("device_authorization_url", &self.url)?;
        let began = Instant::now();
        // Section 3.1: the client's id, scope, and whatever the caller adds; no grant type.
        let mut form = endpoint.complete(Form::default());
        if let Some(id) = device.client_id_in_body() {
            form.push("client_id", id);
        }
        let fields = device.call(form).await?;
        let (code, device_code) = DeviceCode::read(fields.unwrap_or_default())?;
        (self.show)(&code);

        let expires = began + code.expires_in().min(LONGEST_LIFE);
        let mut interval = code
            .interval()
            .unwrap_or(DEFAULT_INTERVAL)
            .min(LONGEST_INTERVAL);
        let mut asked = Instant::now();
        loop {
            let next = asked + interval;
            if next >= expires {
                return Err(TokenError::DeviceCodeExpired);
            }
            sleep_until(next).await;
            asked = Instant::now();
            let form = Form::grant("urn:ietf:params:oauth:grant-type:device_code")
                .with("device_code", &device_code);
            let error = match endpoint.request(form).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match error.response().and_then(|response| response.error()) {
                Some("authorization_pending") => {}
                Some("slow_down") => interval = (interval + SLOW_DOWN).min(LONGEST_INTERVAL),
                Some("expired_token") => return Err(TokenError::DeviceCodeExpired),
                // Section 3.5: after a connection failure, less often.
                _ if error.is_transient() => interval = (interval * 2).min(LONGEST_INTERVAL),
                _ => return Err(error),
            }
        }
    }
}

impl Flow for Device {
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint) -> Obtain<'a> {
        Box::pin(self.authorize(endpoint))
    }

    fn identity(&self) -> Vec<(&'static str, String)> {
        vec![("grant_type", "device_code".to_owned())]
    }

    fn is_interactive(&self) -> bool {
        true
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
