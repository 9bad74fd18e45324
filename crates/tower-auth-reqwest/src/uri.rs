//! What reqwest makes of a URI.

use crate::UriError;
use http::Uri;
use reqwest::Url;
use std::fmt::{self, Write};

/// Whether reqwest can be asked to send this URI at all.
pub(crate) fn check(uri: &Uri) -> Result<(), UriError> {
    if uri.scheme().is_none() {
        return Err(UriError::NotAbsolute);
    }
    let authority = uri.authority().ok_or(UriError::NotAbsolute)?;
    if authority.as_str().contains('@') {
        return Err(UriError::UserInfo);
    }
    // Written out, `*` and the like would become part of the host.
    if !uri.path().starts_with('/') {
        return Err(UriError::Invalid);
    }
    Ok(())
}

/// What reqwest would send instead of this URI; `None` when it would send the same, or nothing.
pub(crate) fn normalized(uri: &Uri) -> Option<Uri> {
    check(uri).ok()?;
    let url = Url::parse(&uri.to_string()).ok()?;
    if is_same(uri, &url) {
        return None;
    }
    url.as_str().parse().ok()
}

/// Whether both are the same, byte for byte.
pub(crate) fn is_same(uri: &Uri, url: &Url) -> bool {
    let mut rest = Rest(url.as_str());
    write!(rest, "{uri}").is_ok() && rest.0.is_empty()
}

/// What is left of a text after what is written to it was taken off its front: compares without allocating.
struct Rest<'a>(&'a str);

impl Write for Rest<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn what_reqwest_rewrites_is_known_before() {
        for (given, sent) in [
            (
                "http://a.example/a/../b?q='x'",
                "http://a.example/b?q=%27x%27",
            ),
            ("http://a.example/a/%2e%2E/b", "http://a.example/b"),
            ("http://a.example/./a\\b", "http://a.example/a/b"),
            ("http://A.Example/", "http://a.example/"),
            ("http://a.example:80/", "http://a.example/"),
            ("https://a.example:443/", "https://a.example/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ] {
            assert_eq!(normalized(&uri(given)), Some(uri(sent)), "{given}");
        }
        for same in [
            "http://a.example",
            "http://a.example?q",
            "http://a.example/?",
            "https://a.example:8443/a//b/%2F?q=%27&&r=a+b",
            "https://[::1]:3000/a;b=c,d/(e)?f=[g]",
        ] {
            assert_eq!(normalized(&uri(same)), None, "{same}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_not_normalized_either() {
        for (given, error) in [
            ("/path", UriError::NotAbsolute),
            ("*", UriError::NotAbsolute),
            ("a.example:443", UriError::NotAbsolute),
            ("http://user@A.example/", UriError::UserInfo),
            ("http://user:password@A.example/", UriError::UserInfo),
        ] {
            assert_eq!(check(&uri(given)), Err(error), "{given}");
            assert_eq!(normalized(&uri(given)), None, "{given}");
        }
    }

    #[test]
    fn a_path_that_would_extend_the_host_is_not_sent() {
        let star = Uri::builder()
            .scheme("http")
            .authority("a.example")
            .path_and_query("*")
            .build()
            .unwrap();
        assert_eq!(star.to_string(), "http://a.example*");
        assert_eq!(check(&star), Err(UriError::Invalid));
        assert_eq!(normalized(&star), None);
    }

    proptest! {
        #[test]
        fn what_is_normalized_is_normal(
            host in "[a-zA-Z0-9.-]{1,12}(:[0-9]{1,3})?",
            rest in "(/|\\.|%2[eE]|[!-~]){0,16}",
        ) {
            let Ok(given) = format!("http://{host}/{rest}").parse::<Uri>() else { return Ok(()) };
            if let Some(normal) = normalized(&given) {
                prop_assert_eq!(normalized(&normal), None);
                prop_assert_eq!(check(&normal), Ok(()));
                let url = Url::parse(&normal.to_string()).unwrap();
                prop_assert!(is_same(&normal, &url));
            }
        }
    }
}
