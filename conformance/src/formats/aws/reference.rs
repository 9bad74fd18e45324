//! The rules of the canonical request once more, written for clearness: what servers that verify signatures recompute.
//! Judges inputs about which signers disagree.

use http::{HeaderMap, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use std::collections::BTreeMap;

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Path, query and header lines.
pub(super) struct Parts {
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
}

pub(super) fn parts(request: &Request<()>, s3: bool, signs: impl Fn(&str) -> bool) -> Parts {
    let path = request.uri().path();
    Parts {
        path: if s3 { s3_path(path) } else { path_of(path) },
        query: query(request.uri().query().unwrap_or("")),
        headers: headers(request.headers(), signs),
    }
}

/// A key is decoded, and spelled anew.
fn s3_path(path: &str) -> String {
    let decoded = decode(if path.is_empty() { "/" } else { path });
    let segments = decoded.split(|&b| b == b'/').map(encode);
    segments.collect::<Vec<_>>().join("/")
}

/// Normalized, then encoded as it is on the wire.
fn path_of(path: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(encode(segment.as_bytes())),
        }
    }
    let slash = if kept.is_empty() || !path.ends_with('/') {
        ""
    } else {
        "/"
    };
    format!("/{}{slash}", kept.join("/"))
}

fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| {
            let spelled = |text: &str| encode(&decode(&text.replace('+', "%20")));
            (spelled(name), spelled(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn headers(headers: &HeaderMap, signs: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if !signs(name.as_str()) {
            continue;
        }
        let text = text(value.as_bytes());
        let words: Vec<&str> = text
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        lines
            .entry(name.to_string())
            .or_default()
            .push(words.join(" "));
    }
    lines
        .into_iter()
        .map(|(name, values)| (name, values.join(",")))
        .collect()
}

/// Header bytes as text: UTF-8, or else latin-1.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}
