//! Escapes: what the one says that a text begins with, and how long it is.

/// What an escape stands for.
pub(super) enum Unit {
    Byte(u8),
    Character(char),
}

impl Unit {
    pub(super) fn bytes(self, buffer: &mut [u8; 4]) -> &[u8] {
        match self {
            Self::Character(c) => c.encode_utf8(buffer).as_bytes(),
            Self::Byte(byte) => {
                buffer[0] = byte;
                &buffer[..1]
            }
        }
    }
}

type Decoder = fn(&[u8]) -> Option<(Unit, usize)>;

/// No escape is longer; one with more leading zeros is none.
pub(super) const LONGEST: usize = 24;

/// The escape that this begins with. No two kinds begin alike.
pub(super) fn first(text: &[u8]) -> Option<(Unit, usize)> {
    let decode: Decoder = match text.first()? {
        b'%' => percent,
        b'\\' => backslash,
        b'&' => html,
        _ => return None,
    };
    decode(&text[..text.len().min(LONGEST)])
}

/// Whether an escape may begin here that has been cut.
pub(super) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// `%41`, and `%u0041`, as old browsers had it.
fn percent(text: &[u8]) -> Option<(Unit, usize)> {
    if let [_, b'u' | b'U', rest @ ..] = text {
        return character(hex(rest.get(..4)?)?, 6);
    }
    Some((Unit::Byte(hex(text.get(1..3)?)? as u8), 3))
}

/// Those of JSON, with those that C, Rust and Python have beside them; and any sign with a backslash before it.
fn backslash(text: &[u8]) -> Option<(Unit, usize)> {
    let [_, escape, rest @ ..] = text else {
        return None;
    };
    let simple = match escape {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'0'..=b'7' => {
            let digits = 1 + run(&rest[..rest.len().min(2)], |byte| {
                matches!(byte, b'0'..=b'7')
            });
            let value = number(&text[1..=digits], 8)?;
            return Some((Unit::Byte(u8::try_from(value).ok()?), digits + 1));
        }
        b'x' => return Some((Unit::Byte(hex(rest.get(..2)?)? as u8), 4)),
        b'u' => return unicode(rest),
        b'U' => return character(hex(rest.get(..8)?)?, 10),
        sign if sign.is_ascii_punctuation() || *sign == b' ' => *sign,
        _ => return None,
    };
    Some((Unit::Byte(simple), 2))
}

/// What follows `\u`: `0041`, a pair of surrogates, `{41}`.
fn unicode(rest: &[u8]) -> Option<(Unit, usize)> {
    if let [b'{', rest @ ..] = rest {
        let end = rest.iter().take(9).position(|byte| *byte == b'}')?;
        return character(hex(&rest[..end])?, end + 4);
    }
    let first = hex(rest.get(..4)?)?;
    if let (0xd800..=0xdbff, Some([b'\\', b'u', low @ ..])) = (first, rest.get(4..10)) {
        let low = hex(low)?;
        if (0xdc00..=0xdfff).contains(&low) {
            let c = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            return character(c, 12);
        }
    }
    character(first, 6)
}

/// `&amp;`, `&#38;`, `&#x26;`. Browsers read numbers without the semicolon, too, and the oldest names.
fn html(text: &[u8]) -> Option<(Unit, usize)> {
    let rest = &text[1..];
    let (value, end) = match rest {
        [b'#', b'x' | b'X', digits @ ..] => {
            let end = run(digits, u8::is_ascii_hexdigit);
            (hex(&digits[..end])?, end + 3)
        }
        [b'#', digits @ ..] => {
            let end = run(digits, u8::is_ascii_digit);
            (number(&digits[..end], 10)?, end + 2)
        }
        _ => {
            let end = run(rest, u8::is_ascii_alphanumeric);
            let (c, length) = name(&rest[..end], rest.get(end) == Some(&b';'))?;
            (u32::from(c), length + 1)
        }
    };
    character(value, end + usize::from(text.get(end) == Some(&b';')))
}

fn name(name: &[u8], closed: bool) -> Option<(char, usize)> {
    if closed {
        return Some((named(name)?, name.len()));
    }
    ["amp", "lt", "gt", "quot", "AMP", "LT", "GT", "QUOT"]
        .into_iter()
        .find(|old| name.starts_with(old.as_bytes()))
        .and_then(|old| Some((named(old.as_bytes())?, old.len())))
}

