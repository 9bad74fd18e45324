//! The signer itself: no tower, no runtime, no clock.

use crate::{
    Credentials, PathRules, PayloadHash,
    canonical::{HeaderRules, SignedHeaders, is_s3, put_request},
    key::{Cache, Day, SignatureText, SigningKey, sha256_hex},
    sink::{Sink, Text},
    timestamp::{Timestamp, seconds},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use std::{fmt, sync::Arc, time::SystemTime};
use tower_auth_core::{AuthError, ErrorKind, RequestHead};

pub(crate) static X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
pub(crate) static X_AMZ_SECURITY_TOKEN: HeaderName =
    HeaderName::from_static("x-amz-security-token");
pub(crate) static X_AMZ_S3SESSION_TOKEN: HeaderName =
    HeaderName::from_static("x-amz-s3session-token");
pub(crate) static X_AMZ_CONTENT_SHA256: HeaderName =
    HeaderName::from_static("x-amz-content-sha256");
#[cfg(feature = "sigv4a")]
pub(crate) static X_AMZ_REGION_SET: HeaderName = HeaderName::from_static("x-amz-region-set");

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
    pub(crate) payload_header: bool,
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

/// What signing one request gave: the beginning of the chain that signs the parts of a stream.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) text: SignatureText,
    pub(crate) day: Arc<Day>,
    pub(crate) time: Timestamp,
}

