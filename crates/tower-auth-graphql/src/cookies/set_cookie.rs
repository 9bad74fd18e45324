//! Reads `Set-Cookie` (RFC 6265bis section 5.6).

use cookie_store::RawCookie;
use time::{Duration, OffsetDateTime};

/// The longest name and value that are kept, in bytes, together; and the longest value of an attribute.
const LONGEST: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 1024;

/// A cookie, as a server set it. `None` when it sets none.
///
/// Bytes above 127 are kept, whatever they mean: see [`text`].
pub(super) fn parse(header: &[u8]) -> Option<RawCookie<'static>> {
    if header.iter().any(u8::is_ascii_control) {
        return None; // no header could take it back
    }
    let mut parts = header.split(|byte| *byte == b';');
    let (name, value) = pair(parts.next()?);
    let value = value?;
    if name.is_empty() || name.len() + value.len() > LONGEST {
        return None;
    }
    let mut cookie = RawCookie::new(text(name), text(value));
    for attribute in parts {
        let (name, value) = pair(attribute);
        let value = value.unwrap_or_default();
        if value.len() <= LONGEST_ATTRIBUTE {
            set(&mut cookie, name, value);
        }
    }
    Some(cookie)
}

/// An attribute. The last one of a name wins; what is unknown or unreadable is as if it was not there.
fn set(cookie: &mut RawCookie<'static>, name: &[u8], value: &[u8]) {
    match &*name.to_ascii_lowercase() {
        b"expires" => {
            let date = crate::date::parse(value).map(OffsetDateTime::from_unix_timestamp);
            if let Some(Ok(date)) = date {
                cookie.set_expires(date);
            }
        }
        b"max-age" => {
            if let Some(seconds) = seconds(value) {
                cookie.set_max_age(Duration::seconds(seconds));
            }
        }
        b"domain" => {
            let value = value.strip_prefix(b".").unwrap_or(value);
            match text(value) {
                domain if domain.is_empty() => cookie.unset_domain(),
                domain => cookie.set_domain(domain.to_lowercase()),
            }
        }
        b"path" if value.starts_with(b"/") => cookie.set_path(text(value)),
        b"path" => cookie.unset_path(),
        b"secure" => cookie.set_secure(true),
        b"httponly" => cookie.set_http_only(true),
        _ => {}
    }
}

/// The seconds of a `Max-Age`: an integer, however long.
fn seconds(value: &[u8]) -> Option<i64> {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if value.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    Some(match digits.parse::<i64>() {
        _ if negative => 0,
        Ok(seconds) => seconds,
        Err(_) => i64::MAX,
    })
}

fn pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = part.iter().position(|byte| *byte == b'=');
    let (name, value) = part.split_at(at.unwrap_or(part.len()));
    (name.trim_ascii(), value.get(1..).map(<[u8]>::trim_ascii))
}

/// Bytes above 127 become characters of a private area, one each, so that they go back as they came: some servers mean
/// UTF-8, and some something else.
const PRIVATE: u32 = 0xF700;

fn text(bytes: &[u8]) -> String {
    let character = |byte: &u8| match byte {
        0..=127 => char::from(*byte),
        byte => char::from_u32(PRIVATE + u32::from(*byte)).unwrap_or_default(),
    };
    bytes.iter().map(character).collect()
}

/// The byte that a character stands for, when [`text`] made it.
fn byte(character: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(character).checked_sub(PRIVATE)?).ok()?;
    (byte > 127).then_some(byte)
}

/// The bytes that [`text`] stands for; other characters, such as those of a file, are written in UTF-8.
pub(super) fn bytes(text: &str, into: &mut Vec<u8>) {
    for character in text.chars() {
        match byte(character) {
            Some(byte) => into.push(byte),
            None => into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// How many bytes it stands for.
pub(super) fn length(text: &str) -> usize {
    text.chars()
        .map(|character| byte(character).map_or_else(|| character.len_utf8(), |_| 1))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_browsers_read_them() {
        let cookie = parse(
            b" a = b=c ;Secure=x; PATH=/p;path=q; Domain=.Example.COM ;HttpOnly;;Max-Age=010;x=y",
        )
        .unwrap();
        assert_eq!((cookie.name(), cookie.value()), ("a", "b=c"));
        assert_eq!(
            (cookie.secure(), cookie.http_only()),
            (Some(true), Some(true))
        );
        assert_eq!(
            (cookie.path(), cookie.domain()),
            (None, Some("example.com"))
        );
        assert_eq!(cookie.max_age(), Some(Duration::seconds(10)));
        let age = |text: &str| {
            parse(format!("a=b; Max-Age={text}").as_bytes())
                .unwrap()
                .max_age()
        };
        assert_eq!(age("-99999999999999999999"), Some(Duration::ZERO));
        assert_eq!(
            age("99999999999999999999"),
            Some(Duration::seconds(i64::MAX))
        );
        for text in ["", "1s", "+1", "1.5"] {
            assert_eq!(age(text), None, "{text}");
        }
        for none in ["", "=", "=b", "a", ";a=b", "a=\tb\tc", "a=b\u{7f}"] {
            assert!(parse(none.as_bytes()).is_none(), "{none:?}");
        }
    }

    #[test]
    fn every_byte_comes_back_as_it_was() {
        let all: Vec<u8> = (b'!'..=255)
            .filter(|byte| !b";=\x7f".contains(byte))
            .collect();
        let cookie = parse(&[b"a=", &all[..]].concat()).unwrap();
        let mut back = Vec::new();
        bytes(cookie.value(), &mut back);
        assert_eq!(back, all);
        let mut back = Vec::new();
        bytes("\u{e9}\u{f700}\u{f77f}", &mut back);
        assert_eq!(back, "\u{e9}\u{f700}\u{f77f}".as_bytes());
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        assert!(parse(format!("a={}", "x".repeat(4095)).as_bytes()).is_some());
        assert!(parse(format!("a={}", "x".repeat(4096)).as_bytes()).is_none());
        let path = format!("a=b; Path=/{}", "x".repeat(1024));
        assert_eq!(parse(path.as_bytes()).unwrap().path(), None);
    }
}