/// All names of HTML for what ASCII and Latin-1 have beside letters and digits, and for the letters of Latin-1.
fn named(name: &[u8]) -> Option<char> {
    const ASCII: [(char, &str); 33] = [
        ('\t', "Tab"),
        ('\n', "NewLine"),
        ('!', "excl"),
        ('"', "quot QUOT"),
        ('#', "num"),
        ('$', "dollar"),
        ('%', "percnt"),
        ('&', "amp AMP"),
        ('\'', "apos"),
        ('(', "lpar"),
        (')', "rpar"),
        ('*', "ast midast"),
        ('+', "plus"),
        (',', "comma"),
        ('-', "hyphen dash"),
        ('.', "period"),
        ('/', "sol"),
        (':', "colon"),
        (';', "semi"),
        ('<', "lt LT"),
        ('=', "equals"),
        ('>', "gt GT"),
        ('?', "quest"),
        ('@', "commat"),
        ('[', "lsqb lbrack"),
        ('\\', "bsol"),
        (']', "rsqb rbrack"),
        ('^', "Hat"),
        ('_', "lowbar UnderBar"),
        ('`', "grave DiacriticalGrave"),
        ('{', "lcub lbrace"),
        ('|', "vert verbar VerticalLine"),
        ('}', "rcub rbrace"),
    ];
    // From U+00A1.
    const LATIN: &str = "iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
        sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml \
        Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
        times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
        egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
        ugrave uacute ucirc uuml yacute thorn yuml";
    match name {
        b"nbsp" => return Some(' '), // as people read it
        b"tilde" => return Some('~'),
        _ => {}
    }
    let is = |known: &str| known.as_bytes() == name;
    let ascii = ASCII
        .iter()
        .find(|(_, names)| names.split(' ').any(is))
        .map(|(c, _)| *c);
    ascii.or_else(|| {
        let place = LATIN.split_ascii_whitespace().position(is)?;
        char::from_u32(0xa1 + place as u32)
    })
}

fn run(text: &[u8], belongs: fn(&u8) -> bool) -> usize {
    text.iter().take_while(|byte| belongs(byte)).count()
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

/// `None` when there is no digit, another character, or too much.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    let value = digits.iter().try_fold(0_u32, |value, byte| {
        let digit = char::from(*byte).to_digit(base)?;
        value.checked_mul(base)?.checked_add(digit)
    })?;
    (!digits.is_empty()).then_some(value)
}

fn character(value: u32, length: usize) -> Option<(Unit, usize)> {
    char::from_u32(value).map(|c| (Unit::Character(c), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Vec<u8>, usize)> {
        let (unit, used) = first(text.as_bytes())?;
        Some((unit.bytes(&mut [0; 4]).to_vec(), used))
    }

    #[test]
    fn an_escape_of_every_kind_is_read_to_its_end() {
        for (text, says, used) in [
            ("%2fx", "/", 3),
            ("%u00E9x", "é", 6),
            ("\\/x", "/", 2),
            ("\\x2Fx", "/", 4),
            ("\\u00e9x", "é", 6),
            ("\\101x", "A", 4),
            ("\\0018", "\u{1}", 4),
            ("\\ud83d\\ude00x", "😀", 12),
            ("\\u{1f600}x", "😀", 9),
            ("\\U0001f600x", "😀", 10),
            ("&amp;x", "&", 5),
            ("&ampx", "&", 4),
            ("&#38;x", "&", 5),
            ("&#38x", "&", 4),
            ("&#x0000026;x", "&", 11),
            ("&eacute;x", "é", 8),
            ("&yuml;", "ÿ", 6),
            ("&iexcl;", "¡", 7),
            ("&sol;x", "/", 5),
        ] {
            assert_eq!(read(text), Some((says.as_bytes().to_vec(), used)), "{text}");
        }
        for none in [
            "",
            "%",
            "%4",
            "%zz",
            "\\",
            "\\u12",
            "\\ud83d",
            "\\u{110000}",
            "\\u{}",
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&#99999999999;",
            "&nosuch;",
            "&eacute",
            "x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
