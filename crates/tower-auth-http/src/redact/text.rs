//! Texts of strangers, fit for an error.

/// No more of a text is shown.
const MOST_SHOWN: usize = 300;

/// A stranger's text as one line: control characters become blanks, and so does what changes the direction of writing;
/// what is longer than 300 characters is cut.
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

/// Neither ends a line nor changes what stands beside it.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
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
        let long = printable(&"é".repeat(400));
        assert_eq!(long.chars().count(), 301);
        assert!(long.ends_with('…'));
    }
}
