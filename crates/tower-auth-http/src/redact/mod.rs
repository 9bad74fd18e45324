//! Taking secrets out of what others wrote.

mod automaton;
mod escape;
mod lattice;
mod names;
mod numbers;
mod packed;
mod reading;
mod search;
mod short;
mod text;

pub use self::{names::is_secret_name, text::printable};

use self::{automaton::Automaton, reading::Reading, search::Secrets, short::Short};
use http::{HeaderMap, HeaderValue, Uri};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// A secret of fewer characters is looked for only where values stand.
const SHORTEST: usize = 4;
/// No more of a text is looked at, or shown.
const MOST_READ: usize = 16 * 1024;

/// Everything secret that a request said, or an answer: errors must not repeat it.
///
/// A server's text goes through [`clean`](Self::clean), **piece by piece before pieces are joined**: names and scalars
/// of a JSON object too. A secret is found however it is written: as it is, as a number, in any mixture of percent
/// encoding, form encoding, JSON and HTML escapes, one of those inside another, in upper or lower case, broken over
/// lines, and within base64, hexadecimal or a list of bytes, wherever in them it begins. What is left is one line of
/// printable characters, and no longer than people read.
///
/// A secret of one to three characters is taken out where values stand (`pin=1`, `"pin": "1"`), and not out of the middle
/// of words. What has escapes in escapes, more than eight deep, or would take long to look through, is not shown at all.
/// The work grows with the length of the text, and not with the number of the secrets.
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
    long: Vec<Zeroizing<Vec<u8>>>,
    short: Short,
    automaton: OnceLock<Arc<Automaton>>, // of the long ones, made when it is needed
}

impl Redactor {
    /// Nothing is secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A secret that was sent or received.
    pub fn secret(&mut self, secret: &Secret) {
        let secret = secret.expose().trim();
        self.add(secret.as_bytes());
        for number in numbers::written(secret) {
            self.add(number.as_bytes());
        }
        // The automaton knows the two forms of the letters of ASCII only.
        if !secret.is_ascii() {
            for other in [secret.to_lowercase(), secret.to_uppercase()] {
                self.add(Zeroizing::new(other).as_bytes());
            }
        }
        // As those write it who know no UTF-8.
        if !secret.is_ascii() && secret.chars().all(|c| u32::from(c) < 256) {
            let latin: Vec<u8> = secret.chars().map(|c| u32::from(c) as u8).collect();
            self.add(&Zeroizing::new(latin));
        }
    }

    fn add(&mut self, secret: &[u8]) {
        if secret.is_empty() {
            return;
        }
        if String::from_utf8_lossy(secret).chars().count() < SHORTEST {
            return self.short.add(secret);
        }
        self.automaton = OnceLock::new();
        // A secret may look as if it had escapes in it. Who reads those of the text reads its own along with them.
        let (readings, _) = Reading::all(secret);
        let plainest = readings.last().filter(|last| last.bytes.len() >= SHORTEST);
        for reading in [readings.first(), plainest.filter(|_| readings.len() > 1)] {
            let Some(reading) = reading else { continue };
            let length = reading.bytes.len().min(MOST_READ);
            self.long
                .push(Zeroizing::new(reading.bytes[..length].to_vec()));
        }
    }

