//! The signer itself: no tower, no runtime, no clock.

mod headers;
mod host;
pub(crate) mod query;
mod request;
mod signature;
mod steps;

pub use self::signature::Signature;
pub(crate) use self::{
    headers::{X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_S3SESSION_TOKEN, X_AMZ_SECURITY_TOKEN},
    host::host,
};

use crate::{
    Credentials, PathRules, PayloadHash,
    canonical::{HeaderRules, is_s3},
    key::SigningKey,
    remembered::{Cache, Day, Moment},
    timestamp::{Timestamp, seconds},
};
#[cfg(feature = "sigv4a")]
use http::HeaderValue;
use std::{sync::Arc, time::SystemTime};
use tower_auth_core::AuthError;

/// Signs requests for one service in one region.
///
/// This is the whole of SigV4 without tower, runtime or clock: [`SigV4`](crate::SigV4) is a thin layer around it. Each
/// step can be asked for, so that a refused signature can be compared with what the server says that it computed:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use http::Request;
/// use tower_auth_aws::{Credentials, PayloadHash, Signer};
///
/// let signer = Signer::new("iam", "us-east-1")?;
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
/// let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160); // 20150830T123600Z
///
/// let mut request = Request::get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
///     .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
///     .body(())?;
/// signer.sign(&credentials, time, &mut request, PayloadHash::EMPTY)?;
/// assert!(request.headers()["authorization"].to_str()?.ends_with(
///     "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
/// ));
///
/// // Step by step, from the request as it was sent:
/// let canonical = signer.canonical_request((&request).into(), PayloadHash::EMPTY);
/// let string_to_sign = signer.string_to_sign(time, &canonical);
/// assert!(string_to_sign.ends_with("f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"));
/// let signature = signer.signature(&credentials, time, &string_to_sign)?;
/// assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    service: Arc<str>,
    pub(crate) realm: Realm,
    path: PathRules,
    headers: HeaderRules,
    token: SessionToken,
    payload_header: bool,
    signed_already: SignedAlready,
    cache: Arc<Cache>,
}

/// Where a signature is valid, which decides how it is made.
#[derive(Clone, Debug)]
pub(crate) enum Realm {
    Region(Arc<str>),
    #[cfg(feature = "sigv4a")]
    RegionSet(HeaderValue),
}

/// How a session token travels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SessionToken {
    /// `x-amz-security-token`, signed: nearly everywhere.
    Signed,
    /// `x-amz-security-token`, added after signing: AWS IoT's MQTT over WebSocket, and few others.
    Unsigned,
    /// `x-amz-s3session-token`, signed: the bucket sessions of S3 Express.
    S3Session,
}

/// What becomes of a request that brings a signature of its own: `authorization`, `x-amz-date`, a session token,
/// `x-amz-content-sha256` of another body, or the parameters of a presigned URL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignedAlready {
    /// They are replaced, as every scheme replaces `authorization`, and taken away where nothing takes their place: what
    /// a caller of a proxy sends is neither believed nor passed on.
    #[default]
    Replace,
    /// It is an error: for programs in which a request that is signed twice is a mistake.
    Refuse,
}

impl Signer {
    /// For this service (`s3`, `execute-api`, `bedrock` …) in this region (`us-east-1`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when either is empty or has anything but
    /// ASCII letters, digits, `-`, `_` and `.`.
    pub fn new(service: impl AsRef<str>, region: impl AsRef<str>) -> Result<Self, AuthError> {
        let service = service.as_ref();
        let region = region.as_ref();
        check_name("service", service)?;
        check_name("region", region)?;
        Ok(Self::with_realm(service, Realm::Region(region.into())))
    }

    pub(crate) fn with_realm(service: &str, realm: Realm) -> Self {
        let s3 = is_s3(service);
        Self {
            service: service.into(),
            realm,
            path: PathRules::for_service(service),
            headers: HeaderRules::default(),
            token: if service.eq_ignore_ascii_case("s3express") {
                SessionToken::S3Session
            } else {
                SessionToken::Signed
            },
            payload_header: s3,
            signed_already: SignedAlready::Replace,
            cache: Arc::default(),
        }
    }