impl Signature {
    /// The signature in hexadecimal digits.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl Signer {
    /// For this service (`s3`, `execute-api`, `bedrock` …) in this region (`us-east-1`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when either is empty or has anything but ASCII letters, digits, `-`, `_` and `.`.
    pub fn new(service: &str, region: &str) -> Result<Self, AuthError> {
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
            cache: Arc::default(),
        }
    }

    /// Spells paths by other rules than those of the service's name.
    #[must_use]
    pub fn with_path_rules(self, path: PathRules) -> Self {
        Self { path, ..self }
    }

    /// Signs `host`, `content-type`, every `x-amz-*`, and these headers, where a request has them. With `*` all are
    /// signed but the excluded ones, which is the default; a name that is listed is signed although it is excluded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for what is not the name of a header.
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
    /// [`ErrorKind::Configuration`] for what is not the name of a header.
    pub fn exclude_headers<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let headers = self.headers.exclude(names)?;
        Ok(Self { headers, ..self })
    }

    /// Sends the session token in another way than is usual for the service.
    #[must_use]
    pub fn with_session_token(self, token: SessionToken) -> Self {
        Self { token, ..self }
    }

    /// Whether `x-amz-content-sha256` is sent when the payload line is the hash of the body. By default S3 gets it,
    /// which insists on it, and others do not. Any other payload line is always sent.
    #[must_use]
    pub fn with_payload_header(self, send: bool) -> Self {
        Self {
            payload_header: send,
            ..self
        }
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Signs a request: adds `host` (unless it is there), `x-amz-date`, `x-amz-content-sha256` and the session token
    /// where they belong, and `authorization`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] when the request has no host or two, or brings headers that the signature has to write.
    /// With SigV4a also as [`signature`](Self::signature).
    pub fn sign<B>(
        &self,
        credentials: &Credentials,
        time: SystemTime,
        request: &mut Request<B>,
        payload: PayloadHash,
    ) -> Result<Signature, AuthError> {
        let derive = |time: &Timestamp| self.derive(credentials, time);
        let (time, stamp, day) = self.cache.now(credentials, seconds(time), derive)?;
        let head = RequestHead::from(&*request);
        let mut headers = SignedHeaders::none();
        let mut hosts = 0;
        let mut declared = None;
        for (name, value) in head.headers {
            let text = name.as_str();
            match text {
                "host" => hosts += 1,
                "x-amz-content-sha256" => declared = Some(value.as_bytes()),
                "authorization"
                | "x-amz-date"
                | "x-amz-security-token"
                | "x-amz-s3session-token"
                | "x-amz-region-set" => return Err(signed_already(name)),
                _ if !self.headers.covers(text) => continue,
                _ => {}
            }
            headers.push(text, value.as_bytes());
        }
        let host = match hosts {
            0 => Some((&header::HOST, self.host_of(head.uri)?)),
            1 => None,
            _ => {
                return Err(AuthError::new(
                    ErrorKind::Request,
                    "the request has more than one `host`",
                ));
            }
        };
        let added = [
            host,
            Some((&X_AMZ_DATE, stamp)),
            self.token_of(credentials),
            self.region_set(),
            self.hash_header(declared, payload)?,
        ];
        for (name, value) in added.iter().flatten() {
            headers.push(name.as_str(), value.as_bytes());
        }
        headers.sort();
        let mut names = Text::new();
        headers.put_names(&mut names);
        let (names, line) = (names.as_bytes(), payload.as_bytes());
        let hash = sha256_hex(|sink| put_request(sink, head, self.path, &headers, names, line));
        let text = self.sign_hash(&day, &time, &hash)?;
        let authorization = authorization(&day, names, &text);

        let headers = request.headers_mut();
        for (name, value) in added.into_iter().flatten() {
            insert(headers, name.clone(), value)?;
        }
        insert(headers, header::AUTHORIZATION, authorization)?;
        if self.token == SessionToken::Unsigned {
            if let Some(token) = credentials.session_token() {
                insert(headers, X_AMZ_SECURITY_TOKEN.clone(), token.clone())?;
            }
        }
        Ok(Signature { text, day, time })
    }

    /// The canonical request of a request *as it is sent*, with all that [`sign`](Self::sign) adds. It holds what the
    /// headers hold, the session token among it: do not log it.
    pub fn canonical_request(&self, request: RequestHead<'_>, payload: PayloadHash) -> Vec<u8> {
        let headers = SignedHeaders::new(request.headers, &self.headers);
        let mut names = Text::new();
        headers.put_names(&mut names);
        let (names, line) = (names.as_bytes(), payload.as_bytes());
        let mut text = Vec::with_capacity(1024);
        put_request(&mut text, request, self.path, &headers, names, line);
        text
    }

    /// The string to sign for a canonical request.
    pub fn string_to_sign(&self, time: SystemTime, canonical_request: &[u8]) -> String {
        let hash = sha256_hex(|sink| sink.put(canonical_request));
        let time = Timestamp::new(time);
        let mut scope = Vec::with_capacity(64);
        self.put_scope(&mut scope, &time);
        let mut text = Vec::with_capacity(256);
        self.put_string_to_sign(&mut text, &time, &scope, &hash);
        String::from_utf8(text).unwrap_or_default() // ASCII: `check_name` saw to it
    }

    /// The signature of a string to sign, in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] when no SigV4a key can be derived from the credentials, or the system gives it no
    /// randomness; never with SigV4.
    pub fn signature(
        &self,
        credentials: &Credentials,
        time: SystemTime,
        string_to_sign: &str,
    ) -> Result<String, AuthError> {
        let day = self.day(credentials, &Timestamp::new(time))?;
        let text = day.key.sign(string_to_sign.as_bytes())?;
        Ok(text.as_str().to_owned())
    }

    fn token_of(&self, credentials: &Credentials) -> Option<Added> {
        let name = match self.token {
            SessionToken::Signed => &X_AMZ_SECURITY_TOKEN,
            SessionToken::S3Session => &X_AMZ_S3SESSION_TOKEN,
            SessionToken::Unsigned => return None,
        };
        Some((name, credentials.session_token()?.clone()))
    }

    fn region_set(&self) -> Option<Added> {
        match &self.realm {
            Realm::Region(_) => None,
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(regions) => Some((&X_AMZ_REGION_SET, regions.clone())),
        }
    }

    fn hash_header(
        &self,
        declared: Option<&[u8]>,
        payload: PayloadHash,
    ) -> Result<Option<Added>, AuthError> {
        match declared {
            Some(declared) if declared == payload.as_bytes() => Ok(None),
            Some(_) => Err(AuthError::new(
                ErrorKind::Request,
                "the request's `x-amz-content-sha256` does not agree with how its body is signed",
            )),
            None if self.payload_header || !payload.is_sha256() => {
                Ok(Some((&X_AMZ_CONTENT_SHA256, payload.to_header())))
            }
            None => Ok(None),
        }
    }

    /// The host as it goes on the wire: no user name, no default port.
    fn host_of(&self, uri: &Uri) -> Result<HeaderValue, AuthError> {
        let host = host(uri)?;
        self.cache.host(host).ok_or_else(unspeakable)
    }

    pub(crate) fn day(
        &self,
        credentials: &Credentials,
        time: &Timestamp,
    ) -> Result<Arc<Day>, AuthError> {
        self.cache
            .day(credentials, time, |time| self.derive(credentials, time))
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

    /// `date/region/service/aws4_request`; no region in SigV4a.
    fn put_scope(&self, sink: &mut impl Sink, time: &Timestamp) {
        sink.put(time.date());
        sink.put(b"/");
        match &self.realm {
            Realm::Region(region) => {
                sink.put(region.as_bytes());
                sink.put(b"/");
            }
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) => {}
        }
        sink.put(self.service.as_bytes());
        sink.put(b"/aws4_request");
    }

    fn put_string_to_sign(
        &self,
        sink: &mut impl Sink,
        time: &Timestamp,
        scope: &[u8],
        hash: &[u8; 64],
    ) {
        sink.put(self.algorithm().as_bytes());
        sink.put(b"\n");
        sink.put(time.as_bytes());
        sink.put(b"\n");
        sink.put(scope);
        sink.put(b"\n");
        sink.put(hash);
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

    pub(crate) fn path_rules(&self) -> PathRules {
        self.path
    }

    pub(crate) fn session_token(&self) -> SessionToken {
        self.token
    }

    /// The string to sign of a request whose canonical form has this hash, signed.
    pub(crate) fn sign_hash(
        &self,
        day: &Day,
        time: &Timestamp,
        hash: &[u8; 64],
    ) -> Result<SignatureText, AuthError> {
        let mut text = Text::new();
        self.put_string_to_sign(&mut text, time, &day.scope, hash);
        day.key.sign(text.as_bytes())
    }
}

/// A header that a signature adds.
type Added = (&'static HeaderName, HeaderValue);

#[inline]
fn authorization(day: &Day, names: &[u8], signature: &SignatureText) -> HeaderValue {
    const LABEL: &[u8] = b", Signature=";
    let signature = signature.as_bytes();
    // To the byte: a buffer with room to spare would be allocated for twice.
    let room = day.prefix.len() + names.len() + LABEL.len() + signature.len();
    let mut value = Vec::with_capacity(room);
    value.put(&day.prefix);
    value.put(names);
    value.put(LABEL);
    value.put(signature);
    debug_assert_eq!(value.len(), room);
    let mut value = HeaderValue::from_maybe_shared(Bytes::from(value))
        .expect("made of names that were checked, and digits");
    value.set_sensitive(true);
    value
}

/// What a caller put there would be replaced, or sent unsigned.
fn signed_already(name: &HeaderName) -> AuthError {
    AuthError::new(
        ErrorKind::Request,
        format!(
            "the request already has `{name}`, which the signature writes; was it signed before? take it off, or leave \
             such requests alone with `keep_existing`"
        ),
    )
}

/// Authority without user name and default port.
pub(crate) fn host(uri: &Uri) -> Result<&str, AuthError> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let default = match uri.scheme_str() {
        Some("http" | "ws") => ":80",
        _ => ":443",
    };
    let host = host.strip_suffix(default).unwrap_or(host);
    if host.is_empty() {
        return Err(AuthError::new(
            ErrorKind::Request,
            "the request has no host, neither in its URI nor as a header, and the signature has to cover it",
        ));
    }
    Ok(host)
}

#[inline]
pub(crate) fn insert(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), AuthError> {
    headers
        .try_insert(name, value)
        .map(|_| ())
        .map_err(|_| AuthError::new(ErrorKind::Request, "the request has too many headers"))
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

fn unspeakable() -> AuthError {
    AuthError::new(ErrorKind::Request, "the request's host cannot be a header")
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn signed(request: &mut Request<()>) -> Result<Signature, AuthError> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let signer = Signer::new("iam", "us-east-1").unwrap();
        signer.sign(&credentials, time, request, PayloadHash::EMPTY)
    }

    #[test]
    fn the_host_that_is_signed_is_the_host_that_is_sent() {
        for (uri, host) in [
            ("https://example.com/", "example.com"),
            ("https://example.com:443/", "example.com"),
            ("http://example.com:80/", "example.com"),
            ("http://example.com:443/", "example.com:443"),
            ("https://user:pw@example.com:8443/", "example.com:8443"),
            ("https://[::1]:9000/", "[::1]:9000"),
        ] {
            let mut request = Request::get(uri).body(()).unwrap();
            signed(&mut request).unwrap();
            assert_eq!(request.headers()["host"], host, "{uri}");
        }
        let mut request = Request::get("https://example.com/").body(()).unwrap();
        let own = HeaderValue::from_static("virtual.example");
        request.headers_mut().insert("host", own.clone());
        signed(&mut request).unwrap();
        assert_eq!(request.headers()["host"], own);
    }

    #[test]
    fn what_the_signature_writes_may_not_be_there_already() {
        for name in [
            "authorization",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-s3session-token",
            "x-amz-region-set",
        ] {
            let request = Request::get("https://example.com/").header(name, "hunter2");
            let error = signed(&mut request.body(()).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request);
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_request_has_one_host() {
        let error = signed(&mut Request::get("/path").body(()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("no host"), "{error}");
        let two = Request::get("https://h/")
            .header("host", "a")
            .header("host", "b");
        let error = signed(&mut two.body(()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("more than one"), "{error}");
    }

    #[test]
    fn a_declared_hash_that_is_not_the_one_that_is_signed_is_an_error() {
        let request = Request::get("https://h/").header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let error = signed(&mut request.body(()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("does not agree"), "{error}");
    }

    #[test]
    fn an_iot_token_is_added_after_signing() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        let credentials = credentials.with_session_token("token").unwrap();
        let signer = Signer::new("iotdevicegateway", "us-east-1").unwrap();
        let signer = signer.with_session_token(SessionToken::Unsigned);
        let mut request = Request::get("https://example.com/mqtt").body(()).unwrap();
        let time = SystemTime::UNIX_EPOCH;
        signer
            .sign(&credentials, time, &mut request, PayloadHash::EMPTY)
            .unwrap();
        assert_eq!(request.headers()["x-amz-security-token"], "token");
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert!(authorization.contains("SignedHeaders=host;x-amz-date,"));
    }

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
