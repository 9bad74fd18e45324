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
/// JSON can be sent again; a form can when all its files can. `Clone` is for schemes that sign the body (SigV4): the copy of
/// a form that cannot be sent again is a body that is an error when it is read. [`Body::try_clone`] is for
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
    /// A copy of what cannot be copied.
    #[cfg(feature = "uploads")]
    Unreadable,
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
            #[cfg(feature = "uploads")]
            Kind::Unreadable => None,
        }
    }

    /// The operation or operations in it.
    pub(crate) fn operations(&self) -> Operations {
        match &self.0 {
            Kind::Bytes(json) => Operations::new(json.clone()),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => Operations::new(form.operations()),
            #[cfg(feature = "uploads")]
            Kind::Unreadable => Operations::default(),
        }
    }

    /// The same body with other operations.
    #[cfg(feature = "login")]
    pub(crate) fn set_operations(&mut self, json: Bytes) {
        match &mut self.0 {
            Kind::Bytes(bytes) => *bytes = json,
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.set_operations(json),
            #[cfg(feature = "uploads")]
            Kind::Unreadable => {}
        }
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        #[cfg(feature = "uploads")]
        return self.try_clone().unwrap_or(Self(Kind::Unreadable));
        #[cfg(not(feature = "uploads"))]
        match &self.0 {
            Kind::Bytes(bytes) => Self(Kind::Bytes(bytes.clone())),
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
            #[cfg(feature = "uploads")]
            Kind::Unreadable => Poll::Ready(Some(Err(
                "the body has a file that can be read only once".into(),
            ))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.is_end(),
            #[cfg(feature = "uploads")]
            Kind::Unreadable => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            #[cfg(feature = "uploads")]
            Kind::Multipart(form) => form.size_hint(),
            #[cfg(feature = "uploads")]
            Kind::Unreadable => SizeHint::default(),
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

#[cfg(all(test, feature = "uploads"))]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn a_copy_of_what_can_be_read_only_once_is_an_error_and_not_another_body() {
        let frames = |mut body: Body| {
            let mut cx = Context::from_waker(Waker::noop());
            let polled = http_body::Body::poll_frame(Pin::new(&mut body), &mut cx);
            polled.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())))
        };
        let json = Body::from_json(Bytes::from_static(b"{}"));
        match (frames(json.clone()), frames(json)) {
            (Poll::Ready(Some(Ok(copy))), Poll::Ready(Some(Ok(body)))) => assert_eq!(copy, body),
            other => panic!("{other:?}"),
        }
        let copy = Body(Kind::Unreadable);
        assert!(copy.try_clone().is_none());
        assert!(!http_body::Body::is_end_stream(&copy));
        assert!(matches!(frames(copy.clone()), Poll::Ready(Some(Err(_)))));
    }
}