    /// The headers that are marked as sensitive: whole, without the name of their scheme, what base64 has in it, and the
    /// values of parameters and cookies.
    pub fn headers(&mut self, headers: &HeaderMap) {
        let sensitive = |(_, value): &(_, &HeaderValue)| value.is_sensitive();
        for (name, value) in headers.iter().filter(sensitive) {
            let text: Zeroizing<String> = match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => text.to_owned().into(),
                Err(_) => value
                    .as_bytes()
                    .iter()
                    .copied()
                    .map(char::from)
                    .collect::<String>()
                    .into(),
            };
            self.secret(&text.as_str().into());
            match text.split_once(' ') {
                Some((_, credentials)) => {
                    self.secret(&credentials.into());
                    self.pair(credentials);
                }
                None => self.pair(&text),
            }
            let is_cookie = name == http::header::COOKIE;
            for parameter in text.split([';', ',', ' ']) {
                if let Some((name, value)) = parameter.split_once('=') {
                    // Behind base64 there is nothing but more of the same sign.
                    let is_padding = value.bytes().all(|byte| byte == b'=');
                    if !is_padding && (is_cookie || is_secret_name(name)) {
                        self.secret(&value.trim_matches('"').into());
                    }
                }
            }
        }
    }

    /// What base64 of a header says: a name and a password.
    fn pair(&mut self, credentials: &str) {
        let decoded = packed::base64(credentials.as_bytes());
        let pair = decoded
            .as_ref()
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some((pair, (_, password))) = pair.and_then(|pair| Some((pair, pair.split_once(':')?)))
        else {
            return;
        };
        self.secret(&pair.into());
        self.secret(&password.into());
    }

    /// The query of a URL, which clients put into their errors: whole, and the values in it whose names
    /// [say](is_secret_name) that they are secret; and the password before the host.
    pub fn query(&mut self, uri: &Uri) {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if let Some((user, _)) = authority.rsplit_once('@') {
            if let Some((_, password)) = user.split_once(':') {
                self.secret(&password.into());
            }
        }
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

    fn is_empty(&self) -> bool {
        self.long.is_empty() && self.short.is_empty()
    }

    fn mark(&self, text: &str, cut: bool) -> Vec<bool> {
        let long = self.automaton.get_or_init(|| {
            let secrets = self.long.iter().map(|secret| secret.as_slice());
            Arc::new(Automaton::of(secrets))
        });
        Secrets::new(long, &self.short).mark(text, cut)
    }

    /// Whether a text shows any of it. One of more than 16 KiB is not looked through, and counts as one that does.
    pub fn finds(&self, text: &str) -> bool {
        !self.is_empty() && (text.len() > MOST_READ || self.mark(text, false).contains(&true))
    }

    /// The text without any of it: `[redacted]` stands in its place. Control characters become blanks, and what is too
    /// long to be read is cut.
    pub fn clean(&self, text: &str) -> String {
        let (text, cut) = text::begin(text, MOST_READ);
        if self.is_empty() {
            return text::shown(text, cut);
        }
        let marks = self.mark(text, cut);
        let mut clean = String::with_capacity(text.len());
        let mut was_secret = false;
        for (at, c) in text.char_indices() {
            let is_secret = marks[at..at + c.len_utf8()].contains(&true);
            match (was_secret, is_secret) {
                (false, true) => clean.push_str("[redacted]"),
                (_, false) => clean.push(c),
                (true, true) => {}
            }
            was_secret = is_secret;
        }
        text::shown(&clean, cut)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secrets", &self.long.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

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
    fn a_secret_is_found_as_bytes_in_numbers() {
        let known = redactor(&["hunter2!"]);
        let not_utf8 = String::from_utf8(b"user:hunter2!\xff".to_vec()).unwrap_err();
        let octal: String = "hunter2!".bytes().map(|b| format!("\\{b:03o}")).collect();
        for text in [
            format!("{not_utf8:?}"),
            format!("{not_utf8:#?}"),
            format!("{:?}", b"hunter2!"),
            octal,
        ] {
            assert!(known.finds(&text), "{text}");
            assert!(known.clean(&text).contains("[redacted]"), "{text}");
        }
    }

    /// What a server may make of a text, one after the other.
    type Writer = fn(&str) -> String;

    const WRITERS: [(&str, Writer); 13] = [
        ("as it is", str::to_owned),
        ("percent, lower case", |text| {
            text.bytes().map(|byte| format!("%{byte:02x}")).collect()
        }),
        ("form", |text| {
            form_urlencoded::byte_serialize(text.as_bytes()).collect()
        }),
        ("JSON", |text| {
            text.chars()
                .map(|c| format!("\\u{:04X}", u32::from(c)))
                .collect()
        }),
        ("PHP", |text| text.replace('\\', "\\\\").replace('/', "\\/")),
        ("Debug", |text| text.escape_debug().to_string()),
        ("Python", |text| {
            text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
        }),
        ("HTML, decimal", |text| {
            text.chars()
                .map(|c| format!("&#{};", u32::from(c)))
                .collect()
        }),
        ("HTML, hexadecimal", |text| {
            text.chars()
                .map(|c| format!("&#X{:x}", u32::from(c)))
                .collect()
        }),
        ("HTML, names", |text| {
            let text = text
                .replace('&', "&amp;")
                .replace('/', "&sol;")
                .replace('+', "&plus;");
            text.replace('é', "&eacute;")
        }),
        ("base64", |text| {
            base64::prelude::BASE64_STANDARD.encode(text)
        }),
        ("base64url", |text| {
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text)
        }),
        ("hexadecimal", |text| {
            text.bytes().map(|byte| format!("{byte:02X}")).collect()
        }),
    ];

    #[test]
    fn no_spelling_within_a_spelling_survives() {
        let secret = "Tr0ub4dor+&3/é ~?>=";
        let known = redactor(&[secret]);
        for (inner, write) in WRITERS {
            for (outer, write_again) in WRITERS {
                for before in ["", "i", "id", "client"] {
                    let spelled = write_again(&write(&format!("{before}:{secret}")));
                    let text = format!("no: \"{spelled}\"!");
                    let clean = known.clean(&text);
                    assert!(clean.contains("[redacted]"), "{inner} in {outer}: {text}");
                    assert!(known.finds(&text), "{inner} in {outer}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_short_secret_is_not_shown_where_values_stand_and_words_stay() {
        let known = redactor(&["a", "x1", "é?"]);
        for (text, clean) in [
            ("a bad pin: a", "a bad pin: [redacted]"),
            ("pin=%61&page=a1", "pin=[redacted]&page=a1"),
            ("{\"pin\":\"\\u0078\\u0031\"}", "{\"pin\":\"[redacted]\"}"),
            ("pin=&#120;&#49;", "pin=[redacted]"),
            ("pin=%C3%A9%3f", "pin=[redacted]"),
            ("Basic dTp4MQ==", "Basic [redacted]"), // u:x1
            ("x1 x1abc ax1", "x1 x1abc ax1"),
        ] {
            assert_eq!(known.clean(text), clean);
        }
    }

    #[test]
    fn a_secret_number_is_not_shown_as_a_number() {
        let known = redactor(&["00123456", "12345678901234567890123"]);
        for text in [
            "123456",
            "123456.0",
            "1.23456e5",
            "1.2345678901234568e+22",
            "12345678901234568000000",
        ] {
            assert!(known.clean(text).contains("[redacted]"), "{text}");
        }
    }

    #[test]
    fn a_secret_that_begins_another_or_overlaps_one_hides_neither() {
        let known = redactor(&["abcd", "abcdefgh", "ghijkl"]);
        assert_eq!(
            known.clean("<abcdefgh> <abcd> <abcde>"),
            "<[redacted]> <[redacted]> <[redacted]e>"
        );
        assert_eq!(known.clean("<abcdefghijkl>"), "<[redacted]>");
    }

    #[test]
    fn a_secret_with_letters_beyond_ascii_is_known_in_both_encodings() {
        let known = redactor(&["clé-très-sûre"]);
        for text in [
            "cl%C3%A9-tr%c3%a8s-s%C3%BBre",
            "cl%E9-tr%e8s-s%FBre",
            "CLé-TRès-Sûre",
            "CLÉ-TRÈS-SÛRE",
            "CL%C3%89-TR%C3%88S-S%C3%9BRE",
            "cl\\xe9-tr\\xe8s-s\\xfbre",
            "Y2zpLXRy6HMtc/tyZQ==",
            "cl&eacute;-tr&egrave;s-s&ucirc;re",
        ] {
            assert_eq!(known.clean(text), "[redacted]", "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_broken_by_what_nobody_sees_is_found() {
        let known = redactor(&["hunter2!"]);
        for text in ["hun\r\nter2!", "hun\u{200b}ter2!", "h\u{ad}u\u{202e}nter2!"] {
            assert_eq!(known.clean(text), "[redacted]", "{text:?}");
        }
    }

    #[test]
    fn every_part_of_a_sensitive_header_is_known() {
        let mut known = Redactor::new();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cookie", &b"sid=first-one; theme=second-one"[..]),
            (
                "authorization",
                b"OAuth oauth_token=\"third-one\", oauth_signature=\"fourth-one\"",
            ),
            ("x-api-key", b"fifth-\xe9-one"),
        ] {
            let mut value = HeaderValue::from_bytes(value).unwrap();
            value.set_sensitive(true);
            tower_auth_core::insert_header(
                &mut headers,
                http::HeaderName::from_static(name),
                value,
            )
            .unwrap();
        }
        known.headers(&headers);
        known.query(&Uri::from_static("https://u:sixth-one@h/"));
        for secret in [
            "first-one",
            "second-one",
            "third-one",
            "fourth-one",
            "fifth-é-one",
            "sixth-one",
        ] {
            assert_eq!(known.clean(secret), "[redacted]");
        }
    }

    #[test]
    fn the_value_of_the_only_cookie_or_parameter_is_known() {
        for (name, value) in [
            ("cookie", "sid=first-one"),
            ("cookie", "theme=dark;sid=first-one"),
            ("x-auth", "token=first-one"),
        ] {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            let mut known = Redactor::new();
            let name = http::HeaderName::from_static(name);
            known.headers(&HeaderMap::from_iter([(name, value)]));
            assert_eq!(known.clean("no session first-one"), "no session [redacted]");
        }
    }

    #[test]
    fn the_work_grows_with_the_text_and_not_with_the_number_of_secrets() {
        let texts = [
            "the client is not known here ".repeat(300),
            "%2561\\u0061&#97;YWFh".repeat(400),
            "aaaa".repeat(2000),
        ];
        let of = |secrets: usize| {
            let mut known = Redactor::new();
            for number in 0..secrets {
                known.secret(&format!("{}{number:06}", "a".repeat(500)).into());
            }
            known.finds(""); // what is made once
            texts.each_ref().map(|text| {
                automaton::count::during(|| {
                    known.clean(text);
                })
            })
        };
        let (few, many) = (of(1), of(500));
        for ((few, many), text) in few.into_iter().zip(many).zip(&texts) {
            assert!(many <= few * 3 / 2, "{few} steps and {many}");
            assert!(many <= 120 * text.len(), "{many} for {}", text.len());
        }
    }

    #[test]
    fn what_is_packed_and_escaped_within_the_same_takes_no_longer_and_is_not_shown() {
        let escape = format!("%{}41!", "25".repeat(6));
        let mut text = format!("{escape}{}", "hello ".repeat(1400));
        for _ in 0..2 {
            text = format!("{escape}{}", base64::prelude::BASE64_STANDARD.encode(text));
        }
        assert!(text.len() < MOST_READ);
        let known = redactor(&["hunter2!"]);
        known.finds(""); // what is made once
        let steps = automaton::count::during(|| assert_eq!(known.clean(&text), "[redacted]"));
        assert!(steps <= 200 * text.len(), "{steps} for {}", text.len());
    }

    #[test]
    fn what_is_too_long_or_escaped_too_often_is_not_trusted() {
        let known = redactor(&["hunter2!"]);
        assert!(known.finds(&"x".repeat(MOST_READ + 1)));
        assert_eq!(
            known.clean(&format!("a %{}68unter2!", "25".repeat(40))),
            "[redacted]"
        );
        let clean = known.clean(&"x ".repeat(100_000));
        assert!(clean.chars().count() <= 301);
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
