//! How long a token lives that is a JWT.

use crate::jwt::Times;
use std::time::{Duration, SystemTime};
use tower_auth_token::{Fetched, Token, lifetime_from_seconds};

impl Times {
    /// A token that was just issued, and how long it can be used.
    ///
    /// A new token cannot have expired: when it seems so, the two clocks differ, and what counts is how long it lives.
    pub(crate) fn of_new(self, token: Token, now: SystemTime) -> Fetched<Token> {
        let fetched = Fetched::new(token);
        let (Some(expires), true) = (self.expires, self.is_expired(now)) else {
            return fetched.expires_at(self.expires.and_then(point));
        };
        match self.issued {
            Some(issued) if issued < expires => {
                fetched.lifetime(lifetime_from_seconds(expires - issued))
            }
            _ => fetched,
        }
    }
}

fn point(seconds: f64) -> Option<SystemTime> {
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
        let times = Times::of(token);
        assert_eq!(times.issued, Some(1_621_891_629.0));
        assert_eq!(times.expires, Some(1_622_755_629.0));
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
        ] {
            assert_eq!(Times::of(token), Times::default(), "{token}");
        }
        // {"exp":1e300}
        let fetched =
            Times::of("a.eyJleHAiOjFlMzAwfQ.c").of_new(Token::from("t"), SystemTime::UNIX_EPOCH);
        assert_eq!(fetched.expiry(SystemTime::UNIX_EPOCH), None);
    }

    #[test]
    fn a_new_token_that_seems_expired_lives_as_long_as_it_says() {
        let times = Times {
            issued: Some(1000.0),
            expires: Some(1600.0),
        };
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let fetched = times.of_new(Token::from("t"), at(1010));
        assert_eq!(fetched.expiry(at(1010)), Some(at(1600)));
        // Our clock is a day ahead.
        let fetched = times.of_new(Token::from("t"), at(87_400));
        assert_eq!(fetched.expiry(at(87_400)), Some(at(88_000)));
    }
}