    /// Spells paths by other rules than those of the service's name.
    #[must_use]
    pub fn path_rules(self, path: PathRules) -> Self {
        Self { path, ..self }
    }

    /// Signs `host`, `content-type`, every `x-amz-*`, and these headers, where a request has them. With `*` all are
    /// signed but the excluded ones, which is the default; a name that is listed is signed although it is excluded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is not the name of a header.
    pub fn include_headers<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let headers = self.headers.include(names)?;
        Ok(Self { headers, ..self })
    }

    /// Does not sign these headers, instead of [`NEVER_SIGNED`](crate::NEVER_SIGNED). `host` and `x-amz-*` are signed
    /// nevertheless.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is not the name of a header.
    pub fn exclude_headers<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let headers = self.headers.exclude(names)?;
        Ok(Self { headers, ..self })
    }

    /// Sends the session token in another way than is usual for the service.
    #[must_use]
    pub fn session_token(self, token: SessionToken) -> Self {
        Self { token, ..self }
    }

    /// Whether `x-amz-content-sha256` is sent when the payload line is the hash of the body. By default S3 gets it,
    /// which insists on it, and others do not. Any other payload line is always sent.
    #[must_use]
    pub fn payload_header(self, send: bool) -> Self {
        Self {
            payload_header: send,
            ..self
        }
    }

    /// What becomes of a request that is signed already: replaced by default.
    #[must_use]
    pub fn signed_already(self, signed_already: SignedAlready) -> Self {
        Self {
            signed_already,
            ..self
        }
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// A time, and the key of these credentials on its day.
    pub(crate) fn moment(
        &self,
        credentials: &Credentials,
        time: SystemTime,
    ) -> Result<Arc<Moment>, AuthError> {
        let derive = |time: &Timestamp| self.derive(credentials, time);
        self.cache.moment(credentials, seconds(time), derive)
    }

    fn derive(&self, credentials: &Credentials, time: &Timestamp) -> Result<Day, AuthError> {
        let key = match &self.realm {
            Realm::Region(region) => {
                let secret = credentials.secret_access_key().expose();
                SigningKey::derive(secret, time.date(), region, &self.service)
            }
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) => SigningKey::Ecdsa(self.cache.ecdsa(credentials)?),
        };
        let mut scope = Vec::with_capacity(64);
        self.put_scope(&mut scope, time);
        Ok(Day::new(credentials, time, key, self.algorithm(), scope))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match &self.realm {
            Realm::Region(_) => "AWS4-HMAC-SHA256",
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) => "AWS4-ECDSA-P256-SHA256",
        }
    }

    /// Chunks that are signed with SigV4a have a payload line of their own.
    pub(crate) fn spelled(&self, payload: PayloadHash) -> PayloadHash {
        match &self.realm {
            Realm::Region(_) => payload,
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) if payload == PayloadHash::SIGNED_CHUNKS => {
                PayloadHash::SIGNED_CHUNKS_V4A
            }
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) if payload == PayloadHash::SIGNED_CHUNKS_TRAILER => {
                PayloadHash::SIGNED_CHUNKS_TRAILER_V4A
            }
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) => payload,
        }
    }

    pub(crate) fn header_rules(&self) -> &HeaderRules {
        &self.headers
    }

    pub(crate) fn rules_of_path(&self) -> PathRules {
        self.path
    }

    /// Whether the hash of a body is sent.
    pub(crate) fn sends_payload(&self) -> bool {
        self.payload_header
    }

    pub(crate) fn token(&self) -> SessionToken {
        self.token
    }
}

pub(crate) fn check_name(parameter: &'static str, name: &str) -> Result<(), AuthError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() {
        Err(AuthError::configuration(parameter, "is empty"))
    } else if name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(AuthError::configuration(
            parameter,
            "has a character that is no letter, digit, `-`, `_` or `.`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_and_a_region_are_names() {
        for (service, region, parameter) in [
            ("", "us-east-1", "service"),
            ("s3/x", "us-east-1", "service"),
            ("s3", "", "region"),
            ("s3", "us east", "region"),
        ] {
            let error = Signer::new(service, region).unwrap_err();
            assert_eq!(error.parameter(), Some(parameter));
        }
    }
}
