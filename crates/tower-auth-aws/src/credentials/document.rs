//! Credentials as JSON: what containers, instance metadata and processes answer with.

use super::{CredentialsError, error::Errors, file::without_mark, members::Members, timestamp};
use crate::Credentials;
use std::time::SystemTime;
use tower_auth_core::{AuthError, Secret};

/// The document, read member by member.
pub(super) struct Document(Members);

impl Document {
    /// `what` is named when this is no such document. What serde says about it is not passed on: it quotes the input.
    pub(super) fn read(json: &[u8], what: &str, errors: Errors) -> Result<Self, CredentialsError> {
        let text = std::str::from_utf8(json)
            .map_err(|_| errors.malformed(format!("{what} is not UTF-8")))?;
        let members = serde_json::from_str(without_mark(text)).map_err(|error| {
            errors.malformed(format!(
                "{what} is not the expected JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        Ok(Self(members))
    }

    /// Of a process: 1.
    pub(super) fn version(&self) -> Option<&str> {
        self.0.text(&["Version"])
    }

    /// Of a failure: its code. `Success`, and a status of HTTP that is one, are none.
    pub(super) fn failure(&self) -> Option<&str> {
        let code = self.0.text(&["Code", "code"])?;
        let succeeded = code.eq_ignore_ascii_case("Success")
            || code
                .parse()
                .is_ok_and(|status: u16| (200..300).contains(&status));
        (!succeeded).then_some(code)
    }

    /// What is said of a failure.
    pub(super) fn message(&self) -> &str {
        self.0.text(&["Message", "message"]).unwrap_or_default()
    }

    /// The credentials in it.
    pub(super) fn credentials(
        self,
        what: &str,
        expires: Expires,
        errors: Errors,
    ) -> Result<Credentials, CredentialsError> {
        let missing = |name: &str| errors.malformed(format!("{what} has no `{name}`"));
        let text = |name: &'static str| self.0.text(&[name]).ok_or_else(|| missing(name));
        let (id, secret) = (text("AccessKeyId")?, text("SecretAccessKey")?);
        let token = self.0.text(&["Token", "SessionToken"]);
        if expires == Expires::Always && token.is_none() {
            return Err(missing("Token"));
        }
        let expiration = match self.0.get(&["Expiration"]) {
            Some("") => None, // they do not
            Some(text) => Some(timestamp::parse(text).ok_or_else(|| {
                errors.malformed(format!(
                    "the `Expiration` of {what} is not an RFC 3339 time"
                ))
            })?),
            None if expires == Expires::Always => return Err(missing("Expiration")),
            None => None,
        };
        build(id, secret, token.map(Secret::from), expiration, errors)
    }
}

/// Whether credentials from this place always expire, and then have a session token.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Expires {
    Always,
    Perhaps,
}

/// Credentials of parts that came from outside.
pub(super) fn build(
    id: &str,
    secret: impl Into<Secret>,
    token: Option<Secret>,
    expiration: Option<SystemTime>,
    errors: Errors,
) -> Result<Credentials, CredentialsError> {
    let unusable = |error: AuthError| {
        errors
            .malformed("these cannot be credentials")
            .with_source(error)
    };
    let mut credentials = Credentials::new(id, secret).map_err(unusable)?;
    if let Some(token) = token {
        credentials = credentials.with_session_token(token).map_err(unusable)?;
    }
    Ok(match expiration {
        Some(at) => credentials.with_expires_at(at),
        None => credentials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: Errors = Errors("test");

    fn read(json: &str, expires: Expires) -> Result<Credentials, CredentialsError> {
        Document::read(json.as_bytes(), "the answer", ERRORS)?.credentials(
            "the answer",
            expires,
            ERRORS,
        )
    }

    #[test]
    fn the_document_of_instance_metadata_and_that_of_a_process() {
        // The example of the EC2 user guide.
        let ec2 = read(
            r#"{"Code":"Success","LastUpdated":"2012-04-26T16:39:16Z","Type":"AWS-HMAC","AccessKeyId":"ASIAIOSFODNN7EXAMPLE",
                "SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","Token":"token","Expiration":"2017-05-17T15:09:54Z"}"#,
            Expires::Always,
        )
        .unwrap();
        assert_eq!(ec2.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
        assert_eq!(ec2.session_token().unwrap(), "token");
        assert_eq!(ec2.expires_at(), timestamp::parse("2017-05-17T15:09:54Z"));
        let process = read(
            r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t"}"#,
            Expires::Perhaps,
        );
        assert_eq!(process.unwrap().session_token().unwrap(), "t");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_and_not_quoted() {
        for (json, named) in [
            ("hunter2", "line 1"),
            (r#"["hunter2"]"#, "JSON"),
            (r#"{"AccessKeyId":"hunter2"}"#, "SecretAccessKey"),
            (
                r#"{"AccessKeyId":"","SecretAccessKey":"hunter2"}"#,
                "AccessKeyId",
            ),
            (
                r#"{"AccessKeyId":"A","SecretAccessKey":"hunter2"}"#,
                "Token",
            ),
            (
                r#"{"AccessKeyId":"A","SecretAccessKey":{"hunter2":1}}"#,
                "SecretAccessKey",
            ),
            (
                r#"{"AccessKeyId":"A","SecretAccessKey":"hunter2","Token":"t"}"#,
                "Expiration",
            ),
            (
                r#"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"hunter2"}"#,
                "Expiration",
            ),
            (
                r#"{"AccessKeyId":"A","SecretAccessKey":"hunter2\n","Token":"t","Expiration":"2026-01-01T00:00:00Z"}"#,
                "cannot be",
            ),
        ] {
            let error = read(json, Expires::Always).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(
                !format!("{error:?} {error}").contains("hunter2"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn an_odd_member_does_not_lose_the_document() {
        let plain = r#""AccessKeyId":"A","SecretAccessKey":"s""#;
        let time = r#""Expiration":"2026-01-01T00:00:00Z""#;
        for (odd, token, expires) in [
            (r#""Token":"t","SessionToken":"t""#, true, false),
            (r#""Token":"","SessionToken":"t""#, true, false),
            (r#""SessionToken":"t","Token":null"#, true, false),
            (r#""Version":"1""#, false, false),
            (r#""Version":1.0,"Code":200"#, false, false),
            (r#""Code":"200","code":[1,{"a":2}]"#, false, false),
            (r#""Expiration":"""#, false, false),
            (time, false, true),
            (r#""Expiration":null,"Message":7,"Type":true"#, false, false),
        ] {
            let json = format!("\u{feff}{{{plain},{odd}}}");
            let document = Document::read(json.as_bytes(), "it", ERRORS).unwrap();
            assert_eq!(document.failure(), None, "{odd}");
            assert!(document.version().is_none_or(|version| version == "1"));
            let key = document
                .credentials("it", Expires::Perhaps, ERRORS)
                .unwrap();
            assert_eq!(key.session_token().is_some(), token, "{odd}");
            assert_eq!(key.expires_at().is_some(), expires, "{odd}");
        }
        let failed = br#"{"Code":404,"message":"none"}"#;
        let failed = Document::read(failed, "it", ERRORS).unwrap();
        assert_eq!((failed.failure(), failed.message()), (Some("404"), "none"));
    }
}
