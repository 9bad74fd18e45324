//! Which claims are taken.

use super::Claims;
use crate::{VerifyError, VerifyErrorKind as Kind};
use std::time::{Duration, SystemTime};
use tower_auth_core::Clock;

/// What claims have to be. By default: `exp` is there and not over, `nbf` and `iat`, when there, are not to come, with
/// 10 seconds of leeway for clocks that differ.
///
/// ```
/// use tower_auth_jose::{Claims, Validation, VerifyErrorKind};
/// use tower_auth_core::clock::{Clock, ManualClock};
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let now = Clock::new(ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
/// let validation = Validation::new().issuer("https://as.example").audience("me").clock(now);
/// let claims: serde_json::Value =
///     serde_json::from_str(r#"{"iss":"https://as.example","aud":["me"],"exp":1699999000}"#)?;
/// let claims = Claims::new(claims.as_object().cloned().unwrap_or_default());
/// assert_eq!(validation.check(&claims).unwrap_err().kind(), VerifyErrorKind::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validation {
    issuer: Option<String>,
    audiences: Vec<String>,
    leeway: Duration,
    needs_expiry: bool,
    max_age: Option<Duration>,
    clock: Clock,
}

impl Default for Validation {
    fn default() -> Self {
        Self::new()
    }
}

impl Validation {
    /// The times only.
    pub fn new() -> Self {
        Self {
            issuer: None,
            audiences: Vec::new(),
            leeway: Duration::from_secs(10),
            needs_expiry: true,
            max_age: None,
            clock: Clock::system(),
        }
    }

    /// `iss` has to be exactly this.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// `aud` has to have this in it; after several calls, one of them. Whether others may stand beside it is for the
    /// caller to say: [`Claims::audiences`].
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// By how much clocks may differ: 10 seconds by default.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Takes claims without `exp`, which never expire. One that is there still counts.
    #[must_use]
    pub fn optional_expiry(mut self) -> Self {
        self.needs_expiry = false;
        self
    }

    /// `iat` has to be there, and at most this long ago.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks.
    ///
    /// # Errors
    ///
    /// [`Issuer`](Kind::Issuer), [`Audience`](Kind::Audience), [`Expired`](Kind::Expired),
    /// [`NotYetValid`](Kind::NotYetValid); [`Claim`](Kind::Claim) when one that is needed is missing, or a time is no
    /// number.
    pub fn check(&self, claims: &Claims) -> Result<(), VerifyError> {
        let refuse = |kind, why| Err(VerifyError::new(kind, why));
        if self.issuer.is_some() && claims.issuer() != self.issuer.as_deref() {
            return refuse(Kind::Issuer, "its `iss` is another issuer, or missing");
        }
        let is_ours = |named: &str| self.audiences.iter().any(|ours| ours == named);
        if !self.audiences.is_empty() && !claims.audiences().any(is_ours) {
            return refuse(Kind::Audience, "its `aud` is somebody else, or missing");
        }
        let now = self.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        let (now, leeway) = (
            now.unwrap_or_default().as_secs_f64(),
            self.leeway.as_secs_f64(),
        );
        match seconds(claims, "exp")? {
            None if self.needs_expiry => return refuse(Kind::Claim, "it has no `exp`"),
            Some(expires) if expires + leeway <= now => {
                return refuse(Kind::Expired, "its `exp` is over");
            }
            _ => {}
        }
        let issued = seconds(claims, "iat")?;
        if [seconds(claims, "nbf")?, issued]
            .iter()
            .flatten()
            .any(|from| *from > now + leeway)
        {
            return refuse(Kind::NotYetValid, "its `nbf` or `iat` is in the future");
        }
        match (self.max_age, issued) {
            (Some(_), None) => refuse(Kind::Claim, "it has no `iat`"),
            (Some(age), Some(issued)) if issued + age.as_secs_f64() + leeway < now => {
                refuse(Kind::Expired, "its `iat` is too long ago")
            }
            _ => Ok(()),
        }
    }
}

/// A NumericDate (RFC 7519 section 2).
fn seconds(claims: &Claims, name: &str) -> Result<Option<f64>, VerifyError> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    // With serde_json's `arbitrary_precision` there are numbers that no `f64` holds: not the same as none.
    let seconds = claim.as_f64().map(Some);
    seconds.ok_or_else(|| VerifyError::new(Kind::Claim, "one of its times is no usable number"))
}
