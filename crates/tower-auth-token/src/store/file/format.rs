//! The text of the file.

use super::{StoredToken, entry};
use crate::members::Members;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// All entries, those that are not understood among them, as they stand in the file.
pub(super) type Entries<'a> = BTreeMap<String, &'a RawValue>;

pub(super) fn parse(text: &[u8]) -> Result<Entries<'_>, serde_json::Error> {
    serde_json::from_slice(text)
}

/// The entry that holds what httpx_auth's list of three has no room for. httpx_auth keeps it as it is, since it asks for
/// no such key.
pub(super) fn beside(key: &str) -> String {
    format!("{key}{MORE}")
}

/// The end of names that are no keys of tokens.
pub(super) const MORE: &str = ":more";

/// The token of this key. `Err` when what is there is something else.
pub(super) fn token(entries: &Entries<'_>, key: &str) -> Result<Option<StoredToken>, NotAToken> {
    let more = match entries.get(&beside(key)) {
        None => None,
        Some(raw) => Some(read_beside(raw).ok_or(NotAToken)?),
    };
    let Some(raw) = entries.get(key) else {
        return Ok(None);
    };
    let token = entry::read(raw.get()).ok_or(NotAToken)?;
    Ok(Some(match more {
        // Otherwise httpx_auth has put another token there since.
        Some((of, members)) if of.expose() == token.token().expose() => token.with_members(members),
        _ => token,
    }))
}

pub(super) struct NotAToken;

/// `["<token>", {…}]`: which token it belongs to, and its members.
fn read_beside(raw: &RawValue) -> Option<(Secret, Members)> {
    let [of, members]: [&RawValue; 2] = serde_json::from_str(raw.get()).ok()?;
    Some((entry::text_of(of)?, entry::read_members(members)?))
}

/// The text with `token` under `key`, or without that key. All else stays as it is.
pub(super) fn write(
    entries: &Entries<'_>,
    key: &str,
    token: Option<&StoredToken>,
    old_size: usize,
    blanks: Blanks,
) -> Zeroizing<Vec<u8>> {
    let beside = beside(key);
    let mut text = Zeroizing::new(Vec::with_capacity(room(entries, key, token, old_size)));
    text.push(b'{');
    for (other, raw) in entries {
        if other != key && *other != beside {
            member(&mut text, other, blanks);
            text.extend_from_slice(raw.get().as_bytes());
        }
    }
    if let Some(token) = token {
        member(&mut text, key, blanks);
        entry::write(&mut text, token);
        if !token.members().is_empty() {
            member(&mut text, &beside, blanks);
            text.push(b'[');
            entry::string(&mut text, token.token().expose());
            text.extend_from_slice(b", ");
            entry::write_members(&mut text, token.members());
            text.push(b']');
        }
    }
    text.push(b'}');
    text
}

/// Between entries, and after their names.
#[derive(Clone, Copy)]
pub(super) enum Blanks {
    /// As Python writes them.
    Some,
    /// Then what is kept takes no more room than it did.
    None,
}

fn member(text: &mut Vec<u8>, key: &str, blanks: Blanks) {
    let (between, after): (&[u8], &[u8]) = match blanks {
        Blanks::Some => (b", ", b": "),
        Blanks::None => (b",", b":"),
    };
    if text.len() > 1 {
        text.extend_from_slice(between);
    }
    entry::string(text, key);
    text.extend_from_slice(after);
}

/// Room enough, so that no copy of a token is left behind by growing. What is kept may have been written without blanks
/// and escapes.
fn room(entries: &Entries<'_>, key: &str, token: Option<&StoredToken>, old_size: usize) -> usize {
    let name = |name: &str| entry::string_room(name) + 4;
    let token = token.map_or(0, |token| {
        // With its members, it is there twice.
        2 * (name(key) + MORE.len() + entry::room(token))
    });
    old_size + token + entries.keys().map(|key| name(key)).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    fn token(token: &str, expiry: Option<u64>, refresh: Option<&str>) -> StoredToken {
        StoredToken::new(token)
            .with_expires_at(expiry.map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s)))
            .with_refresh(refresh.map(Secret::from))
    }

    fn write(
        entries: &Entries<'_>,
        key: &str,
        token: Option<&StoredToken>,
        old_size: usize,
    ) -> Zeroizing<Vec<u8>> {
        super::write(entries, key, token, old_size, Blanks::Some)
    }

    fn read(entries: &Entries<'_>, key: &str) -> StoredToken {
        super::token(entries, key).ok().flatten().unwrap()
    }

    #[test]
    fn what_httpx_auth_wrote_is_read() {
        // As its version 0.23.1 writes it, and the two-element form of earlier versions.
        let text = br#"{"k1": ["t1", 1704067229.0, "r1"], "k2": ["t2", 1704070800.5, null], "k3": ["t3", 4102444800]}"#;
        let entries = parse(text).unwrap();
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds));
        assert_eq!(read(&entries, "k1"), token("t1", None, Some("r1")));
        assert_eq!(read(&entries, "k1").expires_at(), at(1_704_067_229.0));
        assert_eq!(read(&entries, "k2").expires_at(), at(1_704_070_800.5));
        assert_eq!(read(&entries, "k3"), token("t3", None, None));
        assert_eq!(read(&entries, "k3").expires_at(), at(4_102_444_800.0));
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
        assert_eq!(read(&parse(&never).unwrap(), "k").expires_at(), None);
    }

    #[test]
    fn what_httpx_auth_has_no_room_for_stands_beside_its_list() {
        let plain = token("t", Some(9), Some("r"));
        let more = plain.clone().with_id_token(Secret::from("i"));
        let written = write(&Entries::new(), "k", Some(&more), 0);
        assert_eq!(
            std::str::from_utf8(&written).unwrap(),
            r#"{"k": ["t", 9.0, "r"], "k:more": ["t", {"id_token": "i"}]}"#
        );
        let entries = parse(&written).unwrap();
        assert_eq!(read(&entries, "k").id_token().unwrap().expose(), "i");
        for other in [Some(&plain), None] {
            let text = write(&entries, "k", other, written.len());
            assert!(!parse(&text).unwrap().contains_key("k:more"));
        }
    }

    #[test]
    fn members_that_nobody_knows_are_written_back_as_they_were() {
        let text =
            br#"{"k": ["t", 9.0, null], "k:more": ["t", {"a": [1.50, {"b": null}], "c": "d"}]}"#;
        let entries = parse(text).unwrap();
        let written = write(&entries, "k", Some(&read(&entries, "k")), text.len());
        assert_eq!(written.as_slice(), text);
    }

    #[test]
    fn what_belongs_to_a_token_that_httpx_auth_has_replaced_is_not_taken() {
        let text = br#"{"k": ["new", 9.0, null], "k:more": ["old", {"dpop_jwk": "{}"}]}"#;
        assert!(read(&parse(text).unwrap(), "k").proof_key().is_none());
    }

    proptest! {
        #[test]
        fn nothing_that_a_file_can_hold_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(entries) = parse(&text) {
                for key in entries.keys() {
                    let _ = super::token(&entries, key);
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back_and_takes_no_more_room_than_was_reckoned(
            key in ".*", other in ".*", value in ".*", refresh in proptest::option::of(".*"),
        ) {
            prop_assume!(key != beside(&other) && other != beside(&key));
            let token = token(&value, Some(9), refresh.as_deref()).with_id_token(Secret::from(&value));
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
