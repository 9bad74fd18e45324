//! Whether requests are sent a second time, and how their bodies are copied for it.

/// Copies request bodies for a second try.
///
/// [`Cloned`], or any closure `Fn(&B) -> Option<B>`:
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot copy a request body of type `{B}` for a second try",
    note = "`Cloned` copies bodies that are `Clone`, such as `http_body_util::Full<Bytes>`; `BodyBytes` is one for any client",
    note = "for other bodies, pass a closure `|body: &Body| -> Option<Body>`: what it answers with `None` is sent once"
)]
pub trait CloneBody<B> {
    /// A copy, or `None` when this body cannot be sent twice. It must not read from the original.
    fn clone_body(&self, body: &B) -> Option<B>;
}

/// Bodies that implement [`Clone`], such as `http_body_util::Full<Bytes>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cloned;

#[diagnostic::do_not_recommend] // what `Cloned` lacks is said in terms of bodies
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

/// Every request is sent once: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReplay;

/// A refused request is sent once more, its body copied by `C`. From [`SchemeExt::replay`](crate::SchemeExt::replay).
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay<C>(pub(crate) C);

/// Whether requests are sent a second time: [`NoReplay`] or [`Replay`].
///
/// It says at compile time whether there is [room](Self::Room) for a copy of the request in the response future, which
/// is as small as can be where there is none.
pub trait Policy<B>: sealed::Sealed {
    /// Room for a `T`, or none.
    #[doc(hidden)]
    type Room<T>: Room<T>;
    /// Room with what `make` makes of a copy of the body, or empty. Made where it stays: to move it costs as much as it.
    #[doc(hidden)]
    fn copied<T>(&self, body: &B, make: impl FnOnce(B) -> T) -> Self::Room<T>;
}

impl<B> Policy<B> for NoReplay {
    type Room<T> = ();

    #[inline(always)]
    fn copied<T>(&self, _: &B, _: impl FnOnce(B) -> T) {}
}

impl<B, C: CloneBody<B>> Policy<B> for Replay<C> {
    type Room<T> = Option<T>;

    #[inline(always)]
    fn copied<T>(&self, body: &B, make: impl FnOnce(B) -> T) -> Option<T> {
        self.0.clone_body(body).map(make)
    }
}

/// Where a `T` can be kept, or cannot.
#[doc(hidden)]
pub trait Room<T> {
    fn of(value: Option<T>) -> Self;
    fn is_full(&self) -> bool;
    fn take(&mut self) -> Option<T>;
}

impl<T> Room<T> for Option<T> {
    #[inline(always)]
    fn of(value: Self) -> Self {
        value
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.is_some()
    }

    #[inline(always)]
    fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

impl<T> Room<T> for () {
    #[inline(always)]
    fn of(_: Option<T>) -> Self {}

    #[inline(always)]
    fn is_full(&self) -> bool {
        false
    }

    #[inline(always)]
    fn take(&mut self) -> Option<T> {
        None
    }
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
    impl Sealed for super::NoReplay {}
    impl<C> Sealed for super::Replay<C> {}
}
