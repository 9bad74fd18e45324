//! The parameters of a request, normalized (RFC 5849 section 3.4.1.3).

use super::protocol::Protocol;
use crate::{
    SignError,
    escape::{self, LONGEST, Until, write_form_twice},
};
use std::cmp::Ordering;

/// How many parameters are sorted without an allocation of their own.
const INLINE: usize = 16;

/// One parameter in a buffer: `[start..name_end]` is its name, `[middle..end]` its value.
#[derive(Clone, Copy, Default)]
struct Span {
    start: usize,
    name_end: usize,
    middle: usize,
    end: usize,
}

impl Span {
    fn name(self, scratch: &[u8]) -> &[u8] {
        &scratch[self.start..self.name_end]
    }

    fn value(self, scratch: &[u8]) -> &[u8] {
        &scratch[self.middle..self.end]
    }

    /// By name, then by value.
    fn compare(self, other: Self, buffer: &[u8]) -> Ordering {
        let by_name = self.name(buffer).cmp(other.name(buffer));
        by_name.then_with(|| self.value(buffer).cmp(other.value(buffer)))
    }
}

/// Appends all parameters, sorted, joined, and escaped again as the base string has them.
pub(crate) fn push(
    out: &mut Vec<u8>,
    query: &[u8],
    form: &[u8],
    protocol: &Protocol<'_>,
) -> Result<(), SignError> {
    let from = out.len();
    if push_sorted(out, query, form, protocol) {
        return Ok(());
    }
    out.truncate(from);
    sort_and_push(out, query, form, protocol)
}

/// What most requests have is sorted already, and holds no parameter that begins with `oauth_`: then it is written where
/// it belongs in one pass. Gives up when that is not so.
fn push_sorted(out: &mut Vec<u8>, query: &[u8], form: &[u8], protocol: &Protocol<'_>) -> bool {
    const PREFIX: &[u8] = b"oauth_";
    let mut last: Option<Span> = None;
    let mut written = false;
    let mut at = out.len();
    out.resize(at + room(query.len() + form.len()), 0);
    for (text_index, text) in [query, form].into_iter().enumerate() {
        let mut rest = text;
        while let Some(&first) = rest.first() {
            if first == b'&' {
                rest = &rest[1..];
                continue;
            }
            if last.is_some() {
                at = write(out, at, b"%26");
            }
            let mut start = at;
            let (read, length) = write_form_twice(&mut out[at..], rest, Until::Equals);
            let name = &out[start..start + length];
            if name.starts_with(PREFIX) {
                return false;
            }
            if !written && name > PREFIX {
                written = true;
                out.truncate(start);
                protocol.push_sorted(out);
                out.extend_from_slice(b"%26");
                start = out.len();
                let later = if text_index == 0 { form.len() } else { 0 };
                out.resize(start + room(rest.len() + later), 0);
                write_form_twice(&mut out[start..], rest, Until::Equals);
            }
            let name_end = start + length;
            at = write(out, name_end, b"%3D");
            let middle = at;
            rest = &rest[read..];
            if let Some(value) = rest.strip_prefix(b"=") {
                let (read, length) = write_form_twice(&mut out[at..], value, Until::Ampersand);
                at += length;
                rest = &value[read..];
            }
            let span = Span {
                start,
                name_end,
                middle,
                end: at,
            };
            if last.is_some_and(|last| last.compare(span, out) == Ordering::Greater) {
                return false;
            }
            last = Some(span);
        }
    }
    out.truncate(at);
    if !written {
        if last.is_some() {
            out.extend_from_slice(b"%26");
        }
        protocol.push_sorted(out);
    }
    true
}

/// Enough for so many bytes of pairs: [`LONGEST`] for each byte of a name or value, and a `%26` and a `%3D` for each pair,
/// which has one byte for both: the `&` behind it, or the end.
fn room(bytes: usize) -> usize {
    (LONGEST + 1) * (bytes + 1)
}

fn write(out: &mut [u8], at: usize, text: &[u8; 3]) -> usize {
    out[at..at + 3].copy_from_slice(text);
    at + 3
}

/// Name and value of a pair; a name alone has an empty value.
fn split(piece: &[u8]) -> (&[u8], &[u8]) {
    match piece.iter().position(|&byte| byte == b'=') {
        Some(equals) => (&piece[..equals], &piece[equals + 1..]),
        None => (piece, &[]),
    }
}

