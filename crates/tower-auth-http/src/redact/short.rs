//! Secrets of one to three characters.
//!
//! To take every `a` out of a text would leave nothing to read. They are taken out where values stand: as all that
//! follows a `=`, a `:`, a quote, or the tag of an element.

use super::{automaton::fold, packed};
use std::ops::Range;
use zeroize::Zeroizing;

/// No way to write one is longer, in bytes.
const LONGEST: usize = 24;
/// So many blanks and quotes may stand before a value.
const MOST_BEFORE: usize = 8;

/// In order, so that one is found in few steps.
#[derive(Clone, Default)]
pub(super) struct Short(Vec<Zeroizing<Vec<u8>>>);

impl Short {
    /// As it is, in base64, and in hexadecimal.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let [base64, hex] = packed::written(secret);
        for mut written in [secret.to_vec().into(), base64, hex] {
            written.iter_mut().for_each(|byte| *byte = fold(*byte));
            if let Err(place) = self.place(&written) {
                self.0.insert(place, written);
            }
        }
    }

    fn place(&self, written: &[u8]) -> Result<usize, usize> {
        self.0
            .binary_search_by(|secret| secret.as_slice().cmp(written))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Calls for every value that is one of them.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        if self.is_empty() {
            return;
        }
        for opener in 0..text.len() {
            if !opens(text[opener]) {
                continue;
            }
            let before = text[opener + 1..].iter().take(MOST_BEFORE);
            let skipped = before.take_while(|byte| may_precede(**byte)).count();
            for at in opener + 1..=opener + 1 + skipped {
                if let Some(end) = self.value_at(text, at) {
                    found(at..end);
                }
            }
        }
    }

    /// Where the value ends that begins here, when it is one of them.
    fn value_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let value: Vec<u8> = rest.iter().take(LONGEST).copied().map(fold).collect();
        let value = Zeroizing::new(value);
        (1..=value.len())
            .rev()
            .filter(|length| closes(rest.get(*length).copied()))
            .find(|length| {
                let value = &value[..*length];
                self.place(value).is_ok()
            })
            .map(|length| at + length)
    }
}

fn opens(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'>' | b'"' | b'\'' | b'`')
}

fn may_precede(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\')
}

/// What follows a whole value: its end, or a sign.
fn closes(byte: Option<u8>) -> bool {
    byte.is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(secrets: &[&str], text: &str) -> String {
        let mut short = Short::default();
        secrets
            .iter()
            .for_each(|secret| short.add(secret.as_bytes()));
        let mut shown: Vec<u8> = text.into();
        short.search(text.as_bytes(), |range| shown[range].fill(b'#'));
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_short_secret_is_taken_out_where_values_stand_and_nowhere_else() {
        for (text, shown) in [
            ("a bad answer, aaa", "a bad answer, aaa"),
            ("pin=a&page=ab", "pin=#&page=ab"),
            (
                "{\"pin\": \"a\", \"b\":\"xa\"}",
                "{\"pin\": \"#\", \"b\":\"xa\"}",
            ),
            ("pin: A", "pin: #"),
            ("<pin>a</pin>", "<pin>#</pin>"),
            ("the pin 'a' is wrong", "the pin '#' is wrong"),
            ("{\\\"pin\\\":\\\"a\\\"}", "{\\\"pin\\\":\\\"#\\\"}"),
            ("pin=YQ==", "pin=##=="),
            ("pin=61", "pin=##"),
        ] {
            assert_eq!(marked(&["a"], text), shown);
        }
        assert_eq!(marked(&["a&b", "é1"], "x=a&b;y=é1"), "x=###;y=###");
    }
}
