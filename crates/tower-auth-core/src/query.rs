//! Query parameters, edited in place: every byte that is not ours stays as it was.

use crate::{AuthError, ErrorKind, Secret};
use bytes::Bytes;
use http::{Uri, uri::PathAndQuery};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `name=value`, percent-encoded. A blank is `%20`, which every server reads, and which signatures agree on.
pub(crate) fn pair(name: &str, value: &str) -> Secret {
    // Room for the worst case, so that no half of a secret is left behind by growing.
    let mut pair = String::with_capacity(3 * (name.len() + value.len()) + 1);
    pair.extend(utf8_percent_encode(name, RESERVED));
    pair.push('=');
    pair.extend(utf8_percent_encode(value, RESERVED));
    Secret::from(pair)
}

/// Whether the query has a parameter of this (decoded) name.
pub(crate) fn contains(uri: &Uri, name: &str) -> bool {
    uri.query()
        .is_some_and(|query| pieces(query).any(|piece| is_named(piece, name)))
}

/// The parameters, each with the separator before it. `;` separates, too: some servers read it so, and a key that a
/// proxy's caller sent must not stay.
fn pieces(query: &str) -> impl Iterator<Item = &[u8]> {
    separated(query).map(|(_, piece)| piece)
}

fn separated(query: &str) -> impl Iterator<Item = (u8, &[u8])> {
    let mut separator = b'&';
    let pieces = query.as_bytes().split_inclusive(|&byte| is_separator(byte));
    // After a separator at the end there is an empty piece more.
    let ends = query.bytes().next_back().is_none_or(is_separator);
    pieces.chain(ends.then_some(&b""[..])).map(move |piece| {
        let before = separator;
        match piece.split_last() {
            Some((&last, piece)) if is_separator(last) => {
                separator = last;
                (before, piece)
            }
            _ => (before, piece),
        }
    })
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'&' | b';')
}

/// Whether no parameter can have this name, at a glance: it neither stands there nor is anything encoded.
fn cannot_occur(query: &str, name: &str) -> bool {
    let encoded = query.bytes().any(|byte| matches!(byte, b'%' | b'+'));
    !encoded && !query.contains(name)
}

/// Whether this piece of a query is a parameter of this name, in whatever way it is encoded.
fn is_named(piece: &[u8], name: &str) -> bool {
    let end = piece.iter().position(|&byte| byte == b'=');
    let key = &piece[..end.unwrap_or(piece.len())];
    if key == name.as_bytes() {
        return true;
    }
    let is_encoded = key.iter().any(|byte| matches!(byte, b'%' | b'+'));
    is_encoded && decode(key).eq(name.bytes())
}

/// As forms are decoded: `+` is a blank.
fn decode(key: &[u8]) -> impl Iterator<Item = u8> {
    let words = key.split(|&byte| byte == b'+').enumerate();
    words.flat_map(|(index, word)| {
        let blank = (index > 0).then_some(b' ');
        blank.into_iter().chain(percent_decode(word))
    })
}

