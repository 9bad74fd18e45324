//! Taking secrets out of what others wrote.

mod spelling;
mod text;

pub use self::text::printable;

use self::spelling::Spellings;
use http::{HeaderMap, Uri};
use std::fmt;
use tower_auth_core::Secret;

/// What is shorter is no secret, and taking it out would leave nothing readable.
const SHORTEST: usize = 4;
/// No more of a text is looked at, or shown.
const MOST_READ: usize = 16 * 1024;

/// Everything secret that a request said, or an answer: errors must not repeat it.
///
/// A server's text goes through [`clean`](Self::clean), **piece by piece before pieces are joined**: names and scalars
/// of a JSON object too. A secret is found however it is written: as it is, in any mixture of percent encoding, form
/// encoding, JSON and HTML escapes, those of one inside those of another, in upper or lower case, and within base64 or
/// hexadecimal. What is left is one line of printable characters, and no longer than people read.
///
/// ```
/// use tower_auth_http::Redactor;
///
/// let mut redactor = Redactor::new();
/// redactor.secret(&"p&ss word/1".into());
/// assert_eq!(redactor.clean("no such user\r\n"), "no such user");
/// assert_eq!(redactor.clean("bad: p%26ss+word%2f1!"), "bad: [redacted]!");
/// assert_eq!(redactor.clean("bad: cCZzcyB3b3JkLzE="), "bad: [redacted]");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>, // lower case
}

impl Redactor {
    /// Nothing is secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A secret that was sent or received. Shorter ones than four characters are passed over: to take those out would
    /// leave nothing readable.
    pub fn secret(&mut self, secret: &Secret) {
        let lower = zeroize::Zeroizing::new(secret.expose().to_ascii_lowercase());
        if lower.trim().len() >= SHORTEST {
            self.secrets.push(Secret::from(lower.trim()));
        }
    }

    /// The headers that are marked as sensitive: whole, and without the name of their scheme.
    pub fn headers(&mut self, headers: &HeaderMap) {
        for value in headers.values().filter(|value| value.is_sensitive()) {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
                continue;
            };
            let credentials = text.split_once(' ').map_or(text, |(_, rest)| rest);
            self.secret(&credentials.into());
            if let Some(decoded) = spelling::base64(credentials.as_bytes()) {
                if let Ok(pair) = std::str::from_utf8(&decoded) {
                    self.secret(&pair.into());
                    if let Some((_, password)) = pair.split_once(':') {
                        self.secret(&password.into());
                    }
                }
            }
        }
    }

    /// The query of a URL, which clients put into their errors: whole, and the values in it.
    pub fn query(&mut self, uri: &Uri) {
        let Some(query) = uri.query() else { return };
        self.secret(&query.into());
        for pair in query.split('&') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if is_secret_name(name) {
                let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                self.secret(&Secret::from(decoded.as_ref()));
            }
        }
    }

    /// Whether a text shows any of it.
    pub fn finds(&self, text: &str) -> bool {
        !self.secrets.is_empty() && Spellings::of(text).any(&self.secrets)
    }

    /// The text without any of it: `[redacted]` stands in its place. Control characters become blanks, and what is too
    /// long to be read is cut.
    pub fn clean(&self, text: &str) -> String {
        let (text, cut) = text::begin(text, MOST_READ);
        if self.secrets.is_empty() {
            return text::shown(text, cut);
        }
        let mut clean = String::with_capacity(text.len());
        let mut at = 0;
        for span in Spellings::of(text).spans(&self.secrets, cut) {
            clean.push_str(&text[at..span.start]);
            clean.push_str("[redacted]");
            at = span.end;
        }
        clean.push_str(&text[at..]);
        text::shown(&clean, cut)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secrets", &self.secrets.len())
            .finish()
    }
}

