//! What a jar holds, and what it does not take.

use super::set_cookie;
use cookie_store::{Cookie, CookieStore, RawCookie};
use tower_auth_core::endpoint::{Localhost, is_this_machine};
use url::Url;

/// The most cookies of one domain, and in all. (RFC 6265 section 6.1 asks for 50 and 3000.)
const MOST_OF_A_DOMAIN: usize = 180;
const MOST: usize = 3000;
/// The most bytes of names and values of one domain.
const MOST_BYTES_OF_A_DOMAIN: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Store {
    pub(super) cookies: CookieStore,
    pub(super) knows_suffixes: bool,
}

/// Whether nobody on the way can read or change what comes from there.
pub(super) fn is_private(url: &Url) -> bool {
    url.scheme() == "https"
        || url
            .authority()
            .parse()
            .is_ok_and(|authority| is_this_machine(&authority, Localhost::Counts))
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
        if !private && self.overlays_secure(&cookie) {
            return;
        }
        if !self.has_room(&cookie) {
            self.forget_expired();
            if !self.has_room(&cookie) {
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

    fn has_room(&self, new: &Cookie<'_>) -> bool {
        if new.is_expired() {
            return true; // it only removes
        }
        let domain = new.domain.as_cow();
        let (mut all, mut of_domain, mut bytes) = (1, 1, size(new));
        for cookie in self.cookies.iter_any() {
            let related = cookie.domain.as_cow() == domain;
            if related && cookie.name() == new.name() && *cookie.path == *new.path {
                return self.bytes_of(new) <= MOST_BYTES_OF_A_DOMAIN;
            }
            all += 1;
            if related {
                of_domain += 1;
                bytes += size(cookie);
            }
        }
        all <= MOST && of_domain <= MOST_OF_A_DOMAIN && bytes <= MOST_BYTES_OF_A_DOMAIN
    }

    /// The size of this cookie and of all others of its domain but the one that it replaces.
    fn bytes_of(&self, new: &Cookie<'_>) -> usize {
        let domain = new.domain.as_cow();
        let others = self.cookies.iter_any().filter(|cookie| {
            let same = cookie.name() == new.name() && *cookie.path == *new.path;
            cookie.domain.as_cow() == domain && !same
        });
        others.map(size).sum::<usize>() + size(new)
    }

    /// Whether it would stand before, or in the place of, a cookie that came over an encrypted connection
    /// (RFC 6265bis section 5.7, step 16).
    fn overlays_secure(&self, new: &Cookie<'_>) -> bool {
        let domain = new.domain.as_cow().unwrap_or_default();
        self.cookies.iter_unexpired().any(|cookie| {
            let other = cookie.domain.as_cow().unwrap_or_default();
            cookie.name() == new.name()
                && cookie.secure() == Some(true)
                && (is_within(&domain, &other) || is_within(&other, &domain))
                && is_below(&new.path, &cookie.path)
        })
    }
}

/// The bytes of the name and value.
fn size(cookie: &Cookie<'_>) -> usize {
    set_cookie::length(cookie.name()) + set_cookie::length(cookie.value())
}

/// Whether a host is a domain, or a host of it (RFC 6265 section 5.1.3).
fn is_within(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a path is another, or below it (RFC 6265 section 5.1.4).
fn is_below(path: &str, other: &str) -> bool {
    let rest = path.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || other.ends_with('/') || rest.starts_with('/'))
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
