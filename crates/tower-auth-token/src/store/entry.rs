//! The text of a token: `["<token>", <expiry>, "<refresh token>" or null]`.

use super::StoredToken;
use std::time::{Duration, SystemTime};
use tower_auth_core::Secret;

/// The end of the year 9999, the last moment that Python's `datetime` knows: no known end.
const NEVER: f64 = 253_402_300_799.0;

/// A token, if this is one. Arrays of two have no refresh token.
pub(super) fn read(text: &str) -> Option<StoredToken> {
    let of_two =
        |(token, expiry): (String, f64)| -> (String, f64, Option<String>) { (token, expiry, None) };
    let (token, expiry, refresh) = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(text).map(of_two))
        .ok()?;
    let expires_at = (expiry < NEVER).then(|| {
        let since = Duration::try_from_secs_f64(expiry).unwrap_or_default();
        SystemTime::UNIX_EPOCH + since
    });
    Some(StoredToken {
        token: Secret::from(token),
        expires_at,
        refresh: refresh.map(Secret::from),
    })
}

pub(super) fn write(text: &mut Vec<u8>, token: &StoredToken) {
    text.push(b'[');
    string(text, token.token.expose());
    text.extend_from_slice(b", ");
    let expiry = token.expires_at.map_or(NEVER, |at| {
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64()
            .min(NEVER)
    });
    text.extend_from_slice(format!("{expiry:?}").as_bytes());
    text.extend_from_slice(b", ");
    match &token.refresh {
        Some(refresh) => string(text, refresh.expose()),
        None => text.extend_from_slice(b"null"),
    }
    text.push(b']');
}

/// Room enough for a token, so that no copy of it is left behind by growing.
pub(super) fn room(token: &StoredToken) -> usize {
    let secret = |secret: &Secret| string_room(secret.expose());
    secret(&token.token) + token.refresh.as_ref().map_or(0, secret) + 64
}

pub(super) fn string(text: &mut Vec<u8>, value: &str) {
    serde_json::to_writer(text, value).expect("a text can be written to memory");
}

/// An escape takes at most six bytes.
pub(super) fn string_room(text: &str) -> usize {
    6 * text.len() + 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
        for text in [
            "null",
            "1",
            "\"t\"",
            "[]",
            "[\"t\"]",
            "{}",
            "[1, 2, 3]",
            "[\"t\", \"1\", null]",
            "[\"t\", null, null]",
            "[\"t\", 1, 2]",
            "[\"t\", 1, null, 4]",
            "[\"t\", 1e999, null]",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        for odd in [
            "[\"t\", -1e300]",
            "[\"t\", 1e300]",
            "[\"t\", -0.0, null]",
            " [ \"t\" , 1 ] ",
        ] {
            assert!(read(odd).is_some(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_takes_no_more_room_than_was_reckoned(
            token in ".*", refresh in proptest::option::of(".*"),
            expiry in proptest::option::of(0..4_000_000_000_u64),
        ) {
            let token = StoredToken {
                token: Secret::from(token),
                expires_at: expiry.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at)),
                refresh: refresh.map(Secret::from),
            };
            let mut text = Vec::new();
            write(&mut text, &token);
            prop_assert!(text.len() <= room(&token));
            let back = read(std::str::from_utf8(&text).unwrap()).unwrap();
            prop_assert_eq!(&back, &token);
            prop_assert_eq!(back.expires_at, token.expires_at);
        }
    }
}
