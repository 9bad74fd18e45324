//! The text of the file.

use super::StoredToken;
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// All entries, those that are not understood among them, as they stand in the file.
pub(super) type Entries<'a> = BTreeMap<String, &'a RawValue>;

/// The end of the year 9999, the last moment that Python's `datetime` knows: no known end.
const NEVER: f64 = 253_402_300_799.0;

pub(super) fn parse(text: &[u8]) -> Result<Entries<'_>, serde_json::Error> {
    serde_json::from_slice(text)
}

/// An entry, if it is one.
pub(super) fn entry(raw: &RawValue) -> Option<StoredToken> {
    let raw = raw.get();
    let (token, expiry, refresh): (String, f64, Option<String>) = serde_json::from_str(raw)
        .or_else(|_| {
            serde_json::from_str::<(String, f64)>(raw).map(|(token, expiry)| (token, expiry, None))
        })
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

/// The text with `token` under `key`, or without that key. All else stays as it is.
pub(super) fn write(
    entries: &Entries<'_>,
    key: &str,
    token: Option<&StoredToken>,
    old_size: usize,
) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(room(entries, key, token, old_size)));
    text.push(b'{');
    for (other, raw) in entries.iter().filter(|(other, _)| *other != key) {
        member(&mut text, other);
        text.extend_from_slice(raw.get().as_bytes());
    }
    if let Some(token) = token {
        member(&mut text, key);
        text.push(b'[');
        string(&mut text, token.token.expose());
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
            Some(refresh) => string(&mut text, refresh.expose()),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b']');
    }
    text.push(b'}');
    text
}

/// Room enough, so that no copy of a token is left behind by growing: an escape takes at most six bytes.
fn room(entries: &Entries<'_>, key: &str, token: Option<&StoredToken>, old_size: usize) -> usize {
    let escaped = |text: &str| 6 * text.len() + 4;
    let secret = |secret: &Secret| escaped(secret.expose());
    let token = token.map_or(0, |token| {
        secret(&token.token) + token.refresh.as_ref().map_or(0, secret) + escaped(key) + 64
    });
    // What is kept may have been written without blanks and escapes.
    old_size + token + entries.keys().map(|key| escaped(key)).sum::<usize>() + 2
}

fn member(text: &mut Vec<u8>, key: &str) {
    if text.len() > 1 {
        text.extend_from_slice(b", ");
    }
    string(text, key);
    text.extend_from_slice(b": ");
}

fn string(text: &mut Vec<u8>, value: &str) {
    serde_json::to_writer(text, value).expect("a text can be written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(token: &str, expiry: Option<u64>, refresh: Option<&str>) -> StoredToken {
        StoredToken {
            token: token.into(),
            expires_at: expiry.map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s)),
            refresh: refresh.map(Secret::from),
        }
    }

    #[test]
    fn what_httpx_auth_wrote_is_read() {
        // As its version 0.23.1 writes it, and the two-element form of earlier versions.
        let text = br#"{"k1": ["t1", 1704067229.0, "r1"], "k2": ["t2", 1704070800.5, null], "k3": ["t3", 4102444800]}"#;
        let entries = parse(text).unwrap();
        let k1 = entry(entries["k1"]).unwrap();
        assert_eq!(k1, token("t1", None, Some("r1")));
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
        assert_eq!(k1.expires_at, Some(at(1_704_067_229.0)));
        assert_eq!(
            entry(entries["k2"]).unwrap().expires_at,
            Some(at(1_704_070_800.5))
        );
        let k3 = entry(entries["k3"]).unwrap();
        assert_eq!(k3, token("t3", None, None));
        assert_eq!(k3.expires_at, Some(at(4_102_444_800.0)));
    }

    #[test]
    fn what_is_written_is_what_httpx_auth_writes() {
        let text = br#"{"a": ["x", 1.5, null],"z":{"n":1e400}}"#;
        let entries = parse(text).unwrap();
        let written = write(
            &entries,
            "k",
            Some(&token("t", Some(1_704_067_229), Some("r"))),
            text.len(),
        );
        assert_eq!(
            std::str::from_utf8(&written).unwrap(),
            r#"{"a": ["x", 1.5, null], "z": {"n":1e400}, "k": ["t", 1704067229.0, "r"]}"#
        );
        let without = write(&parse(&written).unwrap(), "k", None, written.len());
        let never = write(&Entries::new(), "k", Some(&token("t", None, None)), 0);
        assert_eq!(
            std::str::from_utf8(&without).unwrap(),
            r#"{"a": ["x", 1.5, null], "z": {"n":1e400}}"#
        );
        assert_eq!(never.as_slice(), br#"{"k": ["t", 253402300799.0, null]}"#);
        assert_eq!(entry(parse(&never).unwrap()["k"]).unwrap().expires_at, None);
    }

    #[test]
    fn what_is_no_entry_is_not_taken_for_one() {
        for raw in [
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
            let text = format!("{{\"k\": {raw}}}");
            assert!(
                entry(parse(text.as_bytes()).unwrap()["k"]).is_none(),
                "{raw}"
            );
        }
        for odd in ["[\"t\", -1e300]", "[\"t\", 1e300]", "[\"t\", -0.0, null]"] {
            let text = format!("{{\"k\": {odd}}}");
            assert!(
                entry(parse(text.as_bytes()).unwrap()["k"]).is_some(),
                "{odd}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_file_can_hold_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(entries) = parse(&text) {
                for raw in entries.values() {
                    entry(raw);
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back_and_takes_no_more_room_than_was_reckoned(
            key in ".*", other in ".*", value in ".*", refresh in proptest::option::of(".*"),
            expiry in proptest::option::of(0..4_000_000_000_u64),
        ) {
            let token = token(&value, expiry, refresh.as_deref());
            let first = write(&Entries::new(), &other, Some(&token), 0);
            let entries = parse(&first).unwrap();
            let second = write(&entries, &key, Some(&token), first.len());
            let entries = parse(&second).unwrap();
            for key in [&key, &other] {
                let read = entry(entries[key]).unwrap();
                prop_assert_eq!(&read, &token);
                prop_assert_eq!(read.expires_at, token.expires_at);
            }
            prop_assert!(first.len() <= room(&Entries::new(), &other, Some(&token), 0));
            let entries = parse(&first).unwrap();
            prop_assert!(second.len() <= room(&entries, &key, Some(&token), first.len()));
        }
    }
}
