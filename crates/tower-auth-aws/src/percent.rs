//! Percent-encoding as SigV4 has it: all but `A-Za-z0-9-._~`, in upper-case digits, byte by byte.

use crate::sink::Sink;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// `KEEP[b]`: the byte stays as it is.
const KEEP: [bool; 256] = {
    let mut keep = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        keep[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    keep
};

/// Whether the byte stays as it is.
pub(crate) fn is_unreserved(byte: u8) -> bool {
    KEEP[usize::from(byte)]
}

fn escape(byte: u8) -> [u8; 3] {
    [
        b'%',
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 15)],
    ]
}

/// Encodes text, leaving bytes that satisfy `keep` too as they are.
pub(crate) fn encode(sink: &mut impl Sink, mut text: &[u8], keep: impl Fn(u8) -> bool) {
    while let Some(at) = text.iter().position(|&b| !is_unreserved(b) && !keep(b)) {
        sink.put(&text[..at]);
        sink.put(&escape(text[at]));
        text = &text[at + 1..];
    }
    sink.put(text);
}

/// Decodes text and encodes it again, which gives the one canonical spelling of it.
///
/// What looks like an escape and is none (`100%`, `%zz`) is taken literally. `plus` is what a literal `+` stands for.
pub(crate) fn recode(sink: &mut impl Sink, mut text: &[u8], plus: u8, keep: impl Fn(u8) -> bool) {
    while let Some(at) = text.iter().position(|&b| !is_unreserved(b) && !keep(b)) {
        sink.put(&text[..at]);
        let (byte, length) = decode_first(&text[at..], plus);
        if is_unreserved(byte) || keep(byte) {
            sink.put_byte(byte);
        } else {
            sink.put(&escape(byte));
        }
        text = &text[at + length..];
    }
    sink.put(text);
}

/// Whether [`recode`] would change nothing.
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        if is_unreserved(text[at]) {
            at += 1;
            continue;
        }
        let (byte, length) = decode_first(&text[at..], 0);
        if length != 3 || is_unreserved(byte) || text[at..at + 3] != escape(byte) {
            return false;
        }
        at += 3;
    }
    true
}

/// The byte that the text begins with, and how long its spelling is.
fn decode_first(text: &[u8], plus: u8) -> (u8, usize) {
    let digit = |at: usize| {
        text.get(at)
            .and_then(|&digit| char::from(digit).to_digit(16))
    };
    match text[0] {
        b'%' => match (digit(1), digit(2)) {
            (Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
            _ => (b'%', 1),
        },
        b'+' => (plus, 1),
        byte => (byte, 1),
    }
}

/// Whether `text` is a spelling of this name, in letters of either case.
pub(crate) fn spells(mut text: &[u8], name: &[u8]) -> bool {
    for expected in name {
        if text.is_empty() {
            return false;
        }
        let (byte, length) = decode_first(text, b' ');
        if !byte.eq_ignore_ascii_case(expected) {
            return false;
        }
        text = &text[length..];
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recoded(text: &str) -> String {
        let mut out = Vec::new();
        recode(&mut out, text.as_bytes(), b' ', |_| false);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_spelling_becomes_the_canonical_one() {
        for (spelling, canonical) in [
            ("aZ09-._~", "aZ09-._~"),
            ("a+b", "a%20b"),
            ("%41%7e%2f", "A~%2F"),
            ("a:b/c", "a%3Ab%2Fc"),
            ("%FF%fe", "%FF%FE"), // bytes, not text
            ("é", "%C3%A9"),
            ("100%", "100%25"),
            ("%zz%4", "%25zz%254"),
            ("%2541", "%2541"), // decoded once
        ] {
            assert_eq!(recoded(spelling), canonical, "{spelling}");
            assert!(is_canonical(canonical.as_bytes()));
            assert_eq!(is_canonical(spelling.as_bytes()), spelling == canonical);
        }
    }
}
