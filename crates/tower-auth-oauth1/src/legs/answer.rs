//! Answers of the token endpoints (RFC 5849 sections 2.1 and 2.3).

use super::{error::What, secrets};
use crate::{TokenCredentials, escape};
use serde_json::{Map, Value};
use std::fmt;
use tower_auth_core::Secret;
use tower_auth_http::Redactor;

/// Names and values, decoded, in the order of the answer.
pub(super) struct Answer(Vec<(String, String)>);

impl Answer {
    /// A form, as the RFC has it, or a JSON object, as some servers do.
    pub(super) fn parse(body: &[u8]) -> Result<Self, What> {
        let text = Self::text(body).ok_or(What::NotAForm)?;
        if text.starts_with('{') {
            return Self::json(text);
        }
        let html = text.contains(['<', '>', '"', '\n', '\r', '\t', '\0']);
        if html || (!text.is_empty() && !text.contains('=')) {
            return Err(What::NotAForm);
        }
        form(text).map(Self).ok_or(What::NotAForm)
    }

    /// Without what stands around it: blanks, and the byte order mark that some servers begin with.
    pub(super) fn text(body: &[u8]) -> Option<&str> {
        let text = std::str::from_utf8(body).ok()?;
        Some(text.strip_prefix('\u{feff}').unwrap_or(text).trim())
    }

    fn json(text: &str) -> Result<Self, What> {
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| What::NotAForm)?;
        let pair = |(name, value): (String, Value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Null => None,
            // No token is written so, and as its text it would go on every request.
            Value::Bool(_) | Value::Array(_) | Value::Object(_)
                if matches!(&*name, "oauth_token" | "oauth_token_secret") =>
            {
                None
            }
            other => Some((name, other.to_string())),
        };
        Ok(Self(object.into_iter().filter_map(pair).collect()))
    }

    /// Takes out the first of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    fn credentials(&mut self) -> Result<TokenCredentials, What> {
        let missing = |parameter| What::NoToken { parameter };
        let token = self
            .take("oauth_token")
            .filter(|token| !token.is_empty())
            .ok_or_else(|| missing("oauth_token"))?;
        let secret = self
            .take("oauth_token_secret")
            .ok_or_else(|| missing("oauth_token_secret"))?;
        Ok(TokenCredentials::new(token, Secret::from(secret)))
    }
}

/// The pairs of a form; `None` when one of the protocol is not UTF-8. Any other costs only itself.
pub(super) fn form(text: &str) -> Option<Vec<(String, String)>> {
    let decode = |raw: &str| String::from_utf8(escape::decode_form(raw.as_bytes())).ok();
    text.split('&')
        .filter(|piece| !piece.is_empty())
        .filter_map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name)?;
            match decode(value) {
                Some(value) => Some(Some((name, value))),
                None => name.starts_with("oauth_").then_some(None),
            }
        })
        .collect()
}

/// The outcome of the first leg: good for one authorization by one user.
pub struct TemporaryCredentials {
    credentials: TokenCredentials,
    confirmed: bool,
    extra: Vec<(String, String)>,
    /// What an error must not repeat.
    pub(super) secrets: Redactor,
}

impl TemporaryCredentials {
    pub(super) fn read(
        mut answer: Answer,
        unconfirmed: bool,
        mut secrets: Redactor,
    ) -> Result<Self, What> {
        let credentials = answer.credentials()?;
        let confirmed = answer
            .take("oauth_callback_confirmed")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if !confirmed && !unconfirmed {
            return Err(What::CallbackNotConfirmed);
        }
        secrets::credentials(&credentials, &mut secrets);
        Ok(Self {
            credentials,
            confirmed,
            extra: answer.0,
            secrets,
        })
    }

    /// Puts together what was kept of an earlier first leg, in a session, say: a server that redirects a browser rarely
    /// gets it back on the same thread.
    pub fn restore(credentials: TokenCredentials) -> Self {
        let mut secrets = Redactor::new();
        secrets::credentials(&credentials, &mut secrets);
        Self {
            credentials,
            confirmed: true,
            extra: Vec::new(),
            secrets,
        }
    }

    /// Token and secret, to be kept until the user comes back.
    pub fn credentials(&self) -> &TokenCredentials {
        &self.credentials
    }

    /// Whether the server confirmed the callback. Always so unless
    /// [`danger_allow_unconfirmed_callback`](crate::ThreeLegs::danger_allow_unconfirmed_callback) was called.
    pub fn callback_confirmed(&self) -> bool {
        self.confirmed
    }

    /// All other fields of the answer.
    pub fn extra(&self) -> &[(String, String)] {
        &self.extra
    }
}

