//! What a signature says of the body, and how that is found out.

mod chunked;
mod declared;
mod event_stream;
mod hash;

pub use self::{
    chunked::Chunked,
    declared::{DeclaredHash, UnsignedPayload},
    event_stream::EventStream,
    hash::HashBody,
};

use crate::{Credentials, PayloadHash, Signature, Signer, signer::X_AMZ_CONTENT_SHA256};
use http::Request;
use tower_auth_core::{AuthError, Clock};

/// How the body takes part in the signature. The second parameter of nothing but [`SigV4`](crate::SigV4).
///
/// | | bodies | the signature covers |
/// | --- | --- | --- |
/// | [`HashBody`] | in memory, `Clone` | every byte |
/// | [`UnsignedPayload`] | all | nothing of it |
/// | [`DeclaredHash`] | all | every byte, by a hash that the caller knows |
/// | [`Chunked`] | [`ChunkSigned`](crate::ChunkSigned) streams, to S3 | every chunk, or a checksum after it |
/// | [`EventStream`] | [`EventSigned`](crate::EventSigned) streams | every message |
pub trait Payload<B>: Clone {
    /// What the signature says. May add headers, which are signed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](tower_auth_core::ErrorKind::Request) when nothing can be said of this body.
    fn describe(&self, request: &mut Request<B>) -> Result<PayloadHash, AuthError>;

    /// Hands the signature on to a body that continues it.
    ///
    /// # Errors
    ///
    /// None of those that there are.
    fn signed(&self, request: &mut Request<B>, seed: Seed<'_>) -> Result<(), AuthError> {
        let _ = (request, seed);
        Ok(())
    }
}

/// With what a request was signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Seed<'a> {
    /// Its signer.
    pub signer: &'a Signer,
    /// Its access key.
    pub credentials: &'a Credentials,
    /// Its signature.
    pub signature: &'a Signature,
    /// The time of further signatures.
    pub clock: &'a Clock,
    /// How many seconds the server is ahead of the clock.
    pub ahead: i64,
}

/// What the caller says of the body: the header `x-amz-content-sha256`, or a [`PayloadHash`] in the extensions.
fn declared<B>(request: &Request<B>) -> Result<Option<PayloadHash>, AuthError> {
    if let Some(value) = request.headers().get(&X_AMZ_CONTENT_SHA256) {
        return PayloadHash::parse(value.as_bytes()).map(Some);
    }
    Ok(request.extensions().get().copied())
}
