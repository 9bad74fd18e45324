//! How the body of a request is copied, so that it can be sent a second time.

/// Copies request bodies for a second try.
///
/// [`Cloned`], [`NoReplay`], or any closure `Fn(&B) -> Option<B>`:
///
/// ```
/// use tower_auth_core::replay::CloneBody;
///
/// /// Empty bodies can be sent again, streams cannot.
/// fn only_empty(body: &Option<Vec<u8>>) -> Option<Option<Vec<u8>>> {
///     body.is_none().then_some(None)
/// }
/// assert_eq!(only_empty.clone_body(&None), Some(None));
/// assert_eq!(only_empty.clone_body(&Some(vec![1])), None);
/// ```
pub trait CloneBody<B> {
    /// A copy, or `None` when this body cannot be sent twice. It must not read from the original.
    fn clone_body(&self, body: &B) -> Option<B>;
}

/// Every request is sent once: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReplay;

impl<B> CloneBody<B> for NoReplay {
    fn clone_body(&self, _: &B) -> Option<B> {
        None
    }
}

/// Bodies that implement [`Clone`], such as `http_body_util::Full<Bytes>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cloned;

impl<B: Clone> CloneBody<B> for Cloned {
    fn clone_body(&self, body: &B) -> Option<B> {
        Some(body.clone())
    }
}

impl<B, F> CloneBody<B> for F
where
    F: Fn(&B) -> Option<B>,
{
    fn clone_body(&self, body: &B) -> Option<B> {
        self(body)
    }
}
