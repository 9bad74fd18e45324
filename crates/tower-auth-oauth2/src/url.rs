//! The URLs of authorization servers: encrypted, or on this machine.

use http::Uri;
use std::net::IpAddr;
use tower_auth_core::AuthError;

/// Parses the URL of an endpoint that is sent secrets.
///
/// It has to be https, or http to a loopback address written as a number: the name `localhost` can be made to point
/// elsewhere, so it has to be asked for (RFC 8252 section 8.3).
///
/// # Errors
///
/// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `parameter`.
pub(crate) fn endpoint(
    parameter: &'static str,
    url: &str,
    allow_localhost: bool,
) -> Result<Uri, AuthError> {
    let refuse = |why: &'static str| Err(AuthError::configuration(parameter, why));
    if url.is_empty() {
        return refuse("is empty; give the absolute https URL");
    }
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("is not a URL");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse("is not absolute; write it like https://as.example.com/token");
    };
    if authority.as_str().contains('@') {
        return refuse(
            "has a user name or password, which would end up in logs; pass credentials apart",
        );
    }
    if authority.host().is_empty() {
        return refuse("has no host");
    }
    match scheme {
        "https" => Ok(uri),
        "http" if is_loopback(authority.host(), allow_localhost) => Ok(uri),
        "http" => refuse(
            "is not encrypted: use https (http is for a loopback address such as 127.0.0.1; `allow_localhost` also \
             allows that name)",
        ),
        _ => refuse("is neither https nor http"),
    }
}

fn is_loopback(host: &str, allow_localhost: bool) -> bool {
    if allow_localhost && host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_addresses_judged_by_the_parsed_host() {
        for good in [
            "https://as.example/t",
            "http://127.0.0.1:8080/t",
            "http://[::1]:9/",
            "http://127.8.9.1/",
        ] {
            assert!(endpoint("url", good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/token",
            "http://localhost:80@attacker.test/cb",
            "http://127.0.0.1.attacker.test/",
            "http://127.0.0.1@attacker.test/",
            "http://attacker.test/?127.0.0.1",
            "http://0.0.0.0/",
            "http://2130706433.attacker.test/",
            "ftp://127.0.0.1/",
            "https://user:pw@server.example/token",
        ] {
            let error = endpoint("token_url", bad, true).unwrap_err();
            assert_eq!(error.parameter(), Some("token_url"), "{bad}");
            assert!(!error.to_string().contains("pw@"));
        }
        assert!(endpoint("url", "http://localhost:8080/", false).is_err());
        assert!(endpoint("url", "http://localhost:8080/", true).is_ok());
    }
}
