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
use http::{
    HeaderValue, Method, Request,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use tower_auth_core::{AuthError, Clock, insert_header};

/// How the body takes part in the signature. The second parameter of nothing but [`SigV4`](crate::SigV4).
///
/// | | bodies | the signature covers |
/// | --- | --- | --- |
/// | [`HashBody`] | in memory, `Clone` | every byte |
/// | [`UnsignedPayload`] | all | nothing of it |
/// | [`DeclaredHash`] | all | every byte, by a hash that the caller knows |
/// | [`Chunked`] | [`ChunkSigned`](crate::ChunkSigned) streams, to S3 | every chunk, or a checksum after it |
/// | [`EventStream`] | [`EventSigned`](crate::EventSigned) streams | every message |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot sign bodies of type `{B}`",
    label = "this body cannot be signed in this way",
    note = "`SigV4` by itself hashes the body, which has to be in memory and `Clone`, such as `http_body_util::Full<Bytes>`",
    note = "for other bodies: `.unsigned_payload()`, `.declared_hash()`, `.chunked(..)` with the body in a `ChunkSigned`, or \
            a layer that buffers the body, around this one"
)]
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

/// What the program says of the body: a [`PayloadHash`] in the extensions, which nobody can send over the network.
fn declared<B>(request: &Request<B>) -> Option<PayloadHash> {
    request.extensions().get().copied()
}

/// … or, where a header is believed, `x-amz-content-sha256`.
fn declared_in_header<B>(request: &Request<B>) -> Result<Option<PayloadHash>, AuthError> {
    if let Some(hash) = declared(request) {
        return Ok(Some(hash));
    }
    let value = request.headers().get(&X_AMZ_CONTENT_SHA256);
    value
        .map(|value| PayloadHash::parse(value.as_bytes()))
        .transpose()
}

/// Says that nothing follows, where a body could: hyper leaves that out, and S3 answers 411.
fn say_empty<B>(request: &mut Request<B>) -> Result<(), AuthError> {
    let headers = request.headers();
    let said = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if carries_a_body(request.method()) && !said {
        let nothing = HeaderValue::from_static("0");
        insert_header(request.headers_mut(), CONTENT_LENGTH, nothing)?;
    }
    Ok(())
}

fn carries_a_body(method: &Method) -> bool {
    matches!(*method, Method::PUT | Method::POST | Method::PATCH)
}
