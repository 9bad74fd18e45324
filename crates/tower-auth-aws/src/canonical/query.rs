//! The canonical query.

use crate::{percent, sink::Sink};
use std::borrow::Cow;

/// Every parameter as `name=value`, decoded and encoded again, sorted by encoded name and then encoded value;
/// duplicates stay, empty pieces go. A literal `+` is a blank, as servers read it.
pub(crate) fn put_query(sink: &mut impl Sink, query: &[u8]) {
    if query.is_empty() {
        return;
    }
    let mut parameters: Vec<_> = query
        .split(|&byte| byte == b'&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = match piece.iter().position(|&byte| byte == b'=') {
                Some(at) => (&piece[..at], &piece[at + 1..]),
                None => (piece, &[][..]),
            };
            (canonical(name), canonical(value))
        })
        .collect();
    parameters.sort_unstable();
    for (at, (name, value)) in parameters.iter().enumerate() {
        if at > 0 {
            sink.put_byte(b'&');
        }
        sink.put(name);
        sink.put_byte(b'=');
        sink.put(value);
    }
}

fn canonical(text: &[u8]) -> Cow<'_, [u8]> {
    if percent::is_canonical(text) {
        return Cow::Borrowed(text);
    }
    let mut recoded = Vec::with_capacity(text.len() + 16);
    percent::recode(&mut recoded, text, b' ', |_| false);
    Cow::Owned(recoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_respelled_and_sorted_by_their_encoded_form() {
        for (wire, query) in [
            ("", ""),
            ("&&", ""),
            ("location", "location="),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&a", "a=&a=1&a=2"),
            ("a-b=3&a%7Bb=1&A=4&a~=2", "A=4&a%7Bb=1&a-b=3&a~=2"),
            ("&a=1&&b", "a=1&b="),
            ("=v", "=v"),
            ("a==b", "a=%3Db"),
            ("q=a+b", "q=a%20b"),
            ("q=%2b", "q=%2B"),
            ("q=%FF", "q=%FF"),
            ("q=100%", "q=100%25"),
            ("q=%41%7E", "q=A~"),
            ("q=a:b/c,d;e@f", "q=a%3Ab%2Fc%2Cd%3Be%40f"),
        ] {
            let mut out = Vec::new();
            put_query(&mut out, wire.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), query, "{wire}");
        }
    }
}
