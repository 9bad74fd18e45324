//! A request, signed.

#[cfg(feature = "sigv4a")]
use super::headers::X_AMZ_REGION_SET;
use super::{
    Realm, SessionToken, Signature, SignedAlready, Signer,
    headers::{X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_S3SESSION_TOKEN, X_AMZ_SECURITY_TOKEN},
    host::{host, unspeakable},
    query,
};
use crate::{
    Credentials, PayloadHash,
    canonical::{SignedHeaders, put_request},
    key::sha256_hex,
    remembered::Day,
    signature_text::SignatureText,
    sink::{Sink, Text},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use std::time::SystemTime;
use tower_auth_core::{AuthError, ErrorKind, RequestHead, insert_header};

impl Signer {
    /// Signs a request: adds `host` (unless it is there), `x-amz-date`, `x-amz-content-sha256` and the session token
    /// where they belong, and `authorization`.
    ///
    /// What the request has of these already is replaced, and taken away where nothing takes its place; see
    /// [`signed_already`](Self::signed_already).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] when the request has no host or two, or is signed already and may not be.
    /// With SigV4a also as [`signature`](Self::signature).
    pub fn sign<B>(
        &self,
        credentials: &Credentials,
        time: SystemTime,
        request: &mut Request<B>,
        payload: PayloadHash,
    ) -> Result<Signature, AuthError> {
        if request.uri().query().is_some() {
            self.clear_query(request)?;
        }
        let moment = self.moment(credentials, time)?;
        let head = RequestHead::from(&*request);
        let mut headers = SignedHeaders::none();
        let mut hosts = 0;
        let mut declared = false;
        let mut signed_already = false;
        for (name, value) in head.headers {
            let text = name.as_str();
            match text {
                "host" => hosts += 1,
                "x-amz-content-sha256" => {
                    if value.as_bytes() != payload.as_bytes() {
                        self.may_replace(text)?;
                    }
                    declared = true;
                    continue;
                }
                "authorization"
                | "x-amz-date"
                | "x-amz-security-token"
                | "x-amz-s3session-token"
                | "x-amz-region-set" => {
                    self.may_replace(text)?;
                    signed_already = true;
                    continue;
                }
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
            Some((&X_AMZ_DATE, moment.stamp.clone())),
            self.token_of(credentials),
            self.region_set(),
            self.hash_header(declared, payload),
        ];
        for (name, value) in added.iter().flatten() {
            headers.push(name.as_str(), value.as_bytes());
        }
        headers.sort();
        let mut names = Text::new();
        headers.put_names(&mut names);
        let (names, line) = (names.as_bytes(), payload.as_bytes());
        let hash =
            sha256_hex(|sink| put_request(sink, head.into(), self.path, &headers, names, line));
        let mut text = SignatureText::NONE;
        self.sign_hash(&moment, &hash, &mut text)?;
        let authorization = authorization(&moment.day, names, &text);

        let headers = request.headers_mut();
        if signed_already {
            clear(headers);
        }
        for (name, value) in added.into_iter().flatten() {
            insert_header(headers, name.clone(), value)?;
        }
        insert_header(headers, header::AUTHORIZATION, authorization)?;
        if self.token == SessionToken::Unsigned {
            if let Some(token) = credentials.session_token() {
                insert_header(headers, X_AMZ_SECURITY_TOKEN.clone(), token.clone())?;
            }
        }
        Ok(Signature { text, moment })
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

    /// A header of the request that says something else is replaced: it is this hash that is signed.
    fn hash_header(&self, declared: bool, payload: PayloadHash) -> Option<Added> {
        let sent = declared || self.payload_header || !payload.is_sha256();
        sent.then(|| (&X_AMZ_CONTENT_SHA256, payload.to_header()))
    }

    fn may_replace(&self, name: &str) -> Result<(), AuthError> {
        match self.signed_already {
            SignedAlready::Replace => Ok(()),
            SignedAlready::Refuse => Err(AuthError::new(
                ErrorKind::Request,
                format!(
                    "the request already has `{name}`, which the signature writes; was it signed before? sign such \
                     requests once, or let `SignedAlready::Replace` replace it"
                ),
            )),
        }
    }

    /// A signature in the query (a presigned URL) next to one in the headers is refused by servers.
    fn clear_query<B>(&self, request: &mut Request<B>) -> Result<(), AuthError> {
        let Some(name) = query::signature(request.uri()) else {
            return Ok(());
        };
        self.may_replace(name)?;
        let uri = query::without_signature(request.uri())?;
        *request.uri_mut() = uri;
        Ok(())
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

/// Takes away what a signature writes.
fn clear(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    for name in [
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-s3session-token",
        "x-amz-region-set",
    ] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: SystemTime = SystemTime::UNIX_EPOCH;

    fn signer() -> Signer {
        Signer::new("iam", "us-east-1").unwrap()
    }

    fn sign(signer: &Signer, request: &mut Request<()>) -> Result<Signature, AuthError> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        signer.sign(&credentials, TIME, request, PayloadHash::EMPTY)
    }

    fn signed(request: &mut Request<()>) -> Result<Signature, AuthError> {
        sign(&signer(), request)
    }

    /// The headers that a signature writes.
    const WRITTEN: [&str; 6] = [
        "authorization",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-region-set",
        "x-amz-s3session-token",
        "x-amz-security-token",
    ];

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
    fn whatever_a_caller_put_where_a_signature_is_written_is_replaced_or_taken_away() {
        let uri = "https://example.com/?b=2&a";
        for signer in [signer(), Signer::new("s3", "us-east-1").unwrap()] {
            let mut clean = Request::get(uri).body(()).unwrap();
            sign(&signer, &mut clean).unwrap();
            for name in WRITTEN {
                let request = Request::get(uri).header(name, "hunter2").header(name, "2");
                let mut request = request.body(()).unwrap();
                sign(&signer, &mut request).unwrap();
                if name == "x-amz-content-sha256" {
                    assert_eq!(request.headers()[name], PayloadHash::EMPTY.as_str());
                    assert_eq!(request.headers().get_all(name).iter().count(), 1);
                } else {
                    assert_eq!(request.headers(), clean.headers(), "{name}");
                }
            }
            for name in [
                "X-Amz-Signature",
                "x-amz-credential",
                "X-Amz%2dalgorithm",
                "X-Amz-Security-Token",
            ] {
                let request = Request::get(format!("https://example.com/?{name}=1&b=2&{name}&a"));
                let mut request = request.body(()).unwrap();
                sign(&signer, &mut request).unwrap();
                assert_eq!(request.uri(), uri);
                assert_eq!(request.headers(), clean.headers(), "{name}");
            }
        }
    }

    #[test]
    fn a_request_that_is_signed_already_can_be_refused() {
        let signer = signer().signed_already(SignedAlready::Refuse);
        let error = |request: http::request::Builder, name: &str| {
            let error = sign(&signer, &mut request.body(()).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request);
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        };
        for name in WRITTEN {
            error(Request::get("https://h/").header(name, "hunter2"), name);
        }
        error(
            Request::get("https://h/?a=1&x-AMZ-signature=hunter2"),
            "signature",
        );
        let right = PayloadHash::EMPTY.as_str();
        let request = Request::get("https://h/").header("x-amz-content-sha256", right);
        sign(&signer, &mut request.body(()).unwrap()).unwrap();
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
    fn an_iot_token_is_added_after_signing() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        let credentials = credentials.with_session_token("token").unwrap();
        let signer = Signer::new("iotdevicegateway", "us-east-1").unwrap();
        let signer = signer.session_token(SessionToken::Unsigned);
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
