//! Percent-encoding as RFC 5849 section 3.6 has it, on bytes.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// `A-Z a-z 0-9 - . _ ~`: all that is never escaped.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

pub(crate) fn is_unreserved(byte: u8) -> bool {
    UNRESERVED[usize::from(byte)]
}

/// Splits off what needs no escaping.
fn plain_run(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|&byte| !is_unreserved(byte))
        .unwrap_or(bytes.len())
}

/// Appends `raw`, escaped once.
pub(crate) fn push(out: &mut Vec<u8>, raw: &[u8]) {
    let mut rest = raw;
    loop {
        let run = plain_run(rest);
        out.extend_from_slice(&rest[..run]);
        let Some(&byte) = rest.get(run) else { return };
        push_byte(out, byte);
        rest = &rest[run + 1..];
    }
}

fn push_byte(out: &mut Vec<u8>, byte: u8) {
    let [high, low] = digits(byte);
    out.extend_from_slice(&[b'%', high, low]);
}

fn digits(byte: u8) -> [u8; 2] {
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

/// How long `raw` is when it is escaped.
pub(crate) fn len(raw: &[u8]) -> usize {
    raw.len() + 2 * raw.iter().filter(|&&byte| !is_unreserved(byte)).count()
}

/// `raw`, escaped once.
pub(crate) fn escaped(raw: &str) -> String {
    let mut out = Vec::with_capacity(len(raw.as_bytes()));
    push(&mut out, raw.as_bytes());
    String::from_utf8(out).expect("escapes are ASCII")
}

/// As [`escaped`], of a text that most often needs no escapes.
pub(crate) fn into_escaped(raw: String) -> String {
    if plain_run(raw.as_bytes()) == raw.len() {
        raw
    } else {
        escaped(&raw)
    }
}

/// Appends what is already escaped, escaped again: only `%` is left to escape.
pub(crate) fn push_again(out: &mut Vec<u8>, escaped: &[u8]) {
    let mut pieces = escaped.split(|&byte| byte == b'%');
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.extend_from_slice(b"%25");
        out.extend_from_slice(piece);
    }
}

/// A byte that is escaped twice is this long: `%25XX`.
pub(crate) const LONGEST: usize = 5;

/// Up to where [`write_form_twice`] reads.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Until {
    /// The next `&`: a value.
    Ampersand,
    /// The next `=` or `&`: a name.
    Equals,
}

/// Writes one name or value of an `application/x-www-form-urlencoded` text: decoded, and then escaped *twice*, as it
/// stands in a signature base string. There has to be room: [`LONGEST`] for each byte. Tells how many bytes it read, and
/// how many it wrote.
///
/// Bytes are bytes: what is not UTF-8 stays what it is, and a `%` without two hexadecimal digits is a `%`. They are written
/// one by one, by index: most runs between two escapes are too short for a copy to pay.
#[inline]
pub(crate) fn write_form_twice(room: &mut [u8], raw: &[u8], until: Until) -> (usize, usize) {
    let (mut read, mut at) = (0, 0);
    loop {
        let mut run = 0;
        for (place, &byte) in room[at..].iter_mut().zip(&raw[read..]) {
            if !is_unreserved(byte) {
                break;
            }
            *place = byte;
            run += 1;
        }
        at += run;
        read += run;
        let Some(&first) = raw.get(read) else { break };
        let ends = match until {
            Until::Ampersand => first == b'&',
            Until::Equals => matches!(first, b'&' | b'='),
        };
        if ends {
            break;
        }
        let (byte, length) = decode_one(first, &raw[read..]);
        read += length;
        if is_unreserved(byte) {
            room[at] = byte;
            at += 1;
        } else {
            let [high, low] = digits(byte);
            room[at..at + LONGEST].copy_from_slice(&[b'%', b'2', b'5', high, low]);
            at += LONGEST;
        }
    }
    (read, at)
}

/// The byte that `text` begins with, and how many bytes it takes up there.
fn decode_one(first: u8, text: &[u8]) -> (u8, usize) {
    match (first, text) {
        (b'+', _) => (b' ', 1),
        (b'%', [_, high, low, ..]) => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'%', 1),
        },
        (byte, _) => (byte, 1),
    }
}

/// One name or value of an `application/x-www-form-urlencoded` text, decoded.
#[cfg(any(test, feature = "legs"))]
pub(crate) fn decode_form(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(&first) = rest.first() {
        let (byte, length) = decode_one(first, rest);
        out.push(byte);
        rest = &rest[length..];
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push_form_twice(out: &mut Vec<u8>, raw: &[u8]) {
        let mut room = vec![0; LONGEST * raw.len()];
        let (read, written) = write_form_twice(&mut room, raw, Until::Ampersand);
        assert_eq!(read, raw.len());
        out.extend_from_slice(&room[..written]);
    }

    /// The table of <https://oauth.pbworks.com/TestCases>, "Parameter Encoding".
    #[test]
    fn the_published_test_cases() {
        for (raw, expected) in [
            ("abcABC123", "abcABC123"),
            ("-._~", "-._~"),
            ("%", "%25"),
            ("+", "%2B"),
            ("&=*", "%26%3D%2A"),
            ("\n", "%0A"),
            (" ", "%20"),
            ("\u{7f}", "%7F"),
            ("\u{80}", "%C2%80"),
            ("\u{3001}", "%E3%80%81"),
        ] {
            assert_eq!(escaped(raw), expected);
            assert_eq!(len(raw.as_bytes()), expected.len());
            let mut twice = Vec::new();
            push_again(&mut twice, expected.as_bytes());
            let mut from_form = Vec::new();
            push_form_twice(&mut from_form, expected.as_bytes());
            assert_eq!(twice, from_form);
            assert_eq!(decode_form(expected.as_bytes()), raw.as_bytes());
        }
    }

    #[test]
    fn broken_escapes_and_foreign_bytes_are_kept() {
        for (raw, twice) in [
            (&b"a+b"[..], "a%2520b"),
            (b"%", "%2525"),
            (b"%4", "%25254"),
            (b"%zz", "%2525zz"),
            (b"%FF", "%25FF"),
            (b"\xff", "%25FF"),
            (b"%7e%41", "~A"),
        ] {
            let mut out = Vec::new();
            push_form_twice(&mut out, raw);
            assert_eq!(String::from_utf8(out).unwrap(), twice);
        }
    }
}
