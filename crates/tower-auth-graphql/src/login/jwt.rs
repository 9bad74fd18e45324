//! How long a token lives that is a JWT.

use std::time::SystemTime;
use tower_auth_jose::UnverifiedTimes;
use tower_auth_token::{Fetched, Token, lifetime_from_seconds};

/// Whether a token says that it has expired.
pub(super) fn is_expired(token: &str, now: SystemTime) -> bool {
    let expires = UnverifiedTimes::of(token).expires_at();
    expires.is_some_and(|expires| expires <= now)
}

/// A token that was just issued, and how long it can be used.
///
/// A new token cannot have expired: when it seems so, the two clocks differ, and what counts is how long it lives.
pub(super) fn of_new(token: Token, now: SystemTime) -> Fetched<Token> {
    let times = UnverifiedTimes::of(token.access().expose());
    let fetched = Fetched::new(token);
    let Some(expires) = times.expires_at() else {
        return fetched;
    };
    if expires > now {
        return fetched.expires_at(expires);
    }
    match (times.issued(), times.expires()) {
        (Some(issued), Some(expires)) if issued < expires => {
            fetched.lifetime(lifetime_from_seconds(expires - issued))
        }
        _ => fetched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use std::time::Duration;

    fn token(claims: &str) -> String {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        format!("a.{payload}.c")
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn expiry(claims: &str, now: u64) -> Option<SystemTime> {
        of_new(Token::from(&*token(claims)), at(now)).expiry(at(now))
    }

    #[test]
    fn a_new_token_that_seems_expired_lives_as_long_as_it_says() {
        let claims = r#"{"iat":1000,"exp":1600}"#;
        assert_eq!(expiry(claims, 1010), Some(at(1600)));
        // Our clock is a day ahead.
        assert_eq!(expiry(claims, 87_400), Some(at(88_000)));
        assert!(is_expired(&token(claims), at(1600)) && !is_expired(&token(claims), at(1599)));
    }

    #[test]
    fn what_says_nothing_is_used_until_it_is_refused() {
        for claims in ["null", "{}", r#"{"exp":"x"}"#, r#"{"exp":1e300}"#] {
            assert_eq!(expiry(claims, 10), None, "{claims}");
            assert!(!is_expired(&token(claims), at(10)));
        }
        assert!(!is_expired("opaque", at(10)));
    }
}
