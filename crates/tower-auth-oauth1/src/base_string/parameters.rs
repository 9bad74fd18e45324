//! The parameters of a request, normalized (RFC 5849 section 3.4.1.3).

use super::{
    protocol::Protocol,
    spans::{Span, Spans},
};
use crate::{
    SignError,
    error::What,
    escape::{self, LONGEST, Until, write_form_twice},
};
use std::cmp::Ordering;

const PREFIX: &[u8] = b"oauth_";

/// Appends all parameters, sorted, joined, and escaped again as the base string has them.
///
/// Names and values are compared in their twice escaped form. That is the order of the once escaped form, which the RFC
/// asks for: escaping again replaces every `%` by `%25`, which sorts against every other byte as `%` does.
pub(crate) fn push(
    out: &mut Vec<u8>,
    query: &[u8],
    form: &[u8],
    protocol: &Protocol<'_>,
) -> Result<(), SignError> {
    let from = out.len();
    let mut spans = Spans::default();
    let mut read = Read {
        in_order: true,
        named_like_ours: false,
    };
    out.resize(from + room(query.len()) + room(form.len()), 0);
    let mut at = from;
    for text in [query, form] {
        at = read.text(out, at, text, &mut spans, protocol)?;
    }
    out.truncate(at);
    if read.in_order && !read.named_like_ours {
        insert(out, spans.as_slice(), protocol);
    } else {
        let pairs = out.split_off(from);
        spans.move_by(from);
        spans.sort(&pairs);
        if read.named_like_ours {
            merge(out, &pairs, spans.as_slice(), protocol);
        } else {
            gather(out, &pairs, spans.as_slice(), protocol);
        }
    }
    Ok(())
}

/// What is known of the pairs so far.
struct Read {
    in_order: bool,
    /// Whether the name of one begins as those of the protocol do.
    named_like_ours: bool,
}

impl Read {
    /// Writes the pairs of one text to `out[at..]`, each `name%3Dvalue`, joined by `%26`. Tells where they end.
    fn text(
        &mut self,
        out: &mut [u8],
        mut at: usize,
        text: &[u8],
        spans: &mut Spans,
        protocol: &Protocol<'_>,
    ) -> Result<usize, SignError> {
        let mut rest = text;
        while let Some(&first) = rest.first() {
            if first == b'&' {
                rest = &rest[1..];
                continue;
            }
            let before = at;
            if spans.last().is_some() {
                at = write(out, at, b"%26");
            }
            let start = at;
            let (read, written) = write_form_twice(&mut out[at..], rest, Until::Equals);
            at += written;
            let name_end = at;
            at = write(out, at, b"%3D");
            let middle = at;
            rest = &rest[read..];
            if let Some(value) = rest.strip_prefix(b"=") {
                let (read, written) = write_form_twice(&mut out[at..], value, Until::Ampersand);
                at += written;
                rest = &value[read..];
            }
            let name = &out[start..name_end];
            if name.starts_with(PREFIX) {
                if name == b"oauth_signature" && protocol.in_header {
                    at = before; // excluded by the RFC
                    continue;
                }
                if let Some(name) = protocol.sends(name) {
                    return Err(What::Duplicate { name }.into());
                }
                self.named_like_ours = true;
            }
            let span = Span {
                start,
                name_end,
                middle,
                end: at,
            };
            let ascends = |last: Span| last.compare(span, out) != Ordering::Greater;
            self.in_order &= spans.last().is_none_or(ascends);
            spans.push(span);
        }
        Ok(at)
    }
}

/// Enough for one text with so many bytes of pairs: [`LONGEST`] for each byte of a name or value, and a `%26` and a `%3D`
/// for each pair, which has one byte for both: the `&` behind it, or the end.
fn room(bytes: usize) -> usize {
    (LONGEST + 1) * (bytes + 1)
}

fn write(out: &mut [u8], at: usize, text: &[u8; 3]) -> usize {
    out[at..at + 3].copy_from_slice(text);
    at + 3
}

