//! URLs that carry their signature: whoever has one may do one thing for a while.

use crate::{
    Credentials, PayloadHash, Signer,
    canonical::{Query, SignedHeaders, Target, is_s3, put_request},
    key::sha256_hex,
    percent,
    signature_text::SignatureText,
    signer::{
        Realm, SessionToken, X_AMZ_CONTENT_SHA256, host,
        query::{self, with_target},
    },
    sink::{Sink, Text},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use tower_auth_core::{AuthError, ErrorKind, insert_header};

/// The longest that a URL may be valid: seven days.
const LONGEST: u64 = 604_800;

impl Signer {
    /// Signs a URL, so that it can be used without credentials until `expires` has passed: 1 second to 7 days.
    ///
    /// What is signed is the request's method, URI, `host`, and those of its headers that [`sign`](Self::sign) would
    /// sign; whoever uses the URL has to send the same, so give none but those that have to be enforced.
    /// [`Presigned::headers`] says which they are.
    ///
    /// The body stands for nothing: S3 is told `UNSIGNED-PAYLOAD`, others the hash of an empty body. With a `payload` it
    /// is the body of that hash that has to be sent; to S3 with the header `x-amz-content-sha256`, which is signed too.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use http::Request;
    /// use tower_auth_aws::{Credentials, PayloadHash, Signer};
    ///
    /// let signer = Signer::new("s3", "us-east-1")?;
    /// let credentials =
    ///     Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    /// let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600); // 20130524T000000Z
    /// let day = Duration::from_secs(86_400);
    ///
    /// let get = Request::get("https://examplebucket.s3.amazonaws.com/test.txt").body(())?;
    /// let presigned = signer.presign(&credentials, time, day, &get, None)?;
    /// assert!(presigned.uri().to_string().ends_with(
    ///     "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    /// ));
    /// assert!(presigned.headers().is_empty());
    ///
    /// // Nothing but this text, as plain text, can be put there:
    /// let put = Request::put("https://examplebucket.s3.amazonaws.com/test.txt")
    ///     .header("content-type", "text/plain")
    ///     .body(())?;
    /// let hash = PayloadHash::of(b"this text");
    /// let presigned = signer.presign(&credentials, time, day, &put, Some(hash))?;
    /// assert_eq!(presigned.headers()["content-type"], "text/plain");
    /// assert_eq!(presigned.headers()["x-amz-content-sha256"], hash.as_str());
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
    ) -> Result<Presigned, AuthError> {
        check_expiry(credentials, time, expires)?;
        check_unsigned(request)?;
        let moment = self.moment(credentials, time)?;
        let uri = request.uri();
        let to_send = self.to_send(request, payload)?;
        let mut signed = SignedHeaders::none();
        for (name, value) in &to_send {
            signed.push(name.as_str(), value.as_bytes());
        }
        match request.headers().get(header::HOST) {
            Some(host) => signed.push("host", host.as_bytes()),
            None => signed.push("host", host(uri)?.as_bytes()),
        }
        signed.sort();
        let mut names = Text::new();
        signed.put_names(&mut names);
        let names = names.as_bytes();

        let token = credentials.session_token().map(HeaderValue::as_bytes);
        let mut target = Vec::with_capacity(512 + uri.path().len() + token.map_or(0, <[u8]>::len));
        target.put(match uri.path() {
            "" => b"/",
            path => path.as_bytes(),
        });
        let query = target.len() + 1;
        let own = uri.query().filter(|query| !query.is_empty());
        target.put_byte(b'?');
        if let Some(own) = own {
            target.put(own.as_bytes());
            target.put_byte(b'&');
        }
        // In the order in which they are hashed, so that they need not be sorted when they are all there is.
        target.put(b"X-Amz-Algorithm=");
        target.put(self.algorithm().as_bytes());
        target.put(b"&X-Amz-Credential=");
        encode(&mut target, credentials.access_key_id().as_bytes());
        target.put(b"%2F");
        encode(&mut target, &moment.day.scope);
        target.put(b"&X-Amz-Date=");
        target.put(moment.time.as_bytes());
        target.put(b"&X-Amz-Expires=");
        put_number(&mut target, expires.as_secs());
        match &self.realm {
            Realm::Region(_) => {}
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(regions) => {
                target.put(b"&X-Amz-Region-Set=");
                encode(&mut target, regions.as_bytes());
            }
        }
        let (name, before): (&[u8], bool) = match self.token() {
            SessionToken::Signed => (b"&X-Amz-Security-Token=", true),
            SessionToken::S3Session => (b"&X-Amz-S3session-Token=", true),
            SessionToken::Unsigned => (b"&X-Amz-Security-Token=", false),
        };
        let put_token = |target: &mut Vec<u8>| {
            if let Some(token) = token {
                target.put(name);
                encode(target, token);
            }
        };
        if before {
            put_token(&mut target);
        }
        target.put(b"&X-Amz-SignedHeaders=");
        encode(&mut target, names);

        let query = &target[query..];
        let canonical = Target {
            method: request.method(),
            path: uri.path(),
            query: match own {
                None => Query::Canonical(query),
                Some(_) => Query::Wire(std::str::from_utf8(query).ok()), // a URI and ASCII
            },
        };
        let payload = payload.unwrap_or_else(|| self.usual_payload());
        let line = payload.as_bytes();
        let rules = self.rules_of_path();
        let hash = sha256_hex(|sink| put_request(sink, canonical, rules, &signed, names, line));
        let mut signature = SignatureText::NONE;
        self.sign_hash(&moment, &hash, &mut signature)?;
        if !before {
            put_token(&mut target);
        }
        target.put(b"&X-Amz-Signature=");
        target.put(signature.as_bytes());
        Ok(Presigned {
            uri: with_target(uri, target)?,
            headers: to_send,
        })
    }

    /// The headers that are signed, without `host`, which every client sends by itself.
    fn to_send<B>(
        &self,
        request: &Request<B>,
        payload: Option<PayloadHash>,
    ) -> Result<HeaderMap, AuthError> {
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers() {
            if name != header::HOST && self.header_rules().covers(name.as_str()) {
                append_header(&mut headers, name, value)?;
            }
        }
        if let Some(payload) = payload.filter(|payload| {
            *payload != self.usual_payload() && (self.sends_payload() || !payload.is_sha256())
        }) {
            let value = payload.to_header();
            insert_header(&mut headers, X_AMZ_CONTENT_SHA256.clone(), value)?;
        }
        Ok(headers)
    }

    /// What is said of a body that nobody knows yet.
    fn usual_payload(&self) -> PayloadHash {
        if is_s3(self.service()) {
            PayloadHash::UNSIGNED
        } else {
            PayloadHash::EMPTY
        }
    }
}

