//! Garbage on the port while an answer is waited for.

mod check;

use proptest::prelude::*;

/// The beginning of a request, which random bytes seldom are.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec!["GET", "POST", "HEAD", "PUT", ""]);
    let target = prop::sample::select(vec![
        "/",
        "/?",
        "/favicon.ico",
        "*",
        "http://localhost/",
        "/?<x-fuzz>=",
    ]);
    let header = prop::sample::select(vec![
        "Host: localhost",
        "Content-Length: 5",
        "Content-Length: 18446744073709551615",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "<x-fuzz>: 1",
    ]);
    let headers = prop::collection::vec(header, 0..5);
    (
        method,
        target,
        headers,
        prop::collection::vec(any::<u8>(), 0..200),
    )
        .prop_map(|(method, target, headers, rest)| {
            let mut bytes = format!("{method} {target}").into_bytes();
            bytes.extend_from_slice(b"code=<x-fuzz>&state=1 HTTP/1.1\r\n");
            for header in headers {
                bytes.extend_from_slice(header.as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&rest);
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_keep_no_answer_away(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check::check(&bytes);
    }

    #[test]
    fn any_request_keeps_no_answer_away(bytes in request()) {
        check::check(&bytes);
    }
}
