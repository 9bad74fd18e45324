//! What happens while the metadata service has no new credentials.

use crate::Credentials;
use crate::credentials::{CredentialsError, CredentialsErrorKind};
use std::time::{Duration, SystemTime};

/// Credentials that have expired, with a new expiry five to ten minutes ahead; others as they are.
pub(super) fn extended(credentials: Credentials, now: SystemTime) -> Credentials {
    match credentials.expires_at() {
        Some(at) if at <= now => {
            tracing::warn!(
                "instance metadata gave credentials that have expired: using them for some minutes more"
            );
            let at = now.checked_add(pause(now)).unwrap_or(now);
            credentials.with_expires_at(at)
        }
        _ => credentials,
    }
}

/// Not the same on all machines of a fleet, which would otherwise ask all at once.
fn pause(now: SystemTime) -> Duration {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.subsec_micros());
    Duration::from_secs(300 + u64::from(micros % 300))
}

/// Whether the last credentials do for now. A service that is gone, or has no role any more, counts: it was there before.
pub(super) fn is_outage(error: &CredentialsError) -> bool {
    matches!(
        error.kind(),
        CredentialsErrorKind::Unreachable
            | CredentialsErrorKind::Refused
            | CredentialsErrorKind::Malformed
            | CredentialsErrorKind::NotConfigured
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_credentials_last_five_to_ten_minutes_more() {
        let key = Credentials::new("A", "s").unwrap();
        for micros in [0, 1, 299, 300, 999_999] {
            let now = SystemTime::UNIX_EPOCH
                + Duration::from_secs(1_000_000)
                + Duration::from_micros(micros);
            let expired = key.clone().with_expires_at(now);
            let left = extended(expired, now)
                .expires_at()
                .unwrap()
                .duration_since(now)
                .unwrap();
            assert!((300..600).contains(&left.as_secs()), "{left:?}");
            let at = now + Duration::from_secs(1);
            let fresh = extended(key.clone().with_expires_at(at), now);
            assert_eq!(fresh.expires_at(), Some(at));
        }
        assert_eq!(extended(key, SystemTime::UNIX_EPOCH).expires_at(), None);
    }
}
