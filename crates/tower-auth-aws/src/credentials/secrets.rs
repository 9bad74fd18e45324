//! What a service was told in confidence, and may not be quoted with.

use crate::Credentials;
use http::Uri;
use tower_auth_core::Secret;
use tower_auth_http::Redactor;

/// So many characters of a secret in a row are shown by nobody: some services say how the token began that they refused.
const PIECE: usize = 8;

/// A [`Redactor`] that knows pieces of secrets, too.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    redactor: Redactor,
    known: Vec<Secret>, // lower case
}

impl Secrets {
    /// Of these credentials.
    pub(super) fn of(credentials: &Credentials) -> Self {
        let mut secrets = Self::default().and(credentials.secret_access_key());
        let token = credentials.session_token();
        if let Some(token) = token.and_then(|token| token.to_str().ok()) {
            secrets = secrets.and(&token.into());
        }
        secrets
    }

    /// … and this one.
    pub(super) fn and(mut self, secret: &Secret) -> Self {
        self.redactor.secret(secret);
        let lower = zeroize::Zeroizing::new(secret.expose().to_ascii_lowercase());
        self.known.push(Secret::from(lower.as_str()));
        self
    }

    /// … and path and query of this URI, with which anybody could fetch the same.
    pub(super) fn and_target(mut self, uri: &Uri) -> Self {
        self.redactor.secret(&uri.path().into());
        self.redactor.query(uri);
        // Not every word of a path, but what was made up.
        for segment in uri.path().split('/').filter(|segment| segment.len() >= 16) {
            self = self.and(&segment.into());
        }
        self
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// What a service says, fit for an error: one line, printable, not too long, and without any of this.
    pub(super) fn clean(&self, text: &str) -> String {
        let clean = self.redactor.clean(text);
        let lower = clean.to_ascii_lowercase();
        let repeats = |secret: &Secret| {
            let mut pieces = lower.as_bytes().windows(PIECE);
            let secret = secret.expose().as_bytes();
            pieces.any(|piece| secret.windows(PIECE).any(|part| part == piece))
        };
        if self.known.iter().any(repeats) {
            return "[redacted: it repeats a part of what was sent]".to_owned();
        }
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

    #[test]
    fn a_quoted_message_has_no_secret_and_no_line_end() {
        let secrets = Secrets::default().and(&"hunter2".into()).and(&"".into());
        let quoted = secrets.clean("bad token hunter2\r\nhunter2!");
        assert_eq!(quoted, "bad token [redacted]  [redacted]!");
        assert_eq!(secrets.clean(&"é".repeat(400)).chars().count(), 301);
    }

    #[test]
    fn a_secret_is_not_quoted_in_any_spelling_and_no_piece_of_it() {
        let secret = "FwoGZXIvYXdzEBc+/aDK\\x=\"'<tok>";
        let secrets = Secrets::default().and(&secret.into());
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let html = secret.replace('<', "&lt;").replace('+', "&#43;");
        for spelled in [
            secret.to_owned(),
            form.to_lowercase(),
            form,
            html,
            serde_json::to_string(secret).unwrap(),
            STANDARD_NO_PAD.encode(secret),
            base64::engine::general_purpose::URL_SAFE.encode(format!("x{secret}")),
            STANDARD_NO_PAD.encode(format!("WebIdentityToken={secret}&Version=1")),
            secret[3..15].to_owned(),
            format!("{}…", &secret[..9]),
        ] {
            let quoted = secrets.clean(&format!("InvalidToken: {spelled} is bad"));
            assert!(quoted.contains("[redacted"), "{spelled}: {quoted}");
            let lower = quoted.to_ascii_lowercase();
            assert!(!lower.contains("zxivyxdz") && !quoted.contains(&spelled));
        }
        let plain = "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole";
        assert_eq!(secrets.clean(plain), plain);
    }

    #[test]
    fn the_way_to_credentials_is_secret_and_its_words_are_not() {
        let target = Uri::from_static(
            "http://169.254.170.2/v2/credentials/3b5dc98e-76fb-4c38-8d49-0b20d1e51b01?token=planted",
        );
        let secrets = Secrets::default().and_target(&target);
        for said in [
            "no /v2/credentials/3b5dc98e-76fb-4c38-8d49-0b20d1e51b01",
            "no task 3b5dc98e-76fb-4c38-8d49-0b20d1e51b01",
            "no task 3B5DC98E-76fb…",
            "token planted is unknown",
        ] {
            let quoted = secrets.clean(said);
            let shown = quoted.to_ascii_lowercase();
            assert!(quoted.contains("[redacted"), "{quoted}");
            assert!(!shown.contains("3b5dc98e-76fb") && !shown.contains("planted"));
        }
        let plain = "no credentials for this task";
        assert_eq!(secrets.clean(plain), plain);
    }
}
