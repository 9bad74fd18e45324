//! When a token that is not for us says that it expires.

use crate::{base64url, json::Object};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// A token larger than this is not looked into.
const MOST: usize = 64 * 1024;

/// When a JWT says that it was issued, and that it expires. **Nothing is verified**: this is for a client that wants to
/// know when to fetch the next token, never for deciding whether to trust one.
///
/// ```
/// use tower_auth_jose::UnverifiedTimes;
///
/// let times = UnverifiedTimes::of("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.AAAA");
/// assert_eq!(times.expires(), Some(4_102_444_800.0));
/// assert_eq!(UnverifiedTimes::of("opaque"), UnverifiedTimes::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UnverifiedTimes {
    issued: Option<f64>,
    expires: Option<f64>,
}

impl UnverifiedTimes {
    /// Reads them. What is no JWT of three parts, or says nothing, has none; that is no error.
    ///
    /// Padding at the end of the payload is passed over, since some issuers write it.
    pub fn of(token: &str) -> Self {
        Self::read(token).unwrap_or_default()
    }

    fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || payload.len() > MOST {
            return None;
        }
        let payload = zeroize::Zeroizing::new(base64url::decode_padded(payload)?);
        let claims = Object::parse(&payload)?;
        let number = |name: &str| claims.get(name).and_then(Value::as_f64);
        Some(Self {
            issued: number("iat"),
            expires: number("exp"),
        })
    }

    /// `iat`, in seconds since 1970; may have a fraction, and any size.
    pub fn issued(self) -> Option<f64> {
        self.issued
    }

    /// `exp`, in seconds since 1970; may have a fraction, and any size.
    pub fn expires(self) -> Option<f64> {
        self.expires
    }

    /// `exp` as a point in time; `None` also when no clock can show it. What is before 1970 counts as 1970.
    pub fn expires_at(self) -> Option<SystemTime> {
        point(self.expires?)
    }
}

pub(crate) fn point(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds.max(0.0)).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_jwt_are_read() {
        // The sample of CollectiveAccess's documentation.
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtYXh3ZWxsLndoaXJsLWktZ2lnLmNvbSIsImF1ZCI6Im1h\
            eHdlbGwud2hpcmwtaS1naWcuY29tIiwiaWF0IjoxNjIxODkxNjI5LCJuYmYiOjE2MjE4OTE2MjksImV4cCI6MTYyMjc1NTYyOSwiaWQ\
            iOiIyIn0.Hlj1n_62Oq_xSDev6FkW8tzaU-oHKipMD2pzSHCM0gk";
        let times = UnverifiedTimes::of(token);
        assert_eq!(times.issued(), Some(1_621_891_629.0));
        assert_eq!(times.expires(), Some(1_622_755_629.0));
        let point = SystemTime::UNIX_EPOCH + Duration::from_secs(1_622_755_629);
        assert_eq!(times.expires_at(), Some(point));
    }

    #[test]
    fn what_is_no_jwt_has_no_times_and_is_no_error() {
        for token in [
            "",
            "opaque",
            "a.b.c",
            "..",
            "a.bnVsbA.c",
            "a.eyJleHAiOiJ4In0.c",
            "a.eyJleHAiOjF9",
            "a.eyJleHAiOjF9.c.d",
        ] {
            assert_eq!(
                UnverifiedTimes::of(token),
                UnverifiedTimes::default(),
                "{token}"
            );
        }
        // {"exp":1} with padding that base64url has not.
        assert_eq!(
            UnverifiedTimes::of("a.eyJleHAiOjF9ICA=.c").expires(),
            Some(1.0)
        );
        // {"exp":1e300}
        let times = UnverifiedTimes::of("a.eyJleHAiOjFlMzAwfQ.c");
        assert_eq!((times.expires(), times.expires_at()), (Some(1e300), None));
    }
}
