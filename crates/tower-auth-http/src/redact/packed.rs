//! Base64 and hexadecimal within a text.

use std::ops::Range;
use zeroize::Zeroizing;

/// A way to write bytes with letters.
pub(super) struct Packing {
    digit: fn(u8) -> Option<u8>,
    bits: u32,
    /// So many digits further, bytes begin between the same digits again.
    shifts: usize,
    /// What may stand between two digits: the end of a line, or what keeps pairs apart.
    between: fn(u8) -> bool,
    shortest: usize,
}

/// Both alphabets of base64 are read as one: none of them uses a sign of the other for something else.
const BASE64: Packing = Packing {
    digit: |byte| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        })
    },
    bits: 6,
    shifts: 4,
    between: |byte| matches!(byte, b'\r' | b'\n'),
    shortest: 4,
};

const HEX: Packing = Packing {
    digit: |byte| char::from(byte).to_digit(16).map(|digit| digit as u8),
    bits: 4,
    shifts: 2,
    between: |byte| matches!(byte, b':' | b'-' | b' ' | b'\r' | b'\n'),
    shortest: 6,
};

pub(super) const ALL: [Packing; 2] = [BASE64, HEX];

impl Packing {
    /// Every stretch of such letters, and each of the things that it may say: what stands before may shift them.
    pub(super) fn read(
        &self,
        text: &[u8],
        mut each: impl FnMut(Range<usize>, &Zeroizing<Vec<u8>>),
    ) {
        let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut start = 0;
        for at in 0..=text.len() {
            let byte = text.get(at).copied();
            if let Some(digit) = byte.and_then(self.digit) {
                if digits.is_empty() {
                    start = at;
                }
                digits.push(digit);
                continue;
            }
            if byte.is_some_and(self.between) && !digits.is_empty() {
                continue;
            }
            if digits.len() >= self.shortest {
                let padding = text[at..].iter().take_while(|byte| **byte == b'=').count();
                for shift in 0..self.shifts {
                    each(start..at + padding, &self.bytes(&digits[shift..]));
                }
            }
            digits.clear();
        }
    }

    /// What these digits say.
    fn bytes(&self, digits: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len()));
        let (mut held, mut bits) = (0_u32, 0);
        for digit in digits {
            held = (held << self.bits | u32::from(*digit)) & 0xffff;
            bits += self.bits;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
            }
        }
        bytes
    }
}

/// Every list of bytes as numbers, `[104, 117]`, as `Debug` and other programs write them, and what it says.
pub(super) fn listed(text: &[u8], mut each: impl FnMut(Range<usize>, &Zeroizing<Vec<u8>>)) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut list = 0..0;
    let mut at = 0;
    while at < text.len() {
        let digits = text[at..].iter().take(4);
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        let number = text[at..at + digits]
            .iter()
            .fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
        let byte = u8::try_from(number).ok().filter(|_| digits > 0);
        if byte.is_some() && bytes.is_empty() {
            list.start = at;
        }
        let Some(byte) = byte else {
            if bytes.len() > 1 {
                each(list.clone(), &bytes);
            }
            bytes.clear();
            at += digits.max(1);
            continue;
        };
        bytes.push(byte);
        at += digits;
        list.end = at;
        let between = |byte: &&u8| matches!(**byte, b',' | b' ' | b'\r' | b'\n' | b'\t');
        at += text[at..].iter().take_while(between).count();
    }
    if bytes.len() > 1 {
        each(list, &bytes);
    }
}

/// What base64 of either alphabet says, padded or not, whole or cut.
pub(super) fn base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let end = text.iter().rposition(|byte| *byte != b'=')? + 1;
    let digits: Option<Vec<u8>> = text[..end]
        .iter()
        .map(|byte| (BASE64.digit)(*byte))
        .collect();
    Some(BASE64.bytes(&Zeroizing::new(digits?)))
}

/// Base64 without padding, in the alphabet that most use, and hexadecimal.
pub(super) fn written(bytes: &[u8]) -> [Zeroizing<Vec<u8>>; 2] {
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
    let hex = bytes.iter().flat_map(|byte| {
        [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)])
    });
    [
        BASE64_STANDARD_NO_PAD.encode(bytes).into_bytes().into(),
        hex.collect::<Vec<_>>().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(packing: &Packing, text: &str, wanted: &[u8]) -> Option<String> {
        let mut found = None;
        packing.read(text.as_bytes(), |range, bytes| {
            if bytes.windows(wanted.len()).any(|window| window == wanted) {
                found = Some(text[range].to_owned());
            }
        });
        found
    }

    #[test]
    fn a_stretch_of_base64_is_read_wherever_it_begins_and_wherever_lines_end() {
        for (text, stretch) in [
            ("see aHVudGVyMiE=.", "aHVudGVyMiE="),
            ("see xaHVudGVyMiE.", "xaHVudGVyMiE"),
            ("see xyaHVudGVyMiE!", "xyaHVudGVyMiE"),
            ("see xyzaHVudGVyMiE!", "xyzaHVudGVyMiE"),
            ("see aHVu\r\ndGVyMiE.", "aHVu\r\ndGVyMiE"),
        ] {
            assert_eq!(says(&BASE64, text, b"hunter2!").as_deref(), Some(stretch));
        }
        // One alphabet before it, the other in it.
        assert_eq!(
            says(&BASE64, "a-b__v77", b"\xfe\xfe\xfb").as_deref(),
            Some("a-b__v77")
        );
        assert_eq!(
            says(&BASE64, "a-b_/v77", b"\xfe\xfe\xfb").as_deref(),
            Some("a-b_/v77")
        );
    }

    #[test]
    fn a_list_of_bytes_is_read_from_its_first_number_to_its_last() {
        for (text, list) in [
            ("see [104, 105].", Some("104, 105")),
            ("7 [104,105", Some("104,105")),
            ("[\n    104,\n    105,\n]", Some("104,\n    105")),
            ("[300, 104, 105]", Some("104, 105")),
            ("104105", None),
        ] {
            let mut found = None;
            listed(text.as_bytes(), |range, bytes| {
                if bytes.as_slice() == b"hi" {
                    found = text.get(range);
                }
            });
            assert_eq!(found, list, "{text}");
        }
    }

    #[test]
    fn hexadecimal_is_read_in_either_case_and_in_pairs() {
        for (text, stretch) in [
            ("0x68756E7465723221", "68756E7465723221"),
            ("key_f68756e7465723221", "f68756e7465723221"),
            ("68:75:6e:74:65:72:32:21", "68:75:6e:74:65:72:32:21"),
            ("68 75 6E 74 65 72 32 21", "68 75 6E 74 65 72 32 21"),
        ] {
            let found = says(&HEX, text, b"hunter2!").expect(text);
            assert!(found.ends_with(stretch), "{found}");
        }
    }
}
