//! The text of a token: `["<token>", <expiry>, "<refresh token>" or null]`, which is what httpx_auth writes.
//!
//! It has no room for more, since httpx_auth fails on any other length. Where it does not read, further members are a
//! fourth element, an object.

use super::StoredToken;
use crate::members::{Member, Members};
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tower_auth_core::Secret;

/// The end of the year 9999, the last moment that Python's `datetime` knows: no known end.
const NEVER: f64 = 253_402_300_799.0;

/// A token, if this is one. Arrays of two have no refresh token.
pub(super) fn read(text: &str) -> Option<StoredToken> {
    let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let (token, expiry, refresh, members) = match *list {
        [token, expiry] => (token, expiry, None, None),
        [token, expiry, refresh] => (token, expiry, Some(refresh), None),
        [token, expiry, refresh, members] => (token, expiry, Some(refresh), Some(members)),
        _ => return None,
    };
    let expiry: f64 = serde_json::from_str(expiry.get()).ok()?;
    let expires_at = (expiry < NEVER).then(|| {
        let since = Duration::try_from_secs_f64(expiry).unwrap_or_default();
        SystemTime::UNIX_EPOCH + since
    });
    let refresh: Option<String> = match refresh {
        None => None,
        Some(refresh) => serde_json::from_str(refresh.get()).ok()?,
    };
    let members = members.map_or(Some(Members::default()), read_members)?;
    Some(
        StoredToken::new(text_of(token)?)
            .with_expires_at(expires_at)
            .with_refresh(refresh.map(Secret::from))
            .with_members(members),
    )
}

pub(super) fn text_of(raw: &RawValue) -> Option<Secret> {
    serde_json::from_str::<String>(raw.get())
        .ok()
        .map(Secret::from)
}

pub(super) fn read_members(raw: &RawValue) -> Option<Members> {
    let found: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let mut members = Members::default();
    for (name, raw) in found {
        let json = || Member::Json(raw.get().into());
        members.put(&name, Some(text_of(raw).map_or_else(json, Member::Text)));
    }
    Some(members)
}

/// As httpx_auth writes it: nothing more than it understands.
#[cfg(any(feature = "file", test))]
pub(super) fn write(text: &mut Vec<u8>, token: &StoredToken) {
    text.push(b'[');
    write_three(text, token);
    text.push(b']');
}

/// All of it.
#[cfg(feature = "keyring")]
pub(super) fn write_whole(text: &mut Vec<u8>, token: &StoredToken) {
    text.push(b'[');
    write_three(text, token);
    if !token.members().is_empty() {
        text.extend_from_slice(b", ");
        write_members(text, token.members());
    }
    text.push(b']');
}

fn write_three(text: &mut Vec<u8>, token: &StoredToken) {
    string(text, token.token().expose());
    text.extend_from_slice(b", ");
    let expiry = token.expires_at().map_or(NEVER, |at| {
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64()
            .min(NEVER)
    });
    text.extend_from_slice(format!("{expiry:?}").as_bytes());
    text.extend_from_slice(b", ");
    match token.refresh() {
        Some(refresh) => string(text, refresh.expose()),
        None => text.extend_from_slice(b"null"),
    }
}

pub(super) fn write_members(text: &mut Vec<u8>, members: &Members) {
    text.push(b'{');
    for (index, (name, member)) in members.iter().enumerate() {
        if index > 0 {
            text.extend_from_slice(b", ");
        }
        string(text, name);
        text.extend_from_slice(b": ");
        match member {
            Member::Text(value) => string(text, value.expose()),
            Member::Json(raw) => text.extend_from_slice(raw.expose().as_bytes()),
        }
    }
    text.push(b'}');
}

/// Room enough for a token, so that no copy of it is left behind by growing.
pub(super) fn room(token: &StoredToken) -> usize {
    let secret = |secret: &Secret| string_room(secret.expose());
    let members = token.members().iter().map(|(name, member)| {
        let value = match member {
            Member::Text(value) => secret(value),
            Member::Json(raw) => raw.expose().len(),
        };
        string_room(name) + value + 4
    });
    secret(token.token()) + token.refresh().map_or(0, secret) + members.sum::<usize>() + 72
}

pub(super) fn string(text: &mut Vec<u8>, value: &str) {
    serde_json::to_writer(text, value).expect("a text can be written to memory");
}

pub(super) fn string_room(text: &str) -> usize {
    let room = |byte| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6, // an escape at its longest
        _ => 1,
    };
    text.bytes().map(room).sum::<usize>() + 4
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
            "[\"t\", 1, null, {}, {}]",
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
            names in proptest::collection::vec((".*", ".*"), 0..4), other in 0..99_u32,
        ) {
            let expires_at =
                expiry.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at));
            let mut members = Members::default();
            members.put("other", Some(Member::Json(format!("[{other}, null]").into())));
            let mut token = StoredToken::new(token)
                .with_expires_at(expires_at)
                .with_refresh(refresh.map(Secret::from))
                .with_members(members);
            for (name, value) in &names {
                token = token.with_member(name, Secret::from(value)).unwrap();
            }
            let mut text = Vec::new();
            write_members(&mut text, token.members());
            let members: Box<RawValue> = serde_json::from_slice(&text).unwrap();
            let members = read_members(&members).unwrap();
            let mut text = Vec::new();
            write(&mut text, &token);
            prop_assert!(text.len() <= room(&token));
            let back = read(std::str::from_utf8(&text).unwrap()).unwrap().with_members(members);
            prop_assert_eq!(&back, &token);
            prop_assert_eq!(back.expires_at(), token.expires_at());
            prop_assert_eq!(format!("{:?}", back.members()), format!("{:?}", token.members()));
            for (name, _) in &names {
                let text = |token: &StoredToken| token.member(name).map(|text| text.expose().to_owned());
                prop_assert_eq!(text(&back), text(&token));
            }
        }
    }
}
