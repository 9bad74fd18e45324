//! The text of the file.

use super::{StoredToken, entry};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// All entries, those that are not understood among them, as they stand in the file.
pub(super) type Entries<'a> = BTreeMap<String, &'a RawValue>;

pub(super) fn parse(text: &[u8]) -> Result<Entries<'_>, serde_json::Error> {
    serde_json::from_slice(text)
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
        entry::write(&mut text, token);
    }
    text.push(b'}');
    text
}

fn member(text: &mut Vec<u8>, key: &str) {
    if text.len() > 1 {
        text.extend_from_slice(b", ");
    }
    entry::string(text, key);
    text.extend_from_slice(b": ");
}

/// Room enough, so that no copy of a token is left behind by growing. What is kept may have been written without blanks
/// and escapes.
fn room(entries: &Entries<'_>, key: &str, token: Option<&StoredToken>, old_size: usize) -> usize {
    let name = |name: &str| entry::string_room(name) + 4;
    let token = token.map_or(0, |token| name(key) + entry::room(token));
    old_size + token + entries.keys().map(|key| name(key)).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};
    use tower_auth_core::Secret;

    fn token(token: &str, expiry: Option<u64>, refresh: Option<&str>) -> StoredToken {
        StoredToken {
            token: token.into(),
            expires_at: expiry.map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s)),
            refresh: refresh.map(Secret::from),
        }
    }

    fn read(entries: &Entries<'_>, key: &str) -> StoredToken {
        entry::read(entries[key].get()).unwrap()
    }

    #[test]
    fn what_httpx_auth_wrote_is_read() {
        // As its version 0.23.1 writes it, and the two-element form of earlier versions.
        let text = br#"{"k1": ["t1", 1704067229.0, "r1"], "k2": ["t2", 1704070800.5, null], "k3": ["t3", 4102444800]}"#;
        let entries = parse(text).unwrap();
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds));
        assert_eq!(read(&entries, "k1"), token("t1", None, Some("r1")));
        assert_eq!(read(&entries, "k1").expires_at, at(1_704_067_229.0));
        assert_eq!(read(&entries, "k2").expires_at, at(1_704_070_800.5));
        assert_eq!(read(&entries, "k3"), token("t3", None, None));
        assert_eq!(read(&entries, "k3").expires_at, at(4_102_444_800.0));
    }

    #[test]
    fn what_is_written_is_what_httpx_auth_writes() {
        let text = br#"{"a": ["x", 1.5, null],"z":{"n":1e400}}"#;
        let entries = parse(text).unwrap();
        let with = token("t", Some(1_704_067_229), Some("r"));
        let written = write(&entries, "k", Some(&with), text.len());
        assert_eq!(
            std::str::from_utf8(&written).unwrap(),
            r#"{"a": ["x", 1.5, null], "z": {"n":1e400}, "k": ["t", 1704067229.0, "r"]}"#
        );
        let without = write(&parse(&written).unwrap(), "k", None, written.len());
        assert_eq!(
            std::str::from_utf8(&without).unwrap(),
            r#"{"a": ["x", 1.5, null], "z": {"n":1e400}}"#
        );
        let never = write(&Entries::new(), "k", Some(&token("t", None, None)), 0);
        assert_eq!(never.as_slice(), br#"{"k": ["t", 253402300799.0, null]}"#);
        assert_eq!(read(&parse(&never).unwrap(), "k").expires_at, None);
    }

    proptest! {
        #[test]
        fn nothing_that_a_file_can_hold_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(entries) = parse(&text) {
                for raw in entries.values() {
                    entry::read(raw.get());
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back_and_takes_no_more_room_than_was_reckoned(
            key in ".*", other in ".*", value in ".*", refresh in proptest::option::of(".*"),
        ) {
            let token = token(&value, Some(9), refresh.as_deref());
            let first = write(&Entries::new(), &other, Some(&token), 0);
            prop_assert!(first.len() <= room(&Entries::new(), &other, Some(&token), 0));
            let entries = parse(&first).unwrap();
            let second = write(&entries, &key, Some(&token), first.len());
            prop_assert!(second.len() <= room(&entries, &key, Some(&token), first.len()));
            let entries = parse(&second).unwrap();
            prop_assert_eq!(&read(&entries, &key), &token);
            prop_assert_eq!(&read(&entries, &other), &token);
        }
    }
}
