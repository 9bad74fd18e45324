//! The URLs of authorization servers: encrypted, or on this machine.

use http::Uri;
use tower_auth_core::{
    AuthError,
    endpoint::{self, Localhost},
};

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
    let localhost = if allow_localhost {
        Localhost::Counts
    } else {
        Localhost::AddressesOnly
    };
    endpoint::parse(parameter, url, localhost)
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
