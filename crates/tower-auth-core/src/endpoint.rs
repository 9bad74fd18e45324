//! Where secrets may be sent: the one policy for endpoints, and the one answer to "is this host my machine?".
//!
//! # User names in a URI
//!
//! The rule for `https://user:password@host/`, everywhere in these crates: **no scheme takes a user name or a password
//! from a URI silently**, since URIs end up in logs and are handed about.
//!
//! * URLs of endpoints, issuers and services that are configured are refused when they have a user name ([`parse`]).
//! * In the URI of a *request*, they play no part: the origin is judged without them, schemes do not read them, and
//!   HTTP clients such as hyper do not send them. Give `Basic` the user name and password instead.
//! * A `.netrc` uses the user *name* for one thing only: to choose the entry of that user, never another's.

use crate::{
    AuthError,
    origin::{host_and_port, port},
};
use http::{Uri, uri::Authority};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::{borrow::Cow, net::IpAddr};

/// What browsers escape in a query, and what in a path.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');
const PATH: &AsciiSet = &QUERY.add(b'`').add(b'{').add(b'}');

/// Whether the name `localhost` counts as this machine, beside its addresses.
///
/// The name can be made to point elsewhere (RFC 8252 section 8.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Localhost {
    /// It counts.
    Counts,
    /// Only addresses count.
    AddressesOnly,
}

/// Whether an authority is this machine: 127.0.0.0/8, `::1`, an IPv4-mapped `::ffff:127.0.0.1`; and `localhost`, if that
/// counts.
///
/// Judged is the host that a client connects to, whole: `http` lets `127.0.0.1:80.evil.example` and `[::1]evil.example`
/// pass, whose port cannot be read, and which are not this machine. User names play no part. Does not allocate.
///
/// ```
/// use tower_auth_core::endpoint::{Localhost, is_this_machine};
///
/// let authority = "[::ffff:127.0.0.1]:8080".parse()?;
/// assert!(is_this_machine(&authority, Localhost::AddressesOnly));
/// let authority = "127.0.0.1.evil.example".parse()?;
/// assert!(!is_this_machine(&authority, Localhost::Counts));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
pub fn is_this_machine(authority: &Authority, localhost: Localhost) -> bool {
    let host = authority.host();
    let port_can_be_read = host_and_port(authority)
        .get(host.len()..)
        .is_some_and(|rest| port(rest, false).is_some());
    if !port_can_be_read {
        return false;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return localhost == Localhost::Counts;
    }
    address(host).is_some_and(|ip| ip.is_loopback())
}

/// The address that a host is, with or without brackets; IPv4 in IPv6 as IPv4.
///
/// ```
/// use tower_auth_core::endpoint::address;
///
/// assert_eq!(address("[::ffff:10.0.0.1]"), "10.0.0.1".parse().ok());
/// assert_eq!(address("api.example.com"), None);
/// ```
pub fn address(host: &str) -> Option<IpAddr> {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address: IpAddr = inside.unwrap_or(host).parse().ok()?;
    Some(address.to_canonical())
}

/// Parses the URL of something that is sent secrets: https, or http to this machine; with a host, and without user name.
///
/// What no URI has as it is, is escaped as UTF-8 in path and query, as browsers do: letters beyond ASCII, blanks, quotes, and
/// the like. A host is given as it is in DNS.
///
/// ```
/// use tower_auth_core::endpoint::{self, Localhost};
///
/// let url = "https://as.example.com/token";
/// assert!(endpoint::parse("token_url", url, Localhost::AddressesOnly).is_ok());
/// let error = endpoint::parse("token_url", "http://as.example.com/token", Localhost::Counts).unwrap_err();
/// assert_eq!(error.parameter(), Some("token_url"));
/// ```
///
/// # Errors
///
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) naming `parameter`. The URL is not shown, as it may
/// hold a password.
pub fn parse(parameter: &'static str, url: &str, localhost: Localhost) -> Result<Uri, AuthError> {
    let uri = parse_any(parameter, url)?;
    let encrypted = uri.scheme_str() == Some("https");
    if encrypted
        || uri
            .authority()
            .is_some_and(|a| is_this_machine(a, localhost))
    {
        return Ok(uri);
    }
    Err(AuthError::configuration(
        parameter,
        match localhost {
            Localhost::Counts => "is not encrypted: use https (http is for this machine only)",
            Localhost::AddressesOnly => {
                "is not encrypted: use https (http is for a loopback address such as 127.0.0.1; the name `localhost` \
                 has to be allowed)"
            }
        },
    ))
}

