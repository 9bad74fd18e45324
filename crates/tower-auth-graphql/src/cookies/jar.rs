//! A jar that many requests share.

use super::Store;
use cookie_store::RawCookie;
use http::{HeaderMap, HeaderValue, Uri, header::SET_COOKIE};
use std::{
    fmt,
    io::{BufRead, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower_auth_core::{AuthError, ErrorKind};

/// Cookies (RFC 6265), shared by everybody who has a clone.
///
/// Without a [list of public suffixes](Self::with_public_suffixes), cookies go back to the very host that set them, and
/// a `Domain` attribute is not believed: nobody can then set cookies for all of `co.uk`. With one, cookies may be shared
/// by the hosts of a domain.
///
/// As in browsers, `Secure` cookies neither go nor come over unencrypted http, except on this machine, and nobody can
/// replace them over it; names that begin with `__Secure-` and `__Host-` keep their promise (RFC 6265bis sections 4.1.3
/// and 5.7). `SameSite` does not matter: there is no page that a request could come from.
///
/// A jar keeps at most 180 cookies of a host, 3000 in all, and none longer than 8 KiB. When it is full, new ones are
/// not kept; those that it has are still replaced.
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Mutex<Store>>);

/// More than this is not looked at in one response.
const MOST: usize = 180;
/// RFC 6265 section 6.1 asks for at least 4096 bytes.
const LONGEST: usize = 8192;

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
    pub fn with_public_suffixes(self, list: &str) -> Result<Self, AuthError> {
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

    /// The header for a request.
    pub(super) fn header(&self, uri: &Uri) -> Option<HeaderValue> {
        let url = uri.to_string().parse().ok()?;
        let mut header = String::new();
        let store = self.lock();
        let mut cookies = store.cookies.matches(&url);
        // Longer paths come first (RFC 6265 section 5.4), and always in the same order.
        cookies.sort_by(|one, other| {
            let length = other.path.len().cmp(&one.path.len());
            length.then_with(|| one.name().cmp(other.name()))
        });
        for cookie in cookies {
            let (name, value) = cookie.name_value();
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(name);
            header.push('=');
            header.push_str(value);
        }
        if header.is_empty() {
            return None;
        }
        // No header: what a server set has a character that none can have. It is left out.
        tower_auth_core::sensitive_header("cookie", header.into_bytes()).ok()
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
            .filter_map(|value| value.to_str().ok())
            .filter(|value| value.len() <= LONGEST)
            .filter_map(|value| RawCookie::parse(value).ok());
        for cookie in cookies {
            store.keep(cookie.into_owned(), &url);
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
            CookieJar::new().with_public_suffixes(LIST).unwrap(),
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
        let jar = CookieJar::new().with_public_suffixes(LIST).unwrap();
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
    fn prefixes_of_names_keep_their_promise() {
        let jar = CookieJar::new().with_public_suffixes(LIST).unwrap();
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
