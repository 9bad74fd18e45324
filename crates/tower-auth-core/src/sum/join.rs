//! Two places of the same kind become one, where one of them is free or both hold keys.

use super::{Finisher, Key, Seal, Slot};
use crate::Scheme;

/// Two slots of a sum become one.
pub trait Join<R> {
    /// The slot for both.
    type Output: Slot;
    /// Joins them.
    fn join(self, right: R) -> Self::Output;
}

/// The empty place of the finisher, and only that.
#[diagnostic::on_unimplemented(
    message = "two schemes of this sum write `Authorization` or sign",
    label = "both sides write `Authorization` or sign",
    note = "a request carries one `Authorization` header, and only one scheme can come last: keep one of `Basic`, `Bearer`, OAuth 1, SigV4 …",
    note = "a token can also go into a header or query parameter of its own: `Bearer::in_header`, `Bearer::in_query`"
)]
pub trait NoFinisher: Slot {}

impl NoFinisher for () {}

/// The empty place of the seal, and only that.
#[diagnostic::on_unimplemented(
    message = "two schemes of this sum seal the request",
    label = "both sides seal the request",
    note = "a seal signs all that the other schemes write, so only one can come last: keep one",
    note = "`Schemes` may hold a seal: put the other one into its list, where two of them are an error at run time"
)]
pub trait NoSeal: Slot {}

impl NoSeal for () {}

impl<R: Slot> Join<R> for () {
    type Output = R;

    fn join(self, right: R) -> R {
        right
    }
}

impl<A: Scheme> Join<()> for Key<A> {
    type Output = Self;

    fn join(self, (): ()) -> Self {
        self
    }
}

impl<A: Scheme, B: Scheme> Join<Key<B>> for Key<A> {
    type Output = Key<(A, B)>;

    fn join(self, right: Key<B>) -> Self::Output {
        Key((self.0, right.0))
    }
}

impl<A: Scheme, R: NoFinisher> Join<R> for Finisher<A> {
    type Output = Self;

    fn join(self, _: R) -> Self {
        self
    }
}

impl<A: Scheme, R: NoSeal> Join<R> for Seal<A> {
    type Output = Self;

    fn join(self, _: R) -> Self {
        self
    }
}
