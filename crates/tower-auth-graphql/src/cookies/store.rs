//! What a jar holds, and what it does not take.

use cookie_store::{Cookie, CookieStore, RawCookie};
use url::{Host, Url};

/// The most cookies of one domain, and in all. (RFC 6265 section 6.1 asks for 50 and 3000.)
const MOST_OF_A_DOMAIN: usize = 180;
const MOST: usize = 3000;

#[derive(Default)]
pub(super) struct Store {
    pub(super) cookies: CookieStore,
    pub(super) knows_suffixes: bool,
}

/// Whether nobody on the way can read or change what comes from there.
fn is_private(url: &Url) -> bool {
    url.scheme() == "https"
        || url.host().is_some_and(|host| match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        })
}

impl Store {
    /// Keeps a cookie that came from there, unless it must not be believed or there is no room.
    pub(super) fn keep(&mut self, mut raw: RawCookie<'static>, url: &Url) {
        let private = is_private(url);
        if !keeps_promise(&raw) || (!private && raw.secure() == Some(true)) {
            return;
        }
        let cookie = |raw: &RawCookie<'_>| {
            let cookie = Cookie::try_from_raw_cookie(raw, url).ok()?.into_owned();
            cookie.domain.matches(url).then_some(cookie)
        };
        // One for somebody else is not believed either when it is about to lose its domain.
        let Some(mut kept) = cookie(&raw) else { return };
        if !self.knows_suffixes && raw.domain().is_some() {
            raw.unset_domain();
            let Some(of_host) = cookie(&raw) else { return };
            kept = of_host;
        }
        let cookie = kept;
        if !private && self.has_secure(cookie.name(), url) {
            return;
        }
        let domain = String::from(&cookie.domain);
        let known = self
            .cookies
            .contains_any(&domain, &cookie.path, cookie.name());
        if !known && self.is_full(&domain) {
            self.forget_expired();
            if self.is_full(&domain) {
                tracing::debug!("the cookie jar is full; a new cookie is not kept");
                return;
            }
        }
        // Not `store_response_cookies`: that logs what it stores.
        let _ = self.cookies.insert(cookie, url);
    }

    /// A cookie that is removed by its server leaves its value behind as expired.
    pub(super) fn forget_expired(&mut self) {
        let expired: Vec<_> = self
            .cookies
            .iter_any()
            .filter(|cookie| cookie.is_expired())
            .map(|cookie| {
                (
                    String::from(&cookie.domain),
                    String::from(&cookie.path),
                    cookie.name().to_owned(),
                )
            })
            .collect();
        for (domain, path, name) in expired {
            self.cookies.remove(&domain, &path, &name);
        }
    }

    fn is_full(&self, domain: &str) -> bool {
        let (mut all, mut of_domain) = (0, 0);
        for cookie in self.cookies.iter_any() {
            all += 1;
            of_domain += usize::from(cookie.domain.as_cow().as_deref() == Some(domain));
        }
        all >= MOST || of_domain >= MOST_OF_A_DOMAIN
    }

    /// Whether a cookie of this name came over an encrypted connection (RFC 6265bis section 5.7).
    fn has_secure(&self, name: &str, url: &Url) -> bool {
        self.cookies.iter_unexpired().any(|cookie| {
            cookie.name() == name && cookie.secure() == Some(true) && cookie.domain.matches(url)
        })
    }
}

/// Whether a cookie has the attributes that its name promises, in any case (RFC 6265bis section 4.1.3).
fn keeps_promise(cookie: &RawCookie<'_>) -> bool {
    let begins = |prefix: &str| {
        let start = cookie.name().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let secure = cookie.secure() == Some(true);
    if begins("__Host-") {
        return secure && cookie.domain().is_none() && cookie.path() == Some("/");
    }
    secure || !begins("__Secure-")
}
