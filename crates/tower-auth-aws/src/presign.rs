//! URLs that carry their signature: whoever has one may do one thing for a while.

use crate::{
    Credentials, PayloadHash, Signer,
    canonical::{SignedHeaders, is_s3, put_request},
    key::{SignatureText, sha256_hex},
    percent,
    signer::{Realm, SessionToken, host},
    sink::Sink,
    timestamp::Timestamp,
};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header, uri::PathAndQuery};
use std::time::{Duration, SystemTime};
use tower_auth_core::{AuthError, ErrorKind, RequestHead, insert_header};

/// The longest that a URL may be valid: seven days.
const LONGEST: u64 = 604_800;

impl Signer {
    /// Signs a URL, so that it can be used without credentials until `expires` has passed: 1 second to 7 days.
    ///
    /// What is signed is the request's method, URI, `host`, and those of its headers that [`sign`](Self::sign) would
    /// sign; whoever uses the URL has to send the same headers, so give none but those that have to be enforced. The
    /// body stands for nothing: S3 is told `UNSIGNED-PAYLOAD`, others the hash of an empty body, unless `payload` says
    /// otherwise.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use http::Request;
    /// use tower_auth_aws::{Credentials, Signer};
    ///
    /// let signer = Signer::new("s3", "us-east-1")?;
    /// let credentials =
    ///     Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    /// let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600); // 20130524T000000Z
    ///
    /// let request = Request::get("https://examplebucket.s3.amazonaws.com/test.txt").body(())?;
    /// let url = signer.presign(&credentials, time, Duration::from_secs(86_400), &request, None)?;
    /// assert!(url.to_string().ends_with(
    ///     "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when `expires` is out of range. [`ErrorKind::Request`] when the request has no host,
    /// is signed already, or grows too long. [`ErrorKind::Credentials`] when the credentials expire before the URL does.
    pub fn presign<B>(
        &self,
        credentials: &Credentials,
        time: SystemTime,
        expires: Duration,
        request: &Request<B>,
        payload: Option<PayloadHash>,
    ) -> Result<Uri, AuthError> {
        check_expiry(credentials, time, expires)?;
        check_unsigned(request)?;
        let time = Timestamp::new(time);
        let day = self.day(credentials, &time)?;
        let mut headers = request.headers().clone();
        if !headers.contains_key(header::HOST) {
            let host = HeaderValue::from_str(host(request.uri())?)
                .map_err(|_| AuthError::new(ErrorKind::Request, "the host cannot be a header"))?;
            insert_header(&mut headers, header::HOST, host)?;
        }
        let signed = SignedHeaders::new(&headers, self.header_rules());

        let mut target = Vec::with_capacity(1024);
        let uri = request.uri();
        target.put(if uri.path().is_empty() {
            b"/"
        } else {
            uri.path().as_bytes()
        });
        let mut separator = b'?';
        if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
            target.put_byte(b'?');
            target.put(query.as_bytes());
            separator = b'&';
        }
        let mut parameter = |target: &mut Vec<u8>, name: &str, value: &[u8]| {
            target.put_byte(separator);
            separator = b'&';
            target.put(name.as_bytes());
            target.put_byte(b'=');
            percent::encode(target, value, |_| false);
        };
        parameter(&mut target, "X-Amz-Algorithm", self.algorithm().as_bytes());
        let mut value = Vec::with_capacity(128);
        value.put(credentials.access_key_id().as_bytes());
        value.put_byte(b'/');
        value.put(&day.scope);
        parameter(&mut target, "X-Amz-Credential", &value);
        parameter(&mut target, "X-Amz-Date", time.as_bytes());
        let seconds = expires.as_secs().to_string();
        parameter(&mut target, "X-Amz-Expires", seconds.as_bytes());
        match &self.realm {
            Realm::Region(_) => {}
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(regions) => {
                parameter(&mut target, "X-Amz-Region-Set", regions.as_bytes());
            }
        }
        let mut names = Vec::with_capacity(64);
        signed.put_names(&mut names);
        parameter(&mut target, "X-Amz-SignedHeaders", &names);
        let token = credentials.session_token().map(HeaderValue::as_bytes);
        match (self.session_token(), token) {
            (SessionToken::Signed, Some(token)) => {
                parameter(&mut target, "X-Amz-Security-Token", token);
            }
            (SessionToken::S3Session, Some(token)) => {
                parameter(&mut target, "X-Amz-S3session-Token", token);
            }
            _ => {}
        }

