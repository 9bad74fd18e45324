//! Texts of strangers, fit for an error.

/// No more of a text is shown.
const MOST_SHOWN: usize = 300;

/// A stranger's text as one line: control characters become blanks, and so does what nobody sees or what changes the
/// direction of writing; what is longer than 300 characters is cut.
pub fn printable(text: &str) -> String {
    shown(text, false)
}

/// The beginning of a text, and whether there is more.
pub(super) fn begin(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], true)
}

pub(super) fn shown(text: &str, cut: bool) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * MOST_SHOWN));
    let mut characters = text.trim().chars();
    for c in characters.by_ref().take(MOST_SHOWN) {
        shown.push(if is_harmless(c) { c } else { ' ' });
    }
    if cut || characters.next().is_some() {
        shown.push('…');
    }
    shown.trim().to_owned()
}

/// Can be seen, and neither ends a line nor changes what stands beside it.
pub(super) fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_stranger_is_one_line() {
        assert_eq!(
            printable("a\r\nINFO forged\u{1b}[31m"),
            "a  INFO forged [31m"
        );
        assert_eq!(printable("\u{202e}drow\u{2028}x"), "drow x");
        assert_eq!(
            printable("a\u{85}b\u{e0041}c\u{2066}d\u{fff9}e"),
            "a b c d e"
        );
        let long = printable(&"é".repeat(400));
        assert_eq!(long.chars().count(), 301);
        assert!(long.ends_with('…'));
    }
}
