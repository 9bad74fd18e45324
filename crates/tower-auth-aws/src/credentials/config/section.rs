//! The headers of sections: `[profile name]`.

use std::borrow::Cow;

/// What stands between the brackets.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// `[profile name]`: the first word, when there are two.
    pub(super) kind: Option<&'a str>,
    /// What follows it, without quotes around it.
    pub(super) name: Cow<'a, str>,
    /// All of it: the name, in a file whose sections have no kind.
    pub(super) whole: &'a str,
}

impl Header<'_> {
    /// Of what no section can be found by.
    pub(super) const NONE: Self = Self {
        kind: Some(""),
        name: Cow::Borrowed(""),
        whole: "",
    };
}

/// Reads a line that begins with `[`.
pub(super) fn header(text: &str) -> Result<Header<'_>, &'static str> {
    let end = text.find(']').ok_or("a section has no closing `]`")?;
    let after = text[end + 1..].trim_start();
    if !(after.is_empty() || after.starts_with(['#', ';'])) {
        return Err("something follows the closing `]` of a section");
    }
    let inside = text[1..end].trim();
    let (kind, name) = match inside.split_once([' ', '\t']) {
        Some((kind, name)) => (Some(kind), words(name.trim())),
        None => (None, Cow::Borrowed(inside)),
    };
    if name.is_empty() {
        return Err("a section has no name");
    }
    Ok(Header {
        kind,
        name,
        whole: unquoted(inside),
    })
}

/// A name, with its quotes and backslashes read as a shell reads them: the AWS CLI writes names with blanks so.
fn words(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '\'', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut name = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', None) => name.extend(chars.next()),
            ('\\', Some('"')) => {
                let escapes = chars.peek().is_some_and(|next| matches!(next, '"' | '\\'));
                name.push(if escapes {
                    chars.next().unwrap_or(char)
                } else {
                    char
                });
            }
            (_, Some(open)) if char == open => quote = None,
            ('"' | '\'', None) => quote = Some(char),
            _ => name.push(char),
        }
    }
    Cow::Owned(name)
}

fn unquoted(name: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_kind_and_a_name() {
        for (text, kind, name) in [
            ("[default]", None, "default"),
            ("[ profile\t foo ] # comment", Some("profile"), "foo"),
            ("[profile \"a b\"]; c", Some("profile"), "a b"),
            ("[profile 'a b']", Some("profile"), "a b"),
            (r#"[profile "a\"b"]"#, Some("profile"), "a\"b"),
            (r"[profile a\ b]", Some("profile"), "a b"),
            ("[profile it\"'\"s]", Some("profile"), "it's"),
            ("[sso-session s]#c", Some("sso-session"), "s"),
        ] {
            let header = header(text).unwrap();
            assert_eq!((header.kind, &*header.name), (kind, name), "{text}");
        }
        for text in ["[", "[a", "[]", "[ ]", "[profile \"\"]", "[a] b"] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
