//! Reading request bodies: only where a signature needs them, and within a limit.

use crate::{SignError, error::What};
use bytes::Bytes;
use http::Extensions;
use http_body::Body;
use tower_auth_core::body::in_memory;

/// How much of a body is read unless [`limit`](crate::OAuth1::limit) says otherwise: 1 MiB.
pub const DEFAULT_LIMIT: usize = 1 << 20;

/// How [`OAuth1`](crate::OAuth1) reads those bodies that it must sign: [`InMemory`] or [`Declared`].
#[diagnostic::on_unimplemented(
    message = "a form in a `{B}` could not be read to sign it",
    note = "bodies that are `Clone`, such as `Full<Bytes>`, are read in memory; for others, call `.declared_bodies()` \
            on the `OAuth1`, and put a `BufferForms` layer above it when forms are sent"
)]
pub trait ReadBody<B>: Clone {
    /// The whole body, which stays as it is.
    #[doc(hidden)]
    fn read(&self, body: &B, extensions: &Extensions, limit: usize) -> Result<Bytes, SignError>;
}

/// Bodies that are in memory and `Clone`: a copy is read, which for `Full<Bytes>` copies no byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

/// Bodies of any type. One that must be signed has to come with a [`DeclaredBody`] extension.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared;

/// A request extension: the bytes of the body, for layers that sign it and cannot read it.
///
/// [`BufferForms`](crate::BufferForms) puts it there. Whoever does so by hand vouches that the body is just that.
#[derive(Clone, Debug)]
pub struct DeclaredBody(pub Bytes);

impl<B: Body + Clone> ReadBody<B> for InMemory {
    fn read(&self, body: &B, _: &Extensions, limit: usize) -> Result<Bytes, SignError> {
        Ok(in_memory(body, limit)?)
    }
}

impl<B> ReadBody<B> for Declared {
    fn read(&self, _: &B, extensions: &Extensions, limit: usize) -> Result<Bytes, SignError> {
        match extensions.get::<DeclaredBody>() {
            Some(DeclaredBody(bytes)) if bytes.len() > limit => {
                Err(What::BodyTooLarge { limit }.into())
            }
            Some(DeclaredBody(bytes)) => Ok(bytes.clone()),
            None => Err(What::BodyNotAtHand.into()),
        }
    }
}
