//! A text as it reads when it is decoded, and where in the text each byte of that came from.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::ops::Range;
use tower_auth_core::Secret;
use zeroize::Zeroizing;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// One reading of the text.
struct Reading {
    bytes: Vec<u8>,
    from: Vec<usize>, // where in the text each byte began; one more for the end
}

/// Every reading that is looked at: as it is, and with the escapes of one kind read. In each of them a secret may be
/// written with escapes of any kind, so that two of them may be one inside the other.
pub(super) struct Spellings(Vec<Reading>);

const DECODERS: [Decoder; 3] = [percent, json, html];

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Character(char),
}

impl Unit {
    fn bytes(self, buffer: &mut [u8; 4]) -> &[u8] {
        match self {
            Self::Character(c) => c.encode_utf8(buffer).as_bytes(),
            Self::Byte(byte) => {
                buffer[0] = byte;
                &buffer[..1]
            }
        }
    }
}

/// Reads the escape that a text begins with: what it stands for, and how long it is.
type Decoder = fn(&[u8]) -> Option<(Unit, usize)>;

impl Spellings {
    pub(super) fn of(text: &str) -> Self {
        let plain = Reading {
            bytes: text.as_bytes().to_vec(),
            from: (0..=text.len()).collect(),
        };
        let mut readings: Vec<_> = DECODERS
            .iter()
            .filter_map(|decoder| plain.decode(*decoder))
            .collect();
        readings.push(plain);
        Self(readings)
    }

    pub(super) fn any(&self, secrets: &[Secret]) -> bool {
        self.0
            .iter()
            .any(|reading| !reading.spans(secrets, false).is_empty())
    }

    /// Where secrets stand, in order and apart. When the text was cut, its end may be the beginning of one.
    pub(super) fn spans(&self, secrets: &[Secret], cut: bool) -> Vec<Range<usize>> {
        let mut spans: Vec<_> = self
            .0
            .iter()
            .flat_map(|reading| reading.spans(secrets, cut))
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.start < last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        merged
    }
}

impl Reading {
    /// The same with its escapes read; `None` when there are none.
    fn decode(&self, decoder: Decoder) -> Option<Self> {
        let mut next = Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            from: Vec::with_capacity(self.from.len()),
        };
        let mut at = 0;
        let mut changed = false;
        while at < self.bytes.len() {
            let mut buffer = [0; 4];
            let (decoded, used) = match decoder(&self.bytes[at..]) {
                Some((unit, used)) => (unit.bytes(&mut buffer), used),
                None => (&self.bytes[at..=at], 1),
            };
            changed |= decoded != &self.bytes[at..at + used];
            for byte in decoded {
                next.bytes.push(*byte);
                next.from.push(self.from[at]);
            }
            at += used;
        }
        next.from.push(self.from[self.bytes.len()]);
        changed.then_some(next)
    }

    fn spans(&self, secrets: &[Secret], cut: bool) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        for secret in secrets {
            let secret = secret.expose().as_bytes();
            for start in 0..self.bytes.len() {
                if let Some(end) = matching(&self.bytes[start..], secret, cut) {
                    spans.push(self.from[start]..self.end(start + end));
                }
            }
        }
        for run in runs(&self.bytes) {
            if packed(&self.bytes[run.clone()], secrets) {
                spans.push(self.from[run.start]..self.end(run.end));
            }
        }
        spans
    }

    /// Where in the text what ends before this byte ends: an escape is taken whole.
    fn end(&self, at: usize) -> usize {
        let end = self.from[at];
        // The bytes of one character come from one place.
        if at > 0 && at < self.bytes.len() && self.from[at - 1] == end {
            let next = self.from[at..].iter().find(|from| **from != end);
            return next.copied().unwrap_or(end);
        }
        end
    }
}

/// Where the secret ends that this text begins with, each of its characters written as it is or as an escape. When the
/// text was cut, a secret that goes on behind its end counts.
fn matching(text: &[u8], secret: &[u8], cut: bool) -> Option<usize> {
    // A character can be read in two ways where the secret itself has escapes in it: both are followed, one after the
    // other, and not for ever.
    let mut open = vec![(0, 0)];
    let mut steps = 64 + 4 * secret.len();
    while let Some((at, done)) = open.pop() {
        if done == secret.len() || (cut && at == text.len() && done > 0) {
            return Some(at);
        }
        steps = steps.checked_sub(1)?;
        let (rest, wanted) = (&text[at..], &secret[done..]);
        for decoder in DECODERS {
            let Some((unit, used)) = decoder(rest) else {
                continue;
            };
            let mut buffer = [0; 4];
            let bytes = unit.bytes(&mut buffer);
            if begins(wanted, bytes) {
                open.push((at + used, done + bytes.len()));
            }
        }
        if rest.first().is_some_and(|byte| begins(wanted, &[*byte])) {
            open.push((at + 1, done + 1));
        }
    }
    None
}

