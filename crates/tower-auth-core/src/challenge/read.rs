//! The grammar of RFC 9110 sections 5.6 and 11.2 to 11.4, over bytes. Nothing is read more than twice.

use std::borrow::Cow;

/// What is left of a header.
pub(super) struct Reader<'a>(&'a [u8]);

/// A name, and its value unless its quote is never closed.
type Param<'a> = (&'a str, Option<Cow<'a, [u8]>>);

impl<'a> Reader<'a> {
    pub(super) fn new(header: &'a [u8]) -> Self {
        Self(header)
    }

    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !belongs(byte));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn blanks(&mut self) -> bool {
        !self.take(is_blank).is_empty()
    }

    fn token(&mut self) -> Option<&'a str> {
        let token = self.take(is_token);
        let text = std::str::from_utf8(token).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// Goes to the next element of the list, over empty ones. `false` at the end.
    pub(super) fn next_element(&mut self) -> bool {
        self.take(|byte| is_blank(byte) || byte == b',');
        !self.0.is_empty()
    }

    /// Goes to the next comma outside of quotes.
    pub(super) fn skip_element(&mut self) {
        loop {
            self.take(|byte| !matches!(byte, b',' | b'"'));
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    if self.quoted().is_none() {
                        self.0 = &[];
                    }
                }
                _ => return,
            }
        }
    }

    /// Whether `name =` comes next.
    pub(super) fn at_param(&self) -> bool {
        let mut ahead = Self(self.0);
        ahead.token().is_some() && {
            ahead.blanks();
            ahead.0.starts_with(b"=")
        }
    }

    /// A token that ends as a scheme does: at a blank, a comma, or the end.
    pub(super) fn scheme(&mut self) -> Option<&'a str> {
        let token = self.token()?;
        let ends = self.0.first().is_none_or(|&b| is_blank(b) || b == b',');
        ends.then_some(token)
    }

    /// What stands between a scheme and the next comma or the end, when it can be no parameter: after a token68 comes a
    /// further scheme or the end, after a parameter a further `name=`.
    pub(super) fn token68(&mut self) -> Option<&'a str> {
        let mut ahead = Self(self.0);
        if !ahead.blanks() {
            return None;
        }
        let start = ahead.0;
        let word = ahead.take(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        let padding = ahead.take(|byte| byte == b'=');
        let after = ahead.0;
        ahead.blanks();
        let ends = matches!(ahead.0.first(), None | Some(b','));
        if word.is_empty() || !ends {
            return None;
        }
        if !padding.is_empty() && ahead.next_element() && ahead.at_param() {
            return None;
        }
        self.0 = after;
        std::str::from_utf8(&start[..word.len() + padding.len()]).ok()
    }

    /// `name = value`, `name = "value"`, or `name =` without value.
    pub(super) fn param(&mut self) -> Option<Param<'a>> {
        let name = self.token()?;
        self.blanks();
        self.0 = self.0.strip_prefix(b"=")?;
        let unread = self.0;
        self.blanks();
        if let Some(rest) = self.0.strip_prefix(b"\"") {
            self.0 = rest;
            return Some((name, self.quoted()));
        }
        // A value need not be a token: servers leave out quotes where they are needed.
        let value = self.take(|byte| !is_blank(byte) && byte != b',');
        if value.is_empty() {
            self.0 = unread;
        }
        Some((name, Some(Cow::Borrowed(value))))
    }

    /// After a value: nothing, a comma, or the next parameter whose comma is missing. All else is passed over.
    pub(super) fn end_param(&mut self) {
        self.blanks();
        if !matches!(self.0.first(), None | Some(b',')) && !self.at_param() {
            self.skip_element();
        }
    }

    /// The rest of a quoted string, without its escapes. `None`, at the end of all, when it is never closed.
    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let mut value = Cow::Borrowed(self.take(is_plain));
        loop {
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    return Some(value);
                }
                [b'\\', escaped, rest @ ..] => {
                    self.0 = rest;
                    let value = value.to_mut();
                    value.push(*escaped);
                    value.extend_from_slice(self.take(is_plain));
                }
                _ => {
                    self.0 = &[];
                    return None;
                }
            }
        }
    }
}

fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
