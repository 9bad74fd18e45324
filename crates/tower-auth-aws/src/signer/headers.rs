//! The headers that a signature writes.

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_auth_core::{AuthError, ErrorKind};

pub(crate) static X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
pub(crate) static X_AMZ_SECURITY_TOKEN: HeaderName =
    HeaderName::from_static("x-amz-security-token");
pub(crate) static X_AMZ_S3SESSION_TOKEN: HeaderName =
    HeaderName::from_static("x-amz-s3session-token");
pub(crate) static X_AMZ_CONTENT_SHA256: HeaderName =
    HeaderName::from_static("x-amz-content-sha256");
#[cfg(feature = "sigv4a")]
pub(crate) static X_AMZ_REGION_SET: HeaderName = HeaderName::from_static("x-amz-region-set");

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
