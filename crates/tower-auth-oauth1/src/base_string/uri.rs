//! The base string URI (RFC 5849 section 3.4.1.2), escaped.

use crate::{SignError, error::What, escape};
use http::{HeaderMap, Uri, header::HOST};

/// Appends scheme, authority and path, escaped.
///
/// The authority is that of the `Host` header when there is one, since that is what the server sees.
pub(crate) fn push(out: &mut Vec<u8>, uri: &Uri, headers: &HeaderMap) -> Result<(), SignError> {
    let (scheme, default_port) = match uri.scheme_str() {
        Some("https" | "wss") => ("https", 443),
        Some("http" | "ws") => ("http", 80),
        _ => return Err(What::NoOrigin.into()),
    };
    out.extend_from_slice(scheme.as_bytes());
    out.extend_from_slice(b"%3A%2F%2F");
    match headers.get(HOST) {
        Some(host) => push_authority(out, host.as_bytes(), default_port),
        None => {
            let authority = uri.authority().ok_or(What::NoOrigin)?;
            push_authority(out, authority.as_str().as_bytes(), default_port);
        }
    }
    let path = uri.path();
    escape::push(
        out,
        if path.is_empty() {
            b"/"
        } else {
            path.as_bytes()
        },
    );
    Ok(())
}

/// In lower case, without user name, and without the port when that is the default one. A port is a number: whoever
/// connects does not see the zeros in front of it.
fn push_authority(out: &mut Vec<u8>, authority: &[u8], default_port: u16) {
    let as_usual = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if authority.iter().all(as_usual) {
        out.extend_from_slice(authority);
        return;
    }
    let start = authority
        .iter()
        .rposition(|&byte| byte == b'@')
        .map_or(0, |at| at + 1);
    let (host, port) = split_port(&authority[start..]);
    let from = out.len();
    escape::push(out, host);
    lowercase_hosts(&mut out[from..]);
    if let Some(port) = port {
        let number = std::str::from_utf8(port)
            .ok()
            .and_then(|port| port.parse::<u16>().ok());
        if !port.is_empty() && number != Some(default_port) {
            out.extend_from_slice(b"%3A");
            match number {
                Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
                None => escape::push(out, port),
            }
        }
    }
}

/// Lower case for what is not part of an escape.
fn lowercase_hosts(escaped: &mut [u8]) {
    let mut skip = 0;
    for byte in escaped {
        if skip > 0 {
            skip -= 1;
        } else if *byte == b'%' {
            skip = 2;
        } else {
            byte.make_ascii_lowercase();
        }
    }
}

fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let colon = authority.iter().rposition(|&byte| byte == b':');
    let bracket = authority.iter().rposition(|&byte| byte == b']');
    match colon {
        // A colon inside the brackets belongs to an IPv6 address.
        Some(colon) if bracket.is_none_or(|bracket| bracket < colon) => {
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(uri: &str, host: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, host.parse().unwrap());
        }
        let mut out = Vec::new();
        push(&mut out, &uri.parse().unwrap(), &headers).unwrap();
        String::from_utf8(escape::decode_form(&out)).unwrap()
    }

    #[test]
    fn the_examples_of_section_3_4_1_2_and_its_corners() {
        for (uri, expected) in [
            (
                "http://EXAMPLE.COM:80/r%20v/X?id=123",
                "http://example.com/r%20v/X",
            ),
            (
                "https://www.example.net:8080/?q=1",
                "https://www.example.net:8080/",
            ),
            ("https://h", "https://h/"),
            ("https://h:80/", "https://h:80/"),
            ("http://h:443/", "http://h:443/"),
            ("https://h:/p", "https://h/p"),
            ("https://h:08443/p", "https://h:8443/p"),
            ("https://h:00443/p", "https://h/p"),
            ("https://user:pass@H/p", "https://h/p"),
            ("https://[2001:DB8::A]:443/", "https://[2001:db8::a]/"),
            ("https://[::1]:8443/", "https://[::1]:8443/"),
            ("https://[::1]/", "https://[::1]/"),
            ("wss://h/p", "https://h/p"),
            ("https://h//a/../b;c=d;", "https://h//a/../b;c=d;"),
        ] {
            assert_eq!(base(uri, None), expected, "{uri}");
        }
    }

    #[test]
    fn the_host_header_is_what_the_server_sees() {
        let uri = "https://example.com:8443/a";
        assert_eq!(
            base(uri, Some("Other.example:9")),
            "https://other.example:9/a"
        );
        assert_eq!(base(uri, Some("example.com:443")), "https://example.com/a");
        assert_eq!(base(uri, Some("example.com")), "https://example.com/a");
    }
}
