//! Credentials as JSON: what containers, instance metadata and processes answer with.

use super::{CredentialsError, error::Errors, timestamp};
use crate::Credentials;
use serde::Deserialize;
use std::time::SystemTime;
use tower_auth_core::{AuthError, Secret};

/// The document. Every field is optional here, so that what is missing can be named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document {
    /// Of a process: 1.
    pub(super) version: Option<u64>,
    /// Of instance metadata: `Success`. Of a failure: its code.
    #[serde(alias = "code")]
    pub(super) code: Option<String>,
    #[serde(alias = "message")]
    pub(super) message: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<SecretText>,
    #[serde(alias = "SessionToken")]
    token: Option<SecretText>,
    expiration: Option<String>,
}

/// Goes into a [`Secret`] as soon as it is read.
struct SecretText(Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Document {
    /// `what` is named when this is no such document. What serde says about it is not passed on: it quotes the input.
    pub(super) fn read(json: &[u8], what: &str, errors: Errors) -> Result<Self, CredentialsError> {
        serde_json::from_slice(json).map_err(|error| {
            errors.malformed(format!(
                "{what} is not the expected JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })
    }

    /// The credentials in it.
    pub(super) fn credentials(
        self,
        what: &str,
        expires: Expires,
        errors: Errors,
    ) -> Result<Credentials, CredentialsError> {
        let missing = |name: &str| errors.malformed(format!("{what} has no `{name}`"));
        let present = |secret: Option<SecretText>| secret.map(|s| s.0).filter(|s| !s.is_empty());
        let id = self
            .access_key_id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing("AccessKeyId"))?;
        let secret = present(self.secret_access_key).ok_or_else(|| missing("SecretAccessKey"))?;
        let token = present(self.token);
        if expires == Expires::Always && token.is_none() {
            return Err(missing("Token"));
        }
        let expiration = match self.expiration {
            Some(text) => Some(timestamp::parse(&text).ok_or_else(|| {
                errors.malformed(format!(
                    "the `Expiration` of {what} is not an RFC 3339 time"
                ))
            })?),
            None if expires == Expires::Always => return Err(missing("Expiration")),
            None => None,
        };
        build(&id, secret, token, expiration, errors)
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
        Some(at) => credentials.with_expiry(at),
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
                "JSON",
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
}