/// As [`parse`], but http to other machines passes, too: for what asks itself whether it may be sent in the clear.
///
/// # Errors
///
/// As [`parse`], but for encryption.
pub fn parse_any(parameter: &'static str, url: &str) -> Result<Uri, AuthError> {
    let refuse = |why: &'static str| Err(AuthError::configuration(parameter, why));
    if url.is_empty() {
        return refuse("is empty; give the absolute https URL");
    }
    // Control characters are a mistake, and not escaped.
    let uri = escape(url).parse::<Uri>().ok();
    let Some(uri) = uri.filter(|_| !url.contains(|c: char| c.is_ascii_control())) else {
        return refuse("is not a URL; write it like https://api.example.com/path");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse("is not absolute; write it like https://api.example.com/path");
    };
    if authority.as_str().contains('@') {
        return refuse(
            "has a user name or password, which would end up in logs; pass credentials apart",
        );
    }
    if authority.host().is_empty() {
        return refuse("has no host");
    }
    if authority.host().contains('*') {
        return refuse("has a `*` in its host, which is no pattern here; name the host");
    }
    let secure = match scheme {
        "https" => true,
        "http" => false,
        _ => return refuse("is neither https nor http"),
    };
    match authority
        .as_str()
        .get(authority.host().len()..)
        .and_then(|rest| port(rest, secure))
    {
        Some(_) => Ok(uri),
        None => refuse("has a port that is not a number up to 65535"),
    }
}

/// With escapes for what cannot be sent as it is, behind the host.
fn escape(url: &str) -> Cow<'_, str> {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let Some(target) = url[host..].find(['/', '?', '#']) else {
        return url.into();
    };
    let (server, target) = url.split_at(host + target);
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = utf8_percent_encode(path, PATH);
    format!("{server}{path}{}", utf8_percent_encode(query, QUERY)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_judged_by_the_whole_host() {
        for (authority, by_address, by_name) in [
            ("localhost", false, true),
            ("LOCALHOST:8080", false, true),
            ("user@localhost:", false, true),
            ("127.0.0.1", true, true),
            ("127.8.9.1:80", true, true),
            ("[::1]", true, true),
            ("[::1]:3000", true, true),
            ("[::ffff:127.0.0.1]:1", true, true),
            ("localhost.", false, false),
            ("localhost.evil.example", false, false),
            ("localhost:80.evil.example", false, false),
            ("127.0.0.1:80.evil.example", false, false),
            ("127.0.0.1:evil", false, false),
            ("127.0.0.1:70000", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("[::1]evil.example", false, false),
            ("[::1].evil.example:80", false, false),
            ("127.0.0.1@evil.example", false, false),
            ("[::2]", false, false),
            ("[::ffff:10.0.0.1]", false, false),
            ("0.0.0.0", false, false),
        ] {
            // What `http` refuses by itself cannot be judged wrongly.
            let Ok(authority) = authority.parse::<Authority>() else {
                continue;
            };
            let is = |policy| is_this_machine(&authority, policy);
            assert_eq!(is(Localhost::AddressesOnly), by_address, "{authority}");
            assert_eq!(is(Localhost::Counts), by_name, "{authority}");
        }
    }

    #[test]
    fn what_no_uri_has_as_it_is_is_escaped_behind_the_host_and_nowhere_else() {
        for (given, sent) in [
            ("https://h/ž?q=ü", "https://h/%C5%BE?q=%C3%BC"),
            ("https://h/a b?c=d e|f", "https://h/a%20b?c=d%20e|f"),
            (
                "https://h?a%20=\"<\u{1f511}",
                "https://h/?a%20=%22%3C%F0%9F%94%91",
            ),
            (
                "https://h/~a%7e!$&'()*+,;=:@",
                "https://h/~a%7e!$&'()*+,;=:@",
            ),
        ] {
            let uri = parse("token_url", given, Localhost::AddressesOnly).unwrap();
            assert_eq!(uri.to_string(), sent);
        }
        for bad in [
            "https://bücher.example/",
            "https://a b/",
            "https://h/a\nb",
            "https://h/\u{7f}",
        ] {
            assert!(
                parse("token_url", bad, Localhost::AddressesOnly).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn what_is_sent_secrets_is_encrypted_or_here_and_names_no_user() {
        for good in [
            "https://as.example/t",
            "http://127.0.0.1:8080/t",
            "http://[::1]:9/",
            "https://h:8443",
        ] {
            assert!(
                parse("url", good, Localhost::AddressesOnly).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "",
            "/token",
            "h:80",
            "https://",
            "ftp://127.0.0.1/",
            "https://user:pw@server.example/token",
            "http://localhost:80@attacker.test/cb",
            "http://127.0.0.1:80.attacker.test/",
            "http://[::1]attacker.test/",
            "https://server.example:port/",
            "https://*.example.com/",
            "http://attacker.test/?127.0.0.1",
        ] {
            let error = parse("token_url", bad, Localhost::Counts).unwrap_err();
            assert_eq!(error.parameter(), Some("token_url"), "{bad}");
            assert!(!error.to_string().contains("pw@"));
        }
        assert!(parse("url", "http://localhost:1/", Localhost::AddressesOnly).is_err());
        assert!(parse("url", "http://localhost:1/", Localhost::Counts).is_ok());
        assert!(parse_any("url", "http://h.example/").is_ok());
    }
}
