//! URLs as texts, which may be none that `http` takes.

use percent_encoding::percent_decode_str;

/// `scheme://authority/path?query#fragment`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Url<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) authority: &'a str,
    /// Path and query, as they are written.
    pub(crate) target: &'a str,
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    pub(crate) fn split(url: &'a str) -> Self {
        let (rest, fragment) = match url.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (url, None),
        };
        let (scheme, rest) = rest.split_once("://").unwrap_or(("", rest));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        Self {
            scheme,
            authority: &rest[..end],
            target: &rest[end..],
            fragment,
        }
    }

    /// Scheme, host and port, in the one form that they have (RFC 3986 sections 6.2.2.1 and 6.2.3); with the user name.
    pub(crate) fn origin(&self) -> String {
        let decoded = percent_decode_str(self.authority).decode_utf8_lossy();
        let (scheme, authority) = (self.scheme.to_lowercase(), decoded.to_lowercase());
        let port = match &*scheme {
            "https" => ":443",
            _ => ":80",
        };
        let authority = authority.strip_suffix(port).unwrap_or(&authority);
        format!("{scheme}://{authority}")
    }

    /// What is sent in the request line.
    pub(crate) fn request_target(&self) -> String {
        match self.target.starts_with('/') {
            true => self.target.to_owned(),
            false => format!("/{}", self.target),
        }
    }

    pub(crate) fn path(&self) -> &'a str {
        let path = self.target.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    pub(crate) fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn has_user(&self) -> bool {
        self.authority.contains('@')
    }

    /// The host, without user and port.
    pub(crate) fn host(&self) -> &'a str {
        let host = self.authority.rsplit('@').next().unwrap_or_default();
        match host.find(']') {
            Some(end) => &host[..=end],
            None => host.split(':').next().unwrap_or_default(),
        }
    }

    pub(crate) fn without_port(&self) -> String {
        let fragment = self.fragment.map(|f| format!("#{f}")).unwrap_or_default();
        format!("{}://{}{}{fragment}", self.scheme, self.host(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_its_parts() {
        for (url, origin, target) in [
            ("https://h", "https://h", "/"),
            ("https://h?", "https://h", "/?"),
            ("https://h?a=/b#c?d", "https://h", "/?a=/b"),
            ("HTTPS://u:p@H:443/x?y#z", "https://u:p@h", "/x?y"),
            ("http://h:80#f", "http://h", "/"),
            ("https://h:80", "https://h:80", "/"),
        ] {
            let url = Url::split(url);
            assert_eq!((&*url.origin(), &*url.request_target()), (origin, target));
        }
        assert_eq!(
            Url::split("http://[::1]:80/a#b").without_port(),
            "http://[::1]/a#b"
        );
        assert!(Url::split("https://u@h").has_user());
    }
}
