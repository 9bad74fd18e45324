//! The last line of the canonical request: what is said of the body.

use crate::hex::hex32;
use http::HeaderValue;
use sha2::{Digest, Sha256};
use std::fmt;
use tower_auth_core::{AuthError, ErrorKind};

/// What a signature says of the body: its SHA-256, or how it is signed instead. It is sent as `x-amz-content-sha256`.
///
/// As a request extension it declares the hash of a body that [`DeclaredHash`](crate::DeclaredHash) does not read:
///
/// ```
/// use http::Request;
/// use tower_auth_aws::PayloadHash;
///
/// let request = Request::put("https://s3.example.com/bucket/key")
///     .extension(PayloadHash::of(b"known beforehand"))
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct PayloadHash(Line);

#[derive(Clone, Copy, Eq, PartialEq)]
enum Line {
    Sha256([u8; 64]),
    Named(&'static str),
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $line:literal;)+) => {
        $($(#[$doc])* pub const $name: Self = Self(Line::Named($line));)+
        const NAMED: &'static [&'static str] = &[$($line),+];
    };
}

impl PayloadHash {
    named! {
        /// The body is not signed. S3 and few others accept it; over https only.
        UNSIGNED = "UNSIGNED-PAYLOAD";
        /// `aws-chunked`, each chunk signed.
        SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        /// `aws-chunked`, each chunk and the trailers signed.
        SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
        /// `aws-chunked`, chunks not signed, with trailers.
        UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
        /// `aws-chunked`, each chunk signed with SigV4a.
        SIGNED_CHUNKS_V4A = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
        /// `aws-chunked`, each chunk and the trailers signed with SigV4a.
        SIGNED_CHUNKS_TRAILER_V4A = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER";
        /// An event stream, each message signed.
        EVENTS = "STREAMING-AWS4-HMAC-SHA256-EVENTS";
    }

    /// The hash of an empty body.
    pub const EMPTY: Self = Self(Line::Sha256(*EMPTY.as_bytes().first_chunk().unwrap()));

    /// The hash of a body.
    pub fn of(body: &[u8]) -> Self {
        Self::from_sha256(&Sha256::digest(body).into())
    }

    /// A SHA-256 that was computed elsewhere.
    pub fn from_sha256(hash: &[u8; 32]) -> Self {
        Self(Line::Sha256(hex32(hash)))
    }

    /// As it stands in `x-amz-content-sha256`.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Line::Sha256(digits) => std::str::from_utf8(digits).unwrap_or_default(), // digits only
            Line::Named(name) => name,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Line::Sha256(digits) => digits,
            Line::Named(name) => name.as_bytes(),
        }
    }

    /// Whether it is the hash of a body that is sent as it is.
    pub fn is_sha256(&self) -> bool {
        matches!(self.0, Line::Sha256(_))
    }

    /// Reads the value of `x-amz-content-sha256`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for what is neither 64 lower-case hexadecimal digits nor one of the constants.
    pub fn parse(value: &[u8]) -> Result<Self, AuthError> {
        if let Some(name) = Self::NAMED.iter().find(|name| name.as_bytes() == value) {
            return Ok(Self(Line::Named(name)));
        }
        match <[u8; 64]>::try_from(value) {
            Ok(digits)
                if digits
                    .iter()
                    .all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) =>
            {
                Ok(Self(Line::Sha256(digits)))
            }
            _ => Err(AuthError::new(
                ErrorKind::Request,
                "the request's `x-amz-content-sha256` is neither 64 lower-case hexadecimal digits nor a name that \
                 SigV4 knows",
            )),
        }
    }

    pub(crate) fn to_header(self) -> HeaderValue {
        match self.0 {
            Line::Named(name) => HeaderValue::from_static(name),
            Line::Sha256(digits) if digits == *EMPTY.as_bytes() => HeaderValue::from_static(EMPTY),
            Line::Sha256(digits) => {
                HeaderValue::from_bytes(&digits).expect("digits are a header value")
            }
        }
    }
}

impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadHash({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_line_is_read_back() {
        assert_eq!(PayloadHash::of(b""), PayloadHash::EMPTY);
        for line in PayloadHash::NAMED.iter().copied().chain([EMPTY]) {
            let hash = PayloadHash::parse(line.as_bytes()).unwrap();
            assert_eq!(hash.as_str(), line);
            assert_eq!(hash.to_header(), line);
        }
        for bad in ["", "unsigned-payload", &EMPTY.to_uppercase(), &EMPTY[1..]] {
            let error = PayloadHash::parse(bad.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{bad}");
        }
    }
}