/// Whether a field of this name may hold something secret.
///
/// Made for the fields of OAuth and its kin: whatever has a token, secret, password, code, key, assertion, signature or
/// cookie in its name, but not what describes one (`token_type`, `error_code`).
pub fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 13] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "assertion",
        "code",
        "key",
        "credential",
        "signature",
        "authorization",
        "cookie",
        "jwt",
    ];
    let name = name.to_ascii_lowercase();
    let is_public = name.ends_with("_type") || name.ends_with("_hint") || name.starts_with("error");
    !is_public
        && (WORDS.iter().any(|word| name.contains(word)) || matches!(&*name, "otp" | "pin" | "pw"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn redactor(secrets: &[&str]) -> Redactor {
        let mut redactor = Redactor::new();
        for secret in secrets {
            redactor.secret(&(*secret).into());
        }
        redactor
    }

    #[test]
    fn a_secret_is_taken_out_in_every_way_it_was_written() {
        let redactor = redactor(&["p\"s/s <word>&é1"]);
        for spelling in [
            "p\"s/s <word>&é1",
            "P\"S/S <WORD>&é1",
            "p%22s%2Fs%20%3Cword%3E%26%C3%A91",
            "p%22s%2fs+%3cword%3e%26%c3%a91",
            "p\\\"s\\/s <word>&\\u00e91",
            "p\\u0022s/s\\u0020\\u003cword\\u003E&é1",
            "p&quot;s/s &lt;word&gt;&amp;&eacute;1"
                .replace("&eacute;", "&#233;")
                .as_str(),
            "p&#x22;s&#47;s&#32;&lt;word&gt;&amp;é1",
            "p%2522s%252Fs%2520%253Cword%253E%2526%25C3%25A91",
            "p\\\\u0022s/s <word>&é1".replace("\\\\", "\\").as_str(),
        ] {
            assert_eq!(
                redactor.clean(&format!("got `{spelling}`.")),
                "got `[redacted]`.",
                "{spelling}"
            );
            assert!(redactor.finds(spelling), "{spelling}");
        }
        assert!(!redactor.finds("p\"s/s"));
    }

    #[test]
    fn a_secret_is_found_within_base64_and_hexadecimal() {
        use base64::Engine as _;
        let redactor = redactor(&["hunter2!"]);
        for around in ["", "u", "us", "user:", "client:"] {
            let pair = format!("{around}hunter2!");
            for engine in [
                &base64::prelude::BASE64_STANDARD,
                &base64::prelude::BASE64_URL_SAFE_NO_PAD,
            ] {
                let text = format!("got Basic {}.", engine.encode(&pair));
                assert!(
                    !redactor.clean(&text).contains(&engine.encode(&pair)),
                    "{text}"
                );
                assert!(redactor.clean(&text).contains("[redacted]"), "{text}");
            }
            let hex: String = pair.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert!(redactor.clean(&hex).contains("[redacted]"), "{hex}");
        }
    }

    #[test]
    fn the_longer_of_two_secrets_leaves_nothing_behind() {
        let redactor = redactor(&["pass", "pass word&1", "abc"]);
        assert_eq!(redactor.clean("pass word&1 pass"), "[redacted] [redacted]");
        assert_eq!(redactor.clean("abc is short"), "abc is short");
    }

    #[test]
    fn sensitive_headers_and_secret_parameters_are_known() {
        let mut redactor = Redactor::new();
        let mut basic = HeaderValue::from_static("Basic czZCaGRSa3F0Mzpwdw=="); // s6BhdRkqt3:pw
        basic.set_sensitive(true);
        redactor.headers(&HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            basic,
        )]));
        redactor.query(&Uri::from_static(
            "https://h/?api_key=pl%61nted&page=second",
        ));
        assert_eq!(redactor.clean("got czZCaGRSa3F0Mzpwdw=="), "got [redacted]");
        assert_eq!(redactor.clean("got s6BhdRkqt3:pw"), "got [redacted]");
        assert_eq!(
            redactor.clean("key planted, second page"),
            "key [redacted], second page"
        );
    }

    #[test]
    fn a_secret_that_a_cut_would_leave_in_part_is_not_shown_in_part() {
        let secret = "s3cr3t-".repeat(20);
        let redactor = redactor(&[&secret]);
        let text = format!("{}{secret}", "x".repeat(MOST_READ - 70));
        assert!(!redactor.clean(&text).contains("s3cr3t"));
        let many = secret.repeat(400);
        assert!(!redactor.clean(&many).contains("s3cr3t"));
    }

    #[test]
    fn names_tell_what_is_secret() {
        for name in [
            "access_token",
            "Client_Secret",
            "api-key",
            "device_code",
            "pin",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_type",
            "token_type_hint",
            "error_codes",
            "scope",
            "shipping",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_spelling_of_a_secret_survives(
            secret in "[a-zA-Z0-9 !-~é]{4,40}",
            before in "[ -~]{0,20}",
            after in "[ -~]{0,20}",
            how in 0..6_usize,
            again in 0..4_usize,
        ) {
            proptest::prop_assume!(secret.trim().len() >= SHORTEST);
            let secret = secret.trim().to_owned();
            let redactor = redactor(&[&secret]);
            let spelled = spell(&secret, how);
            let clean = redactor.clean(&format!("{before}{spelled}{after}"));
            proptest::prop_assert!(clean.contains("[redacted]"), "{spelled}: {clean}");
            // What is spelled twice stands by itself: what joined it to other text would have spelled that too.
            let spelled = spell(&spelled, again);
            let clean = redactor.clean(&format!("{before} {spelled} {after}"));
            proptest::prop_assert!(clean.contains("[redacted]"), "{spelled}: {clean}");
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,300}|[%&\\\\;ux0-9a-f+=/]{0,300}", secret in "\\PC{0,20}") {
            let redactor = redactor(&[&secret]);
            let clean = redactor.clean(&text);
            proptest::prop_assert!(!clean.chars().any(char::is_control));
        }
    }

    fn spell(text: &str, how: usize) -> String {
        use base64::Engine as _;
        match how {
            1 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            2 => text
                .chars()
                .map(|c| match c {
                    ' ' => "+".to_owned(),
                    c if c.is_ascii_alphanumeric() => c.to_string(),
                    c => c
                        .to_string()
                        .bytes()
                        .map(|byte| format!("%{byte:02X}"))
                        .collect(),
                })
                .collect(),
            3 => text
                .chars()
                .map(|c| format!("\\u{:04x}", u32::from(c)))
                .collect(),
            4 => format!(" {} ", base64::prelude::BASE64_STANDARD.encode(text)),
            5 => text
                .chars()
                .map(|c| format!("&#{};", u32::from(c)))
                .collect(),
            _ => text.to_owned(),
        }
    }
}