/// A URL that works without credentials, and what has to be sent along. `Display` is the URL.
///
/// Whoever has it can do what it allows: it is as good as a key while it lasts. `Debug` does not show it.
#[derive(Clone)]
pub struct Presigned {
    uri: Uri,
    headers: HeaderMap,
}

impl Presigned {
    /// The URL.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The headers that the request has to have, exactly so: they are signed.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Both.
    pub fn into_parts(self) -> (Uri, HeaderMap) {
        (self.uri, self.headers)
    }
}

impl fmt::Display for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Presigned")
            .field("path", &self.uri.path())
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

fn encode(target: &mut Vec<u8>, text: &[u8]) {
    percent::encode(target, text, |_| false);
}

fn put_number(target: &mut Vec<u8>, number: u64) {
    if number >= 10 {
        put_number(target, number / 10);
    }
    target.push(b'0' + (number % 10) as u8);
}

fn append_header(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &HeaderValue,
) -> Result<(), AuthError> {
    match headers.try_append(name.clone(), value.clone()) {
        Ok(_) => Ok(()),
        Err(_) => Err(AuthError::new(
            ErrorKind::Request,
            "the request has so many headers that no other can be added",
        )),
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
    let headers = ["authorization", "x-amz-date", "x-amz-security-token"].into_iter();
    let mut headers = headers.filter(|name| request.headers().contains_key(*name));
    match query::presigning(request.uri()).or_else(|| headers.next()) {
        None => Ok(()),
        Some(name) => Err(AuthError::new(
            ErrorKind::Request,
            format!(
                "the request already has `{name}`, which presigning writes; was it signed before?"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presigned(uri: &str, expires: u64, valid_for: Option<u64>) -> Result<Presigned, AuthError> {
        let mut credentials = Credentials::new("AKID", "secret").unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        if let Some(valid_for) = valid_for {
            credentials = credentials.with_expires_at(now + Duration::from_secs(valid_for));
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
