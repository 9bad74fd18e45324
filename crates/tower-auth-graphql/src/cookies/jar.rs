//! A jar that many requests share.

use cookie_store::{CookieStore, RawCookie};
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
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Mutex<Store>>);

#[derive(Default)]
struct Store {
    cookies: CookieStore,
    knows_suffixes: bool,
}

/// More than this is not taken from one response, nor kept for one host.
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
        cookie_store::serde::json::save_incl_expired_and_nonpersistent(
            &self.lock().cookies,
            &mut json,
        )
        .map_err(|_| AuthError::new(ErrorKind::Credentials, "the cookies could not be saved"))?;
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
            knows_suffixes: false,
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
        for (name, value) in self.lock().cookies.get_request_values(&url) {
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
        let knows_suffixes = store.knows_suffixes;
        let kept = values
            .take(MOST)
            .filter_map(|value| value.to_str().ok())
            .filter(|value| value.len() <= LONGEST)
            .filter_map(|value| RawCookie::parse(value).ok())
            .map(|cookie| {
                let mut cookie = cookie.into_owned();
                if !knows_suffixes {
                    cookie.unset_domain();
                }
                cookie
            });
        store.cookies.store_response_cookies(kept, &url);
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
