//! Bodies that are not read.

use super::{Payload, declared_in_header, say_empty};
use crate::PayloadHash;
use http::Request;
use http_body::Body;
use tower_auth_core::{AuthError, ErrorKind};

/// The body is not signed: `UNSIGNED-PAYLOAD`, unless the caller declares a hash.
///
/// S3 takes it, and a few other services; the encryption of the connection is all that protects the body.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnsignedPayload;

impl<B: Body> Payload<B> for UnsignedPayload {
    fn describe(&self, request: &mut Request<B>) -> Result<PayloadHash, AuthError> {
        if request.body().is_end_stream() {
            say_empty(request)?;
        }
        Ok(declared_in_header(request)?.unwrap_or(PayloadHash::UNSIGNED))
    }
}

/// The caller says what the body's hash is: by a [`PayloadHash`] in the extensions of the request, or by the header
/// `x-amz-content-sha256`. The body itself is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeclaredHash;

impl<B> Payload<B> for DeclaredHash {
    fn describe(&self, request: &mut Request<B>) -> Result<PayloadHash, AuthError> {
        let hash = declared_in_header(request)?.ok_or_else(|| {
            AuthError::new(
                ErrorKind::Request,
                "the request does not say what the hash of its body is; put a `PayloadHash` into its extensions, or set \
                 `x-amz-content-sha256`",
            )
        })?;
        if hash == PayloadHash::EMPTY {
            say_empty(request)?;
        }
        Ok(hash)
    }
}
