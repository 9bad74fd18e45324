//! The parameters of a request, normalized (RFC 5849 section 3.4.1.3).

use super::protocol::Protocol;
use crate::{SignError, escape};
use std::cmp::Ordering;

/// How many parameters are sorted without an allocation of their own.
const INLINE: usize = 16;

/// One parameter in the scratch buffer: `[start..middle]` is its name, `[middle..end]` its value.
#[derive(Clone, Copy, Default)]
struct Span {
    start: usize,
    middle: usize,
    end: usize,
}

impl Span {
    fn name(self, scratch: &[u8]) -> &[u8] {
        &scratch[self.start..self.middle]
    }

    fn value(self, scratch: &[u8]) -> &[u8] {
        &scratch[self.middle..self.end]
    }
}

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
        let equals = piece.iter().position(|&byte| byte == b'=');
        let (name, value) = match equals {
            Some(equals) => (&piece[..equals], &piece[equals + 1..]),
            None => (piece, &[][..]),
        };
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
            middle,
            end: scratch.len(),
        };
        used += 1;
    }
    let spans = &mut spans[..used];
    spans.sort_unstable_by(|a, b| {
        let by_name = a.name(&scratch).cmp(b.name(&scratch));
        by_name.then_with(|| a.value(&scratch).cmp(b.value(&scratch)))
    });
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