/// Extra fields may be secrets, too: only their names are shown.
impl fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("callback_confirmed", &self.confirmed)
            .field("extra", &names(&self.extra))
            .finish_non_exhaustive()
    }
}

/// The outcome of the third leg.
pub struct TokenAnswer {
    credentials: TokenCredentials,
    extra: Vec<(String, String)>,
}

impl TokenAnswer {
    pub(super) fn read(mut answer: Answer) -> Result<Self, What> {
        Ok(Self {
            credentials: answer.credentials()?,
            extra: answer.0,
        })
    }

    /// The token to sign with.
    pub fn credentials(&self) -> &TokenCredentials {
        &self.credentials
    }

    /// All other fields of the answer, such as `user_id` and `screen_name`.
    pub fn extra(&self) -> &[(String, String)] {
        &self.extra
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("extra", &names(&self.extra))
            .finish_non_exhaustive()
    }
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(body: &[u8]) -> Result<TemporaryCredentials, What> {
        TemporaryCredentials::read(Answer::parse(body)?, false, Redactor::new())
    }

    #[test]
    fn forms_and_json_are_read_and_decoded_and_extra_fields_kept() {
        let answer = temporary(
            b"oauth_token=hh5s%2F93j4&oauth_token_secret=a%2Bb+c%3D&oauth_callback_confirmed=true&x=%C3%A9&x=2",
        )
        .unwrap();
        assert_eq!(answer.credentials().token(), "hh5s/93j4");
        assert_eq!(answer.credentials().secret().expose(), "a+b c=");
        let extra = [
            ("x".to_owned(), "é".to_owned()),
            ("x".to_owned(), "2".to_owned()),
        ];
        assert_eq!(answer.extra(), extra);
        let json = br#" {"oauth_token":"t","oauth_token_secret":"s","oauth_callback_confirmed":true,"user_id":7} "#;
        let answer = temporary(json).unwrap();
        assert_eq!(answer.extra(), [("user_id".to_owned(), "7".to_owned())]);
        assert!(answer.callback_confirmed());
    }

    #[test]
    fn a_byte_order_mark_before_an_answer_is_no_part_of_its_first_name() {
        for answer in [
            "\u{feff}oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
            "\u{feff} {\"oauth_token\":\"t\",\"oauth_token_secret\":\"s\",\"oauth_callback_confirmed\":\"true\"}",
        ] {
            let answer = temporary(answer.as_bytes()).unwrap();
            assert_eq!(answer.credentials().token(), "t");
            assert_eq!(answer.extra(), []);
        }
    }

    #[test]
    fn a_field_that_cannot_be_read_costs_only_itself() {
        let answer =
            "oauth_token=t&name=%E9&oauth_token_secret=s&oauth_callback_confirmed=true&%FF=1";
        let answer = temporary(answer.as_bytes()).unwrap();
        assert_eq!(answer.credentials().token(), "t");
        assert_eq!(answer.extra(), []);
    }

    #[test]
    fn what_is_no_text_is_no_token() {
        for token in ["null", "true", "[]", "{\"a\":1}"] {
            let json = format!(
                "{{\"oauth_token\":{token},\"oauth_token_secret\":\"s\",\"oauth_callback_confirmed\":true}}"
            );
            let error = temporary(json.as_bytes()).unwrap_err();
            assert!(matches!(error, What::NoToken { .. }), "{token}: {error:?}");
        }
    }

    #[test]
    fn what_is_no_form_and_what_has_no_token_are_told_apart() {
        for bad in [
            &b"<html>log in</html>"[..],
            b"internal error",
            b"{\"oauth_token\":",
            b"{}x",
            b"oauth_token=%FF&oauth_token_secret=s",
            b"\xff\xfe",
        ] {
            assert!(matches!(temporary(bad), Err(What::NotAForm)), "{bad:?}");
        }
        for (bad, missing) in [
            (&b""[..], "oauth_token"),
            (b" \n", "oauth_token"),
            (b"{}", "oauth_token"),
            (b"a=b", "oauth_token"),
            (b"oauth_token=&oauth_token_secret=s", "oauth_token"),
            (b"oauth_token=t", "oauth_token_secret"),
        ] {
            match temporary(bad) {
                Err(What::NoToken { parameter }) => assert_eq!(parameter, missing),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
        for bad in [
            "oauth_token=t&oauth_token_secret=s",
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false",
        ] {
            let error = temporary(bad.as_bytes()).unwrap_err();
            assert!(matches!(error, What::CallbackNotConfirmed));
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let answer = temporary(
            b"oauth_token=hunter2&oauth_token_secret=hunter2&oauth_callback_confirmed=true&x=hunter2",
        );
        assert!(!format!("{answer:?}").contains("hunter2"));
    }
}
