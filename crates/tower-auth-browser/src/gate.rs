//! Which requests are looked at.

use http::{HeaderMap, Method, Uri, header::HOST, uri::Authority};

/// Where a browser may come back to: one path, under these names.
///
/// A page of somebody else cannot make a browser believe that it is this machine: a name that was made to point here
/// (DNS rebinding) is not one of these.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    path: String,
    query: Option<String>,
    hosts: Vec<String>,
    port: u16,
    /// The host of the redirect URI, where that is on another port: something passes on what comes there.
    elsewhere: Option<Authority>,
}

/// What a request is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// The answer, or the page that is to fetch it from behind the `#`.
    Callback,
    Favicon,
    NotFound,
    BadMethod,
    BadHost,
}

impl Gate {
    pub(crate) fn new(redirect_uri: &Uri, port: u16) -> Self {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(Into::into).into();
        let authority = redirect_uri.authority();
        if let Some(host) = redirect_uri.host() {
            hosts.push(host.to_owned());
        }
        Self {
            path: redirect_uri.path().to_owned(),
            query: redirect_uri.query().map(str::to_owned),
            hosts,
            port,
            elsewhere: authority.cloned(),
        }
    }

    pub(crate) fn door(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Door {
        if !self.is_for_us(uri, headers) {
            return Door::BadHost;
        }
        let is_get = method == Method::GET;
        match uri.path() {
            path if path == self.path && (is_get || method == Method::POST) => Door::Callback,
            path if path == self.path => Door::BadMethod,
            "/favicon.ico" if is_get => Door::Favicon,
            _ => Door::NotFound,
        }
    }

    /// Whether there is no answer in this query: it is that of the redirect URI, which stays (RFC 6749 section 3.1.2).
    pub(crate) fn is_bare(&self, query: &str) -> bool {
        query.is_empty() || self.query.as_deref() == Some(query)
    }

    fn is_for_us(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        let host = host.to_str().ok().and_then(|host| host.parse().ok());
        host.is_some_and(|host| self.is_ours(&host))
            && uri.authority().is_none_or(|host| self.is_ours(host))
    }

    fn is_ours(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        if self.elsewhere.as_ref() == Some(authority) {
            return true;
        }
        let is_known = |host: &String| host.eq_ignore_ascii_case(authority.host());
        let default = authority.port().is_none() && matches!(self.port, 80 | 443);
        (authority.port_u16() == Some(self.port) || default) && self.hosts.iter().any(is_known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn door(method: Method, target: &str, hosts: &[&'static str]) -> Door {
        let redirect = Uri::from_static("http://login.example:5000/back");
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        Gate::new(&redirect, 5000).door(&method, &target.parse().unwrap(), &headers)
    }

    #[test]
    fn only_the_path_of_the_redirect_uri_is_a_callback() {
        let get = |target| door(Method::GET, target, &["localhost:5000"]);
        assert_eq!(get("/back?code=1"), Door::Callback);
        assert_eq!(get("http://localhost:5000/back?code=1"), Door::Callback);
        assert_eq!(get("/favicon.ico"), Door::Favicon);
        for other in [
            "/",
            "/back/",
            "/Back",
            "//back",
            "/%62ack",
            "/back;x",
            "/a/../back",
        ] {
            assert_eq!(get(other), Door::NotFound, "{other}");
        }
        let at = |method| door(method, "/back?code=1", &["localhost:5000"]);
        assert_eq!(at(Method::POST), Door::Callback);
        for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::CONNECT] {
            assert_eq!(at(method), Door::BadMethod);
        }
    }

    #[test]
    fn a_request_for_another_host_is_none_of_ours() {
        let with = |hosts: &[&'static str]| door(Method::GET, "/back?code=1", hosts);
        for ours in [
            "localhost:5000",
            "LocalHost:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
            "login.example:5000",
        ] {
            assert_eq!(with(&[ours]), Door::Callback, "{ours}");
        }
        for other in [
            "evil.example:5000",
            "evil.example",
            "localhost",
            "localhost:80",
            "localhost.evil.example:5000",
            "localhost:5000@evil.example",
            "user@localhost:5000",
            "",
            "127.1:5000",
        ] {
            assert_eq!(with(&[other]), Door::BadHost, "{other}");
        }
        assert_eq!(with(&[]), Door::BadHost);
        assert_eq!(with(&["localhost:5000", "evil.example"]), Door::BadHost);
        let absolute = "http://evil.example/back?code=1";
        assert_eq!(
            door(Method::GET, absolute, &["localhost:5000"]),
            Door::BadHost
        );
    }

    #[test]
    fn a_redirect_uri_elsewhere_is_known_by_its_own_port() {
        let redirect = Uri::from_static("https://login.example/back");
        let gate = Gate::new(&redirect, 5000);
        let ours = |host: &str| gate.is_ours(&host.parse().unwrap());
        assert!(ours("login.example") && ours("localhost:5000"));
        assert!(!ours("login.example:80") && !ours("localhost"));
    }
}