/// The pairs are in order already: those of the protocol go between them.
fn insert(out: &mut Vec<u8>, spans: &[Span], protocol: &Protocol<'_>) {
    let behind = spans.iter().find(|span| span.name(out) > PREFIX);
    let Some(behind) = behind.map(|span| span.start) else {
        if !spans.is_empty() {
            out.extend_from_slice(b"%26");
        }
        return protocol.push_sorted(out);
    };
    let length = out.len() - behind;
    protocol.push_sorted(out);
    out.extend_from_slice(b"%26");
    out[behind..].rotate_left(length);
}

/// The pairs are elsewhere, and in order; none is named as those of the protocol are.
fn gather(out: &mut Vec<u8>, pairs: &[u8], spans: &[Span], protocol: &Protocol<'_>) {
    let split = spans.partition_point(|span| span.name(pairs) < PREFIX);
    for span in &spans[..split] {
        out.extend_from_slice(span.whole(pairs));
        out.extend_from_slice(b"%26");
    }
    protocol.push_sorted(out);
    for span in &spans[split..] {
        out.extend_from_slice(b"%26");
        out.extend_from_slice(span.whole(pairs));
    }
}

/// As [`gather`], one by one. No name occurs on both sides.
fn merge(out: &mut Vec<u8>, pairs: &[u8], spans: &[Span], protocol: &Protocol<'_>) {
    let from = out.len();
    let separate = |out: &mut Vec<u8>| {
        if out.len() > from {
            out.extend_from_slice(b"%26");
        }
    };
    let mut spans = spans.iter().peekable();
    for (name, value) in protocol.sorted() {
        let Some(value) = value else { continue };
        while let Some(span) = spans.next_if(|span| span.name(pairs) < name.as_bytes()) {
            separate(out);
            out.extend_from_slice(span.whole(pairs));
        }
        separate(out);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"%3D");
        escape::push_again(out, value.as_bytes());
    }
    for span in spans {
        separate(out);
        out.extend_from_slice(span.whole(pairs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol() -> Protocol<'static> {
        Protocol {
            nonce: "n%2F",
            timestamp: "1",
            version: Some("1.0"),
            signature_method: "HMAC-SHA1",
            consumer_key: "ck",
            token: Some("tk"),
            callback: None,
            verifier: None,
            body_hash: None,
            in_header: true,
            template: None,
        }
    }

    fn pushed(query: &str, form: &str) -> String {
        let mut out = Vec::from("before&");
        push(&mut out, query.as_bytes(), form.as_bytes(), &protocol()).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.strip_prefix("before&").unwrap().to_owned()
    }

    /// Section 3.4.1.3 word by word, without a care for speed.
    fn by_the_book(query: &str, form: &str) -> String {
        let mut pairs: Vec<(String, String)> = protocol()
            .sorted()
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        for piece in query
            .split('&')
            .chain(form.split('&'))
            .filter(|piece| !piece.is_empty())
        {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let once = |text: &str| {
                let mut out = Vec::new();
                escape::push(&mut out, &escape::decode_form(text.as_bytes()));
                String::from_utf8(out).unwrap()
            };
            pairs.push((once(name), once(value)));
        }
        pairs.sort();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        escape::escaped(&pairs.join("&"))
    }

    proptest::proptest! {
        #[test]
        fn every_way_leads_to_what_the_rfc_says(
            mut pairs in proptest::collection::vec("(oauth_[a-z])?[a-z%~+é]{0,3}(=[a-z+%]{0,2})?", 0..24),
            at in 0_usize..24,
            sorted: bool,
        ) {
            if sorted {
                pairs.sort();
            }
            let (query, form) = pairs.split_at(at.min(pairs.len()));
            let (query, form) = (query.join("&"), form.join("&"));
            assert_eq!(pushed(&query, &form), by_the_book(&query, &form));
        }
    }

    #[test]
    fn there_is_room_for_pairs_that_are_all_escapes() {
        for piece in ["+", "+=", "=+", "é", "a&", "=", "&", "~"] {
            for count in 0..50 {
                let text = [piece].repeat(count).join("&");
                assert_eq!(pushed(&text, ""), by_the_book(&text, ""));
                assert_eq!(pushed("z", &text), by_the_book("z", &text));
            }
        }
        // Each text has an end of its own.
        for piece in ["*", "%", "+", "é", "=", "a"] {
            assert_eq!(pushed("*", piece), by_the_book("*", piece));
            assert_eq!(pushed(piece, "*"), by_the_book(piece, "*"));
        }
    }
}