/// Whether a secret, in lower case, goes on with these bytes.
fn begins(secret: &[u8], bytes: &[u8]) -> bool {
    secret
        .get(..bytes.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(bytes))
}

/// Whether the needle, in lower case, stands in a text in lower case.
fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// Stretches that may be base64 or hexadecimal.
fn runs(text: &[u8]) -> Vec<Range<usize>> {
    let belongs =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 0..=text.len() {
        if at == text.len() || !belongs(text[at]) {
            if at - start >= 6 {
                runs.push(start..at);
            }
            start = at + 1;
        }
    }
    runs
}

/// Whether a stretch has a secret in it when it is read as base64, from wherever that began, or as hexadecimal.
fn packed(run: &[u8], secrets: &[Secret]) -> bool {
    let has = |bytes: &[u8]| {
        let lower = Zeroizing::new(bytes.to_ascii_lowercase());
        secrets
            .iter()
            .any(|secret| contains(&lower, secret.expose().as_bytes()))
    };
    for piece in run.split(|byte| *byte == b'=') {
        for skip in 0..4.min(piece.len()) {
            if base64(&piece[skip..]).is_some_and(|bytes| has(&bytes)) {
                return true;
            }
        }
    }
    (0..2).any(|skip| run.len() > skip && hex(&run[skip..]).is_some_and(|bytes| has(&bytes)))
}

/// What base64 of either alphabet says, padded or not, whole or cut.
pub(super) fn base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let end = text.iter().rposition(|byte| *byte != b'=')? + 1;
    // One character more than whole groups says nothing.
    let text = &text[..end - usize::from(end % 4 == 1)];
    let decode = |alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(text).ok();
    decode(&STANDARD)
        .or_else(|| decode(&URL_SAFE))
        .map(Zeroizing::new)
}

fn hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks_exact(2) {
        bytes.push((digit(pair[0])? * 16 + digit(pair[1])?) as u8);
    }
    Some(bytes)
}

// ===== escapes: what the first one says, and how long it is =====

fn hex_value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, byte| {
        Some(value * 16 + char::from(*byte).to_digit(16)?)
    })
}

/// `%41`, and `+` for a blank.
fn percent(text: &[u8]) -> Option<(Unit, usize)> {
    match text {
        [b'+', ..] => Some((Unit::Byte(b' '), 1)),
        [b'%', high, low, ..] => {
            let byte = hex_value(&[*high, *low])?;
            Some((Unit::Byte(byte as u8), 3))
        }
        _ => None,
    }
}

/// `\n`, `\"`, `\u0041`, and a pair of those.
fn json(text: &[u8]) -> Option<(Unit, usize)> {
    let [b'\\', escape, rest @ ..] = text else {
        return None;
    };
    // Where one escape may begin at either of two backslashes, what follows the second counts: whoever joined texts did
    // not look at what stood before.
    if *escape == b'\\' && rest.first() == Some(&b'u') {
        return None;
    }
    let simple = match escape {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'"' | b'\\' | b'/' | b'\'' => *escape,
        b'u' => {
            let first = hex_value(rest.get(..4)?)?;
            if let (0xd800..=0xdbff, Some([b'\\', b'u', low @ ..])) = (first, rest.get(4..10)) {
                let low = hex_value(low)?;
                if (0xdc00..=0xdfff).contains(&low) {
                    let c = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
                    return character(c, 12);
                }
            }
            return character(first, 6);
        }
        _ => return None,
    };
    Some((Unit::Byte(simple), 2))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn html(text: &[u8]) -> Option<(Unit, usize)> {
    if text.first() != Some(&b'&') {
        return None;
    }
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let value = match &text[1..end] {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        b"nbsp" => u32::from(b' '),
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() && digits.len() < 8 => {
            hex_value(digits)?
        }
        [b'#', digits @ ..] if !digits.is_empty() && digits.len() < 8 => {
            std::str::from_utf8(digits).ok()?.parse().ok()?
        }
        _ => return None,
    };
    character(value, end + 1)
}

fn character(value: u32, length: usize) -> Option<(Unit, usize)> {
    char::from_u32(value).map(|c| (Unit::Character(c), length))
}
