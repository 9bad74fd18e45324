//! A request, signed.

#[cfg(feature = "sigv4a")]
use super::headers::X_AMZ_REGION_SET;
use super::{
    Realm, SessionToken, Signature, Signer,
    headers::{X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_S3SESSION_TOKEN, X_AMZ_SECURITY_TOKEN},
    host::{host, unspeakable},
};
use crate::{
    Credentials, PayloadHash,
    canonical::{SignedHeaders, put_request},
    key::{Day, SignatureText, sha256_hex},
    sink::{Sink, Text},
    timestamp::{Timestamp, seconds},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use std::time::SystemTime;
use tower_auth_core::{AuthError, ErrorKind, RequestHead, insert_header};

impl Signer {
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
        let mut text = SignatureText::NONE;
        self.sign_hash(&day, &time, &hash, &mut text)?;
        let authorization = authorization(&day, names, &text);

        let headers = request.headers_mut();
        for (name, value) in added.into_iter().flatten() {
            insert_header(headers, name.clone(), value)?;
        }
        insert_header(headers, header::AUTHORIZATION, authorization)?;
        if self.token == SessionToken::Unsigned {
            if let Some(token) = credentials.session_token() {
                insert_header(headers, X_AMZ_SECURITY_TOKEN.clone(), token.clone())?;
            }
        }
        Ok(Signature { text, day, time })
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
}