/// Names and values are compared in their twice escaped form. That is the order of the once escaped form, which the RFC
/// asks for: escaping again replaces every `%` by `%25`, which sorts against every other byte as `%` does.
fn sort_and_push(
    out: &mut Vec<u8>,
    query: &[u8],
    form: &[u8],
    protocol: &Protocol<'_>,
) -> Result<(), SignError> {
    let count = pieces(query).count() + pieces(form).count();
    let mut inline = [Span::default(); INLINE];
    let mut heap = Vec::new();
    let spans = if count <= INLINE {
        &mut inline[..]
    } else {
        heap.resize(count, Span::default());
        &mut heap[..]
    };
    let mut scratch = Vec::new();
    let mut used = 0;
    if count > 0 {
        scratch.reserve_exact(2 * (query.len() + form.len()));
    }
    for piece in pieces(query).chain(pieces(form)) {
        let (name, value) = split(piece);
        let start = scratch.len();
        escape::push_form_twice(&mut scratch, name);
        let middle = scratch.len();
        if scratch[start..].starts_with(b"oauth_") {
            if &scratch[start..] == b"oauth_signature" && protocol.in_header {
                scratch.truncate(start); // excluded by the RFC
                continue;
            }
            if let Some(name) = protocol.sends(&scratch[start..]) {
                return Err(SignError::Duplicate { name });
            }
        }
        escape::push_form_twice(&mut scratch, value);
        spans[used] = Span {
            start,
            name_end: middle,
            middle,
            end: scratch.len(),
        };
        used += 1;
    }
    let spans = &mut spans[..used];
    spans.sort_unstable_by(|a, b| a.compare(*b, &scratch));
    merge(out, &scratch, spans, protocol);
    Ok(())
}

/// The protocol parameters are sorted already, and no name occurs on both sides.
fn merge(out: &mut Vec<u8>, scratch: &[u8], spans: &[Span], protocol: &Protocol<'_>) {
    let mut first = true;
    let mut separate = |out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b"%26");
        }
    };
    let mut spans = spans.iter().peekable();
    for (name, value) in protocol.sorted() {
        let Some(value) = value else { continue };
        while let Some(span) =
            spans.next_if(|span| span.name(scratch).cmp(name.as_bytes()) == Ordering::Less)
        {
            separate(out);
            push_span(out, scratch, *span);
        }
        separate(out);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"%3D");
        escape::push_again(out, value.as_bytes());
    }
    for span in spans {
        separate(out);
        push_span(out, scratch, *span);
    }
}

fn push_span(out: &mut Vec<u8>, scratch: &[u8], span: Span) {
    out.extend_from_slice(span.name(scratch));
    out.extend_from_slice(b"%3D");
    out.extend_from_slice(span.value(scratch));
}

/// The pieces between `&` that are not empty.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'&')
        .filter(|piece| !piece.is_empty())
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

    proptest::proptest! {
        /// The way for what is sorted already, and the way for everything.
        #[test]
        fn both_ways_lead_to_the_same_base_string(
            mut pairs in proptest::collection::vec("[a-z%~é]{0,3}(=[a-z+%]{0,2})?", 0..20),
            sorted: bool,
        ) {
            if sorted {
                pairs.sort();
            }
            let query = pairs.join("&");
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            sort_and_push(&mut slow, query.as_bytes(), b"", &protocol()).unwrap();
            if push_sorted(&mut fast, query.as_bytes(), b"", &protocol()) {
                assert_eq!(String::from_utf8(fast).unwrap(), String::from_utf8(slow).unwrap());
            }
        }
    }

    #[test]
    fn there_is_room_for_pairs_that_are_all_escapes() {
        for piece in ["+", "+=", "=+", "é", "a&", "=", "&"] {
            for count in 0..50 {
                let query = [piece].repeat(count).join("&");
                assert!(push_sorted(
                    &mut Vec::new(),
                    query.as_bytes(),
                    b"",
                    &protocol()
                ));
                assert!(push_sorted(
                    &mut Vec::new(),
                    b"",
                    query.as_bytes(),
                    &protocol()
                ));
                assert!(
                    push_sorted(&mut Vec::new(), b"~", query.as_bytes(), &protocol()) || count > 0
                );
            }
        }
    }

    #[test]
    fn what_is_sorted_takes_the_short_way() {
        let mut out = Vec::new();
        assert!(push_sorted(&mut out, b"a=1&a=2&b", b"p=1&z", &protocol()));
        let text = String::from_utf8(out).unwrap();
        let expected = "a%3D1%26a%3D2%26b%3D%26oauth_consumer_key%3Dck%26oauth_nonce%3Dn%252F%26\
                        oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1%26oauth_token%3Dtk%26\
                        oauth_version%3D1.0%26p%3D1%26z%3D";
        assert_eq!(text, expected);
        assert!(!push_sorted(&mut Vec::new(), b"b=1&a=1", b"", &protocol()));
        assert!(!push_sorted(
            &mut Vec::new(),
            b"oauth_x=1",
            b"",
            &protocol()
        ));
    }
}
