//! What must not be shown, and taking it out of what is.

use crate::{error::TokenError, form};
use http::{HeaderMap, Uri};
use std::error::Error as StdError;
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

    /// The error without any of it.
    pub(crate) fn clean(&self, error: TokenError) -> TokenError {
        match error {
            TokenError::Response(response) => {
                TokenError::Response(Box::new(response.without(self)))
            }
            TokenError::TokenType(mut kind) => {
                self.redact(&mut kind);
                TokenError::TokenType(kind)
            }
            TokenError::Unreachable(error) => {
                let (mut text, debug) = chain(&*error);
                if !self.is_in(&text) && !self.is_in(&debug) {
                    return TokenError::Unreachable(error);
                }
                // Its type is lost, but it would tell what it must not.
                self.redact(&mut text);
                TokenError::Unreachable(text.into())
            }
            other => other,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.secrets
            .iter()
            .any(|secret| text.contains(secret.expose()))
    }
}

/// What an error and its causes show to people, and what to programmers.
fn chain(error: &(dyn StdError + 'static)) -> (String, String) {
    let (mut text, debug) = (error.to_string(), format!("{error:?}"));
    let mut next = error.source();
    let mut debug = debug;
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        debug.push_str(&format!("{error:?}"));
        next = error.source();
    }
    (text, debug)
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
    fn an_error_of_the_client_that_shows_a_secret_is_replaced_and_no_other() {
        let mut sent = Sent::default();
        sent.add_query(&Uri::from_static("https://as.example/t?key=planted"));
        let leaky = std::io::Error::other("cannot reach https://as.example/t?key=planted");
        let TokenError::Unreachable(error) = sent.clean(TokenError::Unreachable(leaky.into()))
        else {
            panic!("another error")
        };
        assert_eq!(
            error.to_string(),
            "cannot reach https://as.example/t?[redacted]"
        );
        let plain = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let TokenError::Unreachable(error) = sent.clean(TokenError::Unreachable(plain.into()))
        else {
            panic!("another error")
        };
        assert!(error.is::<std::io::Error>());
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
