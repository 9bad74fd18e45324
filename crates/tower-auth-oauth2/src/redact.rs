//! What must not be shown, and taking it out of what is.

use crate::form;
use http::{HeaderMap, Uri};
use tower_auth_core::Secret;

/// Whether a field of this name may hold something secret.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "token",
        "secret",
        "password",
        "passphrase",
        "assertion",
        "code",
        "key",
        "credential",
        "signature",
        "authorization",
        "cookie",
    ];
    let name = name.to_ascii_lowercase();
    let is_public = name.ends_with("_type") || name.ends_with("_hint") || name.starts_with("error");
    !is_public && (WORDS.iter().any(|word| name.contains(word)) || matches!(&*name, "otp" | "pin"))
}

/// Everything secret that a request said: its answer must not repeat it in an error.
#[derive(Default)]
pub(crate) struct Sent {
    secrets: Vec<Secret>,
}

/// What is shorter is no secret, and taking it out would leave nothing readable.
const SHORTEST: usize = 4;

impl Sent {
    /// A secret, as it is, as forms write it, and as URLs do.
    pub(crate) fn add(&mut self, secret: &Secret) {
        let encoded = form::encode(secret.expose());
        if *encoded != secret.expose() {
            self.push(encoded.as_str().into());
        }
        if encoded.contains('+') {
            self.push(encoded.replace('+', "%20").into());
        }
        self.push(secret.clone());
    }

    /// The headers that are marked as sensitive: whole, and without the name of their scheme.
    pub(crate) fn add_headers(&mut self, headers: &HeaderMap) {
        for value in headers.values().filter(|value| value.is_sensitive()) {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
                continue;
            };
            let credentials = text.split_once(' ').map_or(text, |(_, rest)| rest);
            self.push(credentials.into());
        }
    }

    /// The query of a URL, which clients put into their errors.
    pub(crate) fn add_query(&mut self, uri: &Uri) {
        if let Some(query) = uri.query() {
            self.push(query.into());
        }
    }

    fn push(&mut self, secret: Secret) {
        if secret.expose().len() < SHORTEST {
            return;
        }
        // The longest first: what is left of one of which another is a part would still say something.
        let length = secret.expose().len();
        let at = self
            .secrets
            .partition_point(|known| known.expose().len() >= length);
        self.secrets.insert(at, secret);
    }

    /// The text without any of it.
    pub(crate) fn redact(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                *text = text.replace(secret.expose(), "[redacted]");
            }
        }
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.secrets
            .iter()
            .any(|secret| text.contains(secret.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn sent(secrets: &[&str]) -> Sent {
        let mut sent = Sent::default();
        for secret in secrets {
            sent.add(&(*secret).into());
        }
        sent
    }

    fn redacted(sent: &Sent, text: &str) -> String {
        let mut text = text.to_owned();
        sent.redact(&mut text);
        text
    }

    #[test]
    fn a_secret_is_taken_out_in_every_way_it_was_written() {
        let mut sent = sent(&["pass", "pass word&1", "abc"]);
        let mut header = HeaderValue::from_static("Basic czZCaGRSa3F0Mw==");
        header.set_sensitive(true);
        sent.add_headers(&HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            header,
        )]));
        assert_eq!(redacted(&sent, "p=pass+word%261."), "p=[redacted].");
        assert_eq!(redacted(&sent, "p=pass%20word%261."), "p=[redacted].");
        // The longest first: nothing of it is left behind.
        assert_eq!(redacted(&sent, "pass word&1 pass"), "[redacted] [redacted]");
        assert_eq!(redacted(&sent, "got czZCaGRSa3F0Mw=="), "got [redacted]");
        assert_eq!(
            redacted(&sent, "abc is too short to hide"),
            "abc is too short to hide"
        );
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
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "token_type",
            "token_type_hint",
            "error_codes",
            "scope",
            "shipping",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
