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

/// Appends what is already escaped, escaped again: only `%` is left to escape.
pub(crate) fn push_again(out: &mut Vec<u8>, escaped: &[u8]) {
    let mut pieces = escaped.split(|&byte| byte == b'%');
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.extend_from_slice(b"%25");
        out.extend_from_slice(piece);
    }
}

/// Appends one name or value of an `application/x-www-form-urlencoded` text: decoded, and then escaped *twice*, as it
/// stands in a signature base string.
///
/// Bytes are bytes: what is not UTF-8 stays what it is, and a `%` without two hexadecimal digits is a `%`.
pub(crate) fn push_form_twice(out: &mut Vec<u8>, raw: &[u8]) {
    let mut rest = raw;
    loop {
        let run = plain_run(rest);
        out.extend_from_slice(&rest[..run]);
        rest = &rest[run..];
        let (byte, length) = match rest {
            [] => return,
            [b'+', ..] => (b' ', 1),
            [b'%', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [byte, ..] => (*byte, 1),
        };
        if is_unreserved(byte) {
            out.push(byte);
        } else {
            let [high, low] = digits(byte);
            out.extend_from_slice(&[b'%', b'2', b'5', high, low]);
        }
        rest = &rest[length..];
    }
}

/// One name or value of an `application/x-www-form-urlencoded` text, decoded.
pub(crate) fn decode_form(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let (byte, length) = match rest {
            [] => return out,
            [b'+', ..] => (b' ', 1),
            [b'%', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [byte, ..] => (*byte, 1),
        };
        out.push(byte);
        rest = &rest[length..];
    }
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
