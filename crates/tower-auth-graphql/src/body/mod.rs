//! Request bodies.

#[cfg(feature = "uploads")]
pub(crate) mod multipart;
mod operations;

pub(crate) use self::operations::Operations;

use crate::{BoxError, Error};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// The body of a GraphQL request: JSON in memory, or a multipart form with files.
///
/// JSON can be sent again; a form can when all its files can. [`Body::try_clone`] is for
/// [`replay`](tower_auth_core::SchemeExt::replay):
///
/// ```
/// use tower_auth_core::SchemeExt;
/// use tower_auth_graphql::Body;
/// # fn example<A: SchemeExt<Mode = tower_auth_core::Deferred>>(scheme: A) {
///
/// let layer = scheme.replay(Body::try_clone);
/// # }
/// ```
#[derive(Default)]
pub struct Body(Kind);

enum Kind {
    Bytes(Bytes),
    #[cfg(feature = "uploads")]
    Multipart(Box<multipart::Form>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl Body {
    /// No body, as for GET.
    pub const fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// Anything that serializes to `{"query": …}`, or to a list of such.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when it cannot be serialized.
    pub fn json(operation: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json = serde_json::to_vec(operation)
            .map_err(|error| Error::request("the request is no JSON").with_source(error))?;
        Ok(Self::from_json(json.into()))
    }

    /// JSON that is ready to be sent.
    pub fn from_json(json: Bytes) -> Self {
        Self(Kind::Bytes(json))
    }

    #[cfg(feature = "uploads")]
    pub(crate) fn multipart(form: multipart::Form) -> Self {
        Self(Kind::Multipart(Box::new(form)))
    }

    /// The same body once more; `None` when it has a file that can be read only once, or was read already.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(Self(Kind::Bytes(bytes.clone()))),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => Some(Self::multipart(form.try_clone()?)),
        }
    }

    /// The operation or operations in it.
    pub(crate) fn operations(&self) -> Operations {
        match &self.0 {
            Kind::Bytes(json) => Operations::new(json.clone()),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => Operations::new(form.operations()),
        }
    }

    /// The same body with other operations.
    #[cfg(feature = "login")]
    pub(crate) fn set_operations(&mut self, json: Bytes) {
        match &mut self.0 {
            Kind::Bytes(bytes) => *bytes = json,
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.set_operations(json),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let _ = &cx;
        match &mut self.0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Body");
        debug.field("size", &http_body::Body::size_hint(self));
        debug.finish_non_exhaustive()
    }
}
