//! A jar that many requests share.

use super::{Store, set_cookie, store::is_private};
use http::{HeaderMap, HeaderValue, Uri, header::SET_COOKIE};
use std::{
    fmt,
    io::{BufRead, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower_auth_core::{AuthError, ErrorKind};
use zeroize::Zeroizing;

/// Cookies (RFC 6265), shared by everybody who has a clone.
///
/// Without a [list of public suffixes](Self::public_suffixes), cookies go back to the very host that set them, and
/// a `Domain` attribute is not believed: nobody can then set cookies for all of `co.uk`. With one, cookies may be shared
/// by the hosts of a domain.
///
/// As in browsers, `Secure` cookies neither go nor come over unencrypted http, except on this machine, and nobody can
/// replace them over it; names that begin with `__Secure-` and `__Host-` keep their promise (RFC 6265bis sections 4.1.3
/// and 5.7). `SameSite` does not matter: there is no page that a request could come from.
///
/// A jar keeps at most 180 cookies and 64 KiB of a host, 3000 cookies in all, and none whose name and value are longer
/// than 4096 bytes. When it is full, new ones are not kept; those that it has are still replaced. A request carries at
/// most 8000 bytes of cookies, since servers refuse longer headers: those with longer paths go first, and one that does
/// not fit, or has a character that no header can have, is left out alone.
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Mutex<Store>>);

/// More than this is not looked at in one response.
const MOST: usize = 180;
/// The longest `Cookie` header. Apache and nginx refuse lines over 8 KiB, their names included.
const LONGEST_HEADER: usize = 8000;

impl CookieJar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the text of the [public suffix list](https://publicsuffix.org/list/public_suffix_list.dat).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when that is no such list.
    pub fn public_suffixes(self, list: &str) -> Result<Self, AuthError> {
        let list = list.parse().map_err(|_| {
            AuthError::configuration(
                "public suffix list",
                "is not in the format of publicsuffix.org",
            )
        })?;
        {
            let mut store = self.lock();
            store.cookies = std::mem::take(&mut store.cookies).with_suffix_list(list);
            store.knows_suffixes = true;
        }
        Ok(self)
    }

    /// Writes all cookies that have not expired, those of the session too, as JSON. They are secrets: keep the file to
    /// yourself.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&self, writer: &mut impl Write) -> Result<(), AuthError> {
        let mut json = Vec::new();
        let mut store = self.lock();
        store.forget_expired();
        cookie_store::serde::json::save_incl_expired_and_nonpersistent(&store.cookies, &mut json)
            .map_err(|_| AuthError::new(ErrorKind::Credentials, "the cookies could not be saved"))?;
        drop(store); // writing may take long
        writer.write_all(&json).map_err(|error| {
            AuthError::new(ErrorKind::Credentials, "the cookies could not be saved")
                .with_source(error)
        })
    }

    /// A jar that was saved. Expired cookies are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none.
    pub fn load(reader: impl BufRead) -> Result<Self, AuthError> {
        let cookies = cookie_store::serde::json::load(reader)
            .map_err(|_| AuthError::new(ErrorKind::Credentials, "these are no saved cookies"))?;
        Ok(Self(Arc::new(Mutex::new(Store {
            cookies,
            ..Store::default()
        }))))
    }

    /// Forgets all cookies.
    pub fn clear(&self) {
        self.lock().cookies.clear();
    }

    /// How many cookies there are that have not expired.
    pub fn len(&self) -> usize {
        self.lock().cookies.iter_unexpired().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The header for a request over this URI. In the clear to another machine there is none, unless `plaintext`.
    pub(super) fn header_over(&self, uri: &Uri, plaintext: bool) -> Option<HeaderValue> {
        let url = uri.to_string().parse().ok()?;
        if !plaintext && !is_private(&url) {
            tracing::debug!("no cookies are sent over unencrypted http to another machine");
            return None;
        }
        let store = self.lock();
        let mut cookies = store.cookies.matches(&url);
        // Longer paths come first (RFC 6265 section 5.4), and always in the same order.
        cookies.sort_by(|one, other| {
            let length = other.path.len().cmp(&one.path.len());
            length.then_with(|| one.name().cmp(other.name()))
        });
        // As large as it can become, so that no half of a secret is left behind by growing.
        let mut header = Zeroizing::new(Vec::with_capacity(LONGEST_HEADER));
        for cookie in cookies {
            let begin = header.len();
            if begin > 0 {
                header.extend_from_slice(b"; ");
            }
            set_cookie::bytes(cookie.name(), &mut header);
            header.push(b'=');
            set_cookie::bytes(cookie.value(), &mut header);
            // Of a file, perhaps: what servers set was looked at before.
            let bad = header[begin..].iter().any(u8::is_ascii_control);
            if bad || header.len() > LONGEST_HEADER {
                tracing::debug!(
                    "a cookie is left out of a request: it is too long, or no header can have it"
                );
                header.truncate(begin);
            }
        }
        if header.is_empty() {
            return None;
        }
        tower_auth_core::sensitive_header("cookie", std::mem::take(&mut *header)).ok()
    }

    /// Keeps what a response sets.
    pub(super) fn keep(&self, uri: &Uri, headers: &HeaderMap) {
        let mut values = headers.get_all(SET_COOKIE).iter().peekable();
        if values.peek().is_none() {
            return;
        }
        let Ok(url) = uri.to_string().parse() else {
            return;
        };
        let mut store = self.lock();
        let cookies = values
            .take(MOST)
            .filter_map(|value| set_cookie::parse(value.as_bytes()));
        for cookie in cookies {
            store.keep(cookie, &url);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieJar({} cookies)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "// ===BEGIN ICANN DOMAINS===\nuk\nco.uk\ncom\n// ===END ICANN DOMAINS===\n";

    fn set(jar: &CookieJar, uri: &'static str, cookie: &'static str) {
        let mut headers = HeaderMap::new();
        headers.insert(SET_COOKIE, HeaderValue::from_static(cookie));
        jar.keep(&Uri::from_static(uri), &headers);
    }

    impl CookieJar {
        fn header(&self, uri: &Uri) -> Option<HeaderValue> {
            self.header_over(uri, true)
        }
    }

    fn sent(jar: &CookieJar, uri: &'static str) -> String {
        let value = jar.header(&Uri::from_static(uri));
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_only() {
        let jar = CookieJar::new();
        set(
            &jar,
            "https://a.example.com/",
            "id=1; Domain=example.com; Path=/",
        );
        assert_eq!(sent(&jar, "https://a.example.com/x"), "id=1");
        assert_eq!(sent(&jar, "https://b.example.com/"), "");
        assert_eq!(sent(&jar, "https://example.com/"), "");
        assert!(
            jar.header(&Uri::from_static("https://a.example.com/"))
                .unwrap()
                .is_sensitive()
        );
    }

    #[test]
    fn a_cookie_for_somebody_else_is_ignored() {
        for jar in [
            CookieJar::new(),
            CookieJar::new().public_suffixes(LIST).unwrap(),
        ] {
            for domain in ["other.com", "b.example.com", "x.a.example.com", "com"] {
                let cookie = format!("id=1; Path=/; Domain={domain}").leak();
                set(&jar, "https://a.example.com/", cookie);
            }
            set(&jar, "https://127.0.0.1/", "id=1; Path=/; Domain=127.0.0.2");
            let expected = usize::from(!jar.lock().knows_suffixes);
            assert_eq!(jar.len(), expected, "only `com`, and for the host alone");
            assert_eq!(sent(&jar, "https://b.example.com/"), "");
            assert_eq!(sent(&jar, "https://other.com/"), "");
        }
    }

    #[test]
    fn with_the_list_a_domain_shares_cookies_and_a_public_suffix_does_not() {
        let jar = CookieJar::new().public_suffixes(LIST).unwrap();
        set(
            &jar,
            "https://a.example.com/",
            "id=1; Domain=example.com; Path=/",
        );
        assert_eq!(sent(&jar, "https://b.example.com/"), "id=1");
        set(&jar, "https://evil.co.uk/", "id=2; Domain=co.uk; Path=/");
        assert_eq!(sent(&jar, "https://bank.co.uk/"), "");
    }

    #[test]
    fn secure_cookies_and_paths_are_respected() {
        let jar = CookieJar::new();
        set(&jar, "https://h.example/", "s=1; Secure; Path=/");
        set(&jar, "https://h.example/", "p=1; Path=/graphql");
        assert_eq!(sent(&jar, "http://h.example/"), "");
        let both = sent(&jar, "https://h.example/graphql");
        assert!(both.contains("s=1") && both.contains("p=1"), "{both}");
        set(&jar, "https://h.example/", "s=; Max-Age=0; Path=/");
        assert_eq!(sent(&jar, "https://h.example/"), "");
    }

    #[test]
    fn a_jar_is_saved_with_its_session_and_loaded_again() {
        let jar = CookieJar::new();
        set(&jar, "https://h.example/", "id=1; Path=/");
        let mut file = Vec::new();
        jar.save(&mut file).unwrap();
        let jar = CookieJar::load(&file[..]).unwrap();
        assert_eq!(sent(&jar, "https://h.example/"), "id=1");
        assert!(CookieJar::load(&b"nonsense"[..]).is_err());
        assert!(!format!("{jar:?}").contains("id"));
    }

    #[test]
    fn longer_paths_come_first() {
        let jar = CookieJar::new();
        for cookie in [
            "d=1; Path=/",
            "b=2; Path=/graphql",
            "c=3; Path=/",
            "a=4; Path=/graphql/x",
        ] {
            set(&jar, "https://h.example/", cookie);
        }
        let header = sent(&jar, "https://h.example/graphql/x");
        assert_eq!(header, "a=4; b=2; c=3; d=1");
        assert_eq!(sent(&jar, "https://h.example/graphqlx"), "c=3; d=1");
    }

    #[test]
    fn nobody_without_encryption_sets_or_replaces_a_secure_cookie() {
        let jar = CookieJar::new();
        set(&jar, "http://h.example/", "forged=1; Secure; Path=/");
        set(&jar, "https://h.example/", "id=true; Secure; Path=/");
        set(&jar, "http://h.example/", "id=forged; Path=/");
        assert_eq!(sent(&jar, "https://h.example/"), "id=true");
        // On this machine nobody listens in.
        set(&jar, "http://127.0.0.1:8080/", "local=1; Secure; Path=/");
        assert_eq!(sent(&jar, "http://127.0.0.1:8080/"), "local=1");
    }

    #[test]
    fn over_http_no_host_of_a_domain_overlays_the_secure_cookies_of_another() {
        let jar = || CookieJar::new().public_suffixes(LIST).unwrap();
        let at = |jar: &CookieJar, host: &str| {
            let uri: Uri = format!("https://{host}/login/x").parse().unwrap();
            let value = jar.header(&uri)?;
            Some(value.to_str().unwrap().to_owned())
        };
        for (secure, forged, host) in [
            // A domain's cookie from any of its hosts, over one of a host; and the other way round.
            (
                "a.example.com",
                "any.example.com;Domain=example.com",
                "a.example.com",
            ),
            (
                "a.example.com;Domain=example.com",
                "b.example.com",
                "b.example.com",
            ),
            (
                "a.example.com;Domain=example.com",
                "b.example.com;Domain=b.example.com",
                "b.example.com",
            ),
            (
                "example.com",
                "b.example.com;Domain=example.com",
                "example.com",
            ),
        ] {
            let jar = jar();
            let put = |scheme: &str, what: &str, value: &str| {
                let (host, domain) = what.split_once(';').unwrap_or((what, ""));
                let uri = format!("{scheme}://{host}/").leak();
                set(
                    &jar,
                    uri,
                    format!("id={value}; Path=/login; {domain}").leak(),
                );
            };
            put("https", secure, "true; Secure");
            put("http", forged, "forged");
            assert!(
                !at(&jar, host).unwrap_or_default().contains("forged"),
                "{secure} {forged}"
            );
        }
        // Hosts that are no relatives, and paths above, are as they were (RFC 6265bis section 5.7, step 16).
        let jar = jar();
        set(
            &jar,
            "https://a.example.com/",
            "id=true; Path=/login; Secure",
        );
        set(&jar, "http://b.example.com/", "id=other; Path=/login");
        set(&jar, "http://a.example.com/", "id=above; Path=/");
        set(&jar, "http://a.example.com/", "id=below; Path=/login/x");
        assert_eq!(at(&jar, "b.example.com").as_deref(), Some("id=other"));
        assert_eq!(
            at(&jar, "a.example.com").as_deref(),
            Some("id=true; id=above")
        );
    }

    #[test]
    fn a_bad_cookie_costs_only_itself() {
        let jar = CookieJar::new();
        for cookie in ["x=a\tb; Path=/", "good=1; Path=/", "y=\t; Path=/"] {
            set(&jar, "https://h.example/", cookie);
        }
        assert_eq!(sent(&jar, "https://h.example/"), "good=1");
        // Of a file that somebody else wrote.
        let mut file = Vec::new();
        jar.save(&mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        let bad = file.replace("good=1;", "bad=a\\u0007b;");
        assert_ne!(bad, file);
        let file = bad.trim_end().trim_end_matches(']').to_owned()
            + ","
            + file.trim_start().trim_start_matches('[');
        let jar = CookieJar::load(file.as_bytes()).unwrap_or_else(|_| panic!("{file}"));
        assert_eq!(sent(&jar, "https://h.example/"), "good=1");
    }

    #[test]
    fn the_header_of_a_request_is_bounded_and_short_cookies_still_fit() {
        let jar = CookieJar::new();
        for (name, length) in [("a", 4000), ("b", 3900), ("c", 4000), ("d", 5), ("e", 5000)] {
            let cookie = format!("{name}={}; Path=/", "x".repeat(length)).leak();
            set(&jar, "https://h.example/", cookie);
        }
        let header = sent(&jar, "https://h.example/");
        let names: Vec<_> = header.split("; ").map(|cookie| &cookie[..2]).collect();
        assert_eq!(names, ["a=", "b=", "d="]);
        assert!(header.len() <= 8000);
        for name in 0..200 {
            let cookie = format!("n{name}={}; Path=/", "x".repeat(1000)).leak();
            set(&jar, "https://other.example/", cookie);
        }
        assert_eq!(jar.len(), 4 + 65, "64 KiB of a host");
        // One that grows has to fit too.
        set(
            &jar,
            "https://other.example/",
            format!("n0={}; Path=/", "y".repeat(4090)).leak(),
        );
        assert_eq!(jar.len(), 4 + 65);
        assert!(!sent(&jar, "https://other.example/").contains('y'));
    }

    #[test]
    fn bytes_above_127_go_back_as_they_came() {
        let jar = CookieJar::new();
        let mut headers = HeaderMap::new();
        for value in [&b"a=caf\xe9; Path=/"[..], "b=\u{e0}; Path=/".as_bytes()] {
            headers.append(SET_COOKIE, HeaderValue::from_bytes(value).unwrap());
        }
        let uri = Uri::from_static("https://h.example/");
        jar.keep(&uri, &headers);
        let expected = [&b"a=caf\xe9; b="[..], "\u{e0}".as_bytes()].concat();
        assert_eq!(jar.header(&uri).unwrap().as_bytes(), expected);
        let mut file = Vec::new();
        jar.save(&mut file).unwrap();
        let jar = CookieJar::load(&file[..]).unwrap();
        assert_eq!(jar.header(&uri).unwrap().as_bytes(), expected);
    }

    #[test]
    fn a_date_in_the_past_deletes_a_cookie_in_whatever_form_it_is_written() {
        for date in [
            "Thu, 1 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:01 UTC",
            "Thursday, 01-Jan-70 00:00:00 GMT",
            "Thu Jan  1 00:00:00 1970",
            "Mon, 01-Jan-1990 00:00:00 GMT",
            "Sat Jan 01 2000 00:00:00 GMT+0000 (Coordinated Universal Time)",
        ] {
            let jar = CookieJar::new();
            set(&jar, "https://h.example/", "id=1; Path=/");
            set(
                &jar,
                "https://h.example/",
                format!("id=; Path=/; Expires={date}").leak(),
            );
            assert_eq!(sent(&jar, "https://h.example/"), "", "{date}");
        }
        let jar = CookieJar::new();
        set(
            &jar,
            "https://h.example/",
            "id=1; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        );
        set(
            &jar,
            "https://h.example/",
            "session=1; Path=/; Expires=whenever",
        );
        assert_eq!(sent(&jar, "https://h.example/"), "id=1; session=1");
    }

    #[test]
    fn prefixes_of_names_keep_their_promise() {
        let jar = CookieJar::new().public_suffixes(LIST).unwrap();
        for cookie in [
            "__Secure-a=1; Path=/",
            "__Host-b=1; Secure",
            "__Host-c=1; Path=/",
            "__host-d=1; Secure; Path=/; Domain=example.com",
        ] {
            set(&jar, "https://a.example.com/", cookie);
        }
        assert_eq!(sent(&jar, "https://a.example.com/"), "");
        set(&jar, "https://a.example.com/", "__Host-e=1; Secure; Path=/");
        assert_eq!(sent(&jar, "https://a.example.com/"), "__Host-e=1");
    }

    #[test]
    fn a_jar_does_not_grow_for_ever() {
        let jar = CookieJar::new();
        let all = |host: &str, names: std::ops::Range<usize>, value: &str| {
            for name in names {
                let mut headers = HeaderMap::new();
                let cookie = format!("n{name}={value}; Path=/");
                headers.insert(SET_COOKIE, cookie.parse().unwrap());
                jar.keep(&host.parse().unwrap(), &headers);
            }
        };
        all("https://h.example/", 0..500, "1");
        assert_eq!(jar.len(), 180);
        // What is there is still replaced and removed, and what was removed makes room.
        all("https://h.example/", 0..1, "2");
        assert!(sent(&jar, "https://h.example/").starts_with("n0=2; "));
        all("https://h.example/", 0..100, "x; Max-Age=0");
        assert_eq!(jar.len(), 80);
        all("https://h.example/", 1000..2000, "1");
        assert_eq!(jar.len(), 180);
        for host in 0..20 {
            all(&format!("https://h{host}.example/"), 0..200, "1");
        }
        assert_eq!(jar.len(), 3000);
    }

    #[test]
    fn expired_cookies_are_not_saved() {
        let jar = CookieJar::new();
        set(&jar, "https://h.example/", "id=secret; Path=/");
        set(&jar, "https://h.example/", "id=; Max-Age=0; Path=/");
        let mut file = Vec::new();
        jar.save(&mut file).unwrap();
        assert!(!String::from_utf8(file).unwrap().contains("secret"));
    }

    #[test]
    fn nonsense_in_set_cookie_is_ignored() {
        let jar = CookieJar::new();
        for cookie in [
            "",
            "=",
            ";;;",
            "a",
            "\u{1}=2",
            "a=b; Domain=..; Path=x; Expires=never",
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(cookie) {
                headers.insert(SET_COOKIE, value);
            }
            jar.keep(&Uri::from_static("https://h.example/"), &headers);
            jar.keep(&Uri::from_static("/relative"), &headers);
        }
        assert!(jar.len() <= 1);
    }
}
