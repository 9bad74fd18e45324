//! Any request: no panic, and what is signed is what is sent. `fuzz/` searches on with the same check.

mod check;

use check::{Input, check};
use proptest::prelude::*;

fn text(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec());
    let any = any::<u8>().prop_map(|byte| vec![byte]);
    let printable = (b'!'..=b'~').prop_map(|byte| vec![byte]);
    let piece = prop_oneof![6 => known, 4 => printable, 1 => any];
    prop::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    const PATH: &[&str] = &[
        "/", "//", ".", "..", "%2F", "%2f", "%41", "%FF", "%", "%zz", "%25", "+", "a", ":", "@",
        "é", "~", "*", "%20",
    ];
    const QUERY: &[&str] = &[
        "&", "=", "+", "%2B", "%26", "%3D", "%FF", "%", "a", "b", "A", "~", "/", "?", ":", "é",
        "%7e", "&&", "==",
    ];
    (text(PATH, 12), prop::option::of(text(QUERY, 12))).prop_map(|(path, query)| {
        let mut target = b"/".to_vec();
        target.extend(path);
        if let Some(query) = query {
            target.push(b'?');
            target.extend(query);
        }
        target
    })
}

fn header() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    const NAMES: &[&str] = &[
        "x-a",
        "X-A",
        "x-amz-meta-b",
        "x-amz-acl",
        "host",
        "content-type",
        "accept",
        "user-agent",
        "te",
        "date",
        "cookie",
        "authorization",
        "x-amz-date",
        "x-amz-content-sha256",
        "content-length",
        "x-amzn-trace-id",
    ];
    const VALUES: &[&str] = &[
        " ", "  ", "\t", ",", "\"", "a", "b c", "é", ";", "=", "\u{a0}",
    ];
    let name = prop::sample::select(NAMES).prop_map(|name| name.as_bytes().to_vec());
    (name, text(VALUES, 8))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_what_is_sent(
        s3 in any::<bool>(),
        method in prop::sample::select(vec!["GET", "PUT", "post", "M-SEARCH"]),
        target in target(),
        headers in prop::collection::vec(header(), 0..30),
        time in any::<u64>(),
    ) {
        check(&Input { s3, method: method.as_bytes().to_vec(), target, headers, time });
    }
}

#[test]
fn inputs_that_were_found_before() {
    for (s3, target, headers) in [
        (true, "/a%2F%2fb%", &[][..]),
        (
            false,
            "/..//%2e./?=&&+=%",
            &[("x-a", "\t a \t b"), ("x-a", "")][..],
        ),
        (
            true,
            "/?a=1&a&A=~&%41=%7E",
            &[("host", "other.example:8443")][..],
        ),
        (false, "*", &[][..]),
    ] {
        let headers = headers
            .iter()
            .map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec()));
        let method = b"GET".to_vec();
        let (target, headers) = (target.as_bytes().to_vec(), headers.collect());
        check(&Input {
            s3,
            method,
            target,
            headers,
            time: u64::MAX,
        });
    }
}

#[test]
fn a_file_of_the_fuzzer_is_read() {
    let mut file = vec![1; 9];
    file.extend_from_slice(b"PUT\n/a b\nx-a: 1\nno colon");
    let input = Input::read(&file).unwrap();
    assert!(input.s3 && input.headers.len() == 2);
    check(&input);
}