        let unsigned = with_target(uri, target.clone())?;
        let usual = if is_s3(self.service()) {
            PayloadHash::UNSIGNED
        } else {
            PayloadHash::EMPTY
        };
        let payload = payload.unwrap_or(usual);
        let mut head = RequestHead::from(request);
        head.uri = &unsigned;
        let line = payload.as_bytes();
        let hash = sha256_hex(|sink| {
            put_request(sink, head, self.path_rules(), &signed, &names, line);
        });
        let mut signature = SignatureText::NONE;
        self.sign_hash(&day, &time, &hash, &mut signature)?;
        if let (SessionToken::Unsigned, Some(token)) = (self.session_token(), token) {
            parameter(&mut target, "X-Amz-Security-Token", token);
        }
        parameter(&mut target, "X-Amz-Signature", signature.as_bytes());
        with_target(uri, target)
    }
}

fn check_expiry(
    credentials: &Credentials,
    time: SystemTime,
    expires: Duration,
) -> Result<(), AuthError> {
    if !(1..=LONGEST).contains(&expires.as_secs()) {
        return Err(AuthError::configuration(
            "expires",
            "a presigned URL is valid for 1 second to 7 days (604800 seconds)",
        ));
    }
    match credentials.expires_at() {
        Some(end) if time.checked_add(expires).is_none_or(|until| end < until) => {
            Err(AuthError::new(
                ErrorKind::Credentials,
                "the credentials expire before the presigned URL would, and it would stop working then; ask for a \
                 shorter time, or use credentials that last",
            ))
        }
        _ => Ok(()),
    }
}

/// A parameter twice, or a header signature next to one in the query, is refused by servers.
fn check_unsigned<B>(request: &Request<B>) -> Result<(), AuthError> {
    const WRITTEN: [&str; 8] = [
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-security-token",
        "x-amz-s3session-token",
        "x-amz-signature",
    ];
    let error = |name: &str| {
        AuthError::new(
            ErrorKind::Request,
            format!(
                "the request already has `{name}`, which presigning writes; was it signed before?"
            ),
        )
    };
    let query = request.uri().query().unwrap_or("");
    for piece in query.split('&') {
        let name = piece.split('=').next().unwrap_or("");
        if WRITTEN
            .iter()
            .any(|written| name.eq_ignore_ascii_case(written))
        {
            return Err(error(name));
        }
    }
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        if request.headers().contains_key(name) {
            return Err(error(name));
        }
    }
    Ok(())
}

fn with_target(uri: &Uri, target: Vec<u8>) -> Result<Uri, AuthError> {
    let mut parts = uri.clone().into_parts();
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| {
        AuthError::new(
            ErrorKind::Request,
            "the request URI grows too long with the signature",
        )
    })?;
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| {
        AuthError::new(
            ErrorKind::Request,
            "a URI without scheme and host cannot be presigned",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presigned(uri: &str, expires: u64, valid_for: Option<u64>) -> Result<Uri, AuthError> {
        let mut credentials = Credentials::new("AKID", "secret").unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        if let Some(valid_for) = valid_for {
            credentials = credentials.with_expiry(now + Duration::from_secs(valid_for));
        }
        let request = Request::get(uri).body(()).unwrap();
        let expires = Duration::from_secs(expires);
        Signer::new("s3", "us-east-1")
            .unwrap()
            .presign(&credentials, now, expires, &request, None)
    }

    #[test]
    fn an_expiry_out_of_range_is_refused_by_name() {
        for expires in [0, 604_801, u64::MAX] {
            let error = presigned("https://h/", expires, None).unwrap_err();
            assert_eq!(error.parameter(), Some("expires"));
        }
        assert!(presigned("https://h/", 1, None).is_ok());
        assert!(presigned("https://h/", 604_800, None).is_ok());
    }

    #[test]
    fn a_url_does_not_outlive_its_credentials() {
        let error = presigned("https://h/", 61, Some(60)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(presigned("https://h/", 60, Some(60)).is_ok());
    }

    #[test]
    fn what_is_signed_already_is_not_signed_again() {
        for uri in [
            "https://h/?X-Amz-Date=x",
            "https://h/?a=1&x-amz-signature=0",
        ] {
            let error = presigned(uri, 60, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{uri}");
        }
        assert_eq!(
            presigned("/relative", 60, None).unwrap_err().kind(),
            ErrorKind::Request
        );
        let long = format!("https://h/{}", "x".repeat(65_500));
        assert_eq!(
            presigned(&long, 60, None).unwrap_err().kind(),
            ErrorKind::Request
        );
    }
}