/// Takes out every parameter whose decoded name is to go. The URI stays as it was when there is none.
pub(crate) fn remove(uri: &mut Uri, goes: impl Fn(&[u8]) -> bool) {
    let Some(query) = uri.query() else { return };
    let is_gone = |piece: &[u8]| {
        let name = piece.split(|&byte| byte == b'=').next().unwrap_or_default();
        goes(&decode(name).collect::<Vec<_>>())
    };
    if !pieces(query).any(is_gone) {
        return;
    }
    let mut target = uri.path().as_bytes().to_vec();
    let mut begins = true;
    for (separator, piece) in separated(query).filter(|(_, piece)| !is_gone(piece)) {
        target.push(if begins { b'?' } else { separator });
        target.extend_from_slice(piece);
        begins = false;
    }
    let mut parts = std::mem::take(uri).into_parts();
    // A part of what was one before, so it is one. Were it not, the request would lose its target, and no secret stay.
    parts.path_and_query = PathAndQuery::from_maybe_shared(Bytes::from(target)).ok();
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

/// Writes an encoded `pair` into the query, in the place of the first parameter of that name, or at the end; further
/// parameters of that name are taken out.
pub(crate) fn set(uri: &mut Uri, name: &str, pair: &str) -> Result<(), AuthError> {
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    let query = uri.query().unwrap_or("");
    // To the byte: a `Vec` with room left costs one more allocation when it becomes `Bytes`.
    let length = path.len() + query.len() + pair.len() + 1 + usize::from(!query.is_empty());
    let mut target = Vec::with_capacity(length);
    target.extend_from_slice(path.as_bytes());
    let mut append = |separator: u8, piece: &[u8]| {
        target.push(separator);
        target.extend_from_slice(piece);
    };
    let pair = pair.as_bytes();
    if query.is_empty() {
        append(b'?', pair);
    } else if cannot_occur(query, name) || !pieces(query).any(|piece| is_named(piece, name)) {
        append(b'?', query.as_bytes());
        append(b'&', pair);
    } else {
        let mut written = false;
        let mut begins = true;
        for (separator, piece) in separated(query) {
            let separator = if begins { b'?' } else { separator };
            if !is_named(piece, name) {
                append(separator, piece);
            } else if !written {
                append(separator, pair);
                written = true;
            } else {
                continue;
            }
            begins = false;
        }
    }
    let error = |_| {
        AuthError::new(
            ErrorKind::Request,
            "the request URI grows too long with the query parameter",
        )
    };
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query =
        Some(PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(error)?);
    *uri = Uri::from_parts(parts).map_err(|_| {
        AuthError::new(
            ErrorKind::Request,
            "the request URI cannot take a query parameter",
        )
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(uri: &str, name: &str, value: &str) -> String {
        let mut uri: Uri = uri.parse().unwrap();
        set(&mut uri, name, pair(name, value).expose()).unwrap();
        uri.to_string()
    }

    #[test]
    fn every_other_byte_of_the_query_stays_as_it_was() {
        for (before, after) in [
            ("https://h", "https://h/?k=v"),
            ("https://h/", "https://h/?k=v"),
            ("https://h/p?", "https://h/p?k=v"),
            ("https://h/p?a=%7E&b=~&&c", "https://h/p?a=%7E&b=~&&c&k=v"),
            (
                "https://h/p?a=b%20c+d&%FF=%zz",
                "https://h/p?a=b%20c+d&%FF=%zz&k=v",
            ),
            ("https://h/p?k=old", "https://h/p?k=v"),
            ("https://h/p?k", "https://h/p?k=v"),
            (
                "https://h/p?a=1&k=old&b=2&k=older&%6b=x",
                "https://h/p?a=1&k=v&b=2",
            ),
            ("https://h/p?K=1&kk=2&ak=3", "https://h/p?K=1&kk=2&ak=3&k=v"),
            ("https://u:p@h:8443/x?y=1", "https://u:p@h:8443/x?y=1&k=v"),
            ("https://h/p?&", "https://h/p?&&k=v"),
            ("https://h/p?a=1;b", "https://h/p?a=1;b&k=v"),
            ("https://h/p?a=1;k=old;b", "https://h/p?a=1;k=v;b"),
            ("https://h/p?a=1&k=old;k=older;", "https://h/p?a=1&k=v;"),
            ("https://h/p?;%6b=old", "https://h/p?;k=v"),
        ] {
            assert_eq!(with(before, "k", "v"), after, "{before}");
        }
    }

    #[test]
    fn a_parameter_is_found_however_its_name_is_encoded() {
        for (query, found) in [
            ("a+b%2Bc=1", true),
            ("a%20b%2bc", true),
            ("x&a%20b%2bc=1&y", true),
            ("a+b+c", false),
            ("a+b%2Bc%", false),
            ("+a+b%2Bc", false),
            ("a+b%2", false),
            ("%%%+&=&&", false),
        ] {
            let uri = format!("https://h/?{query}").parse().unwrap();
            assert_eq!(contains(&uri, "a b+c"), found, "{query}");
        }
    }

    #[test]
    fn names_and_values_are_percent_encoded() {
        assert_eq!(
            pair("a key", "a b&c=d%+é/~").expose(),
            "a%20key=a%20b%26c%3Dd%25%2B%C3%A9%2F~"
        );
        assert_eq!(
            with("https://h/?a+key=1", "a key", "2"),
            "https://h/?a%20key=2"
        );
        assert!(contains(&"https://h/?a%20key".parse().unwrap(), "a key"));
        assert!(!contains(&"https://h/?akey".parse().unwrap(), "a key"));
    }

    #[test]
    fn a_uri_that_grows_too_long_is_an_error() {
        let mut uri: Uri = format!("https://h/{}", "x".repeat(65_000)).parse().unwrap();
        let error = set(&mut uri, "k", pair("k", &"v".repeat(1_000)).expose()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
