//! The two places of a sum, as types: that is how the compiler keeps the order.

use crate::{AuthError, Authorize, Claim, RequestHead, Scheme, Step, Sum};
use http::Request;
use std::fmt;

/// A single scheme that can be a term of sums. [`scheme!`](crate::scheme) implements it.
pub trait Term: Scheme + Sized {
    /// [`KeySlot`] or [`FinisherSlot`].
    type Slot: TermSlot;
}

/// Which place a term takes: [`KeySlot`] or [`FinisherSlot`].
pub trait TermSlot: sealed::Sealed {
    /// The keys of a sum with just this term.
    type Keys<T: Scheme>: Slot;
    /// The finisher of a sum with just this term.
    type Finisher<T: Scheme>: Slot;
    /// The sum with just this term.
    fn sum<T: Scheme>(term: T) -> Sum<Self::Keys<T>, Self::Finisher<T>>;
}

/// Of schemes that write a header or query parameter of their own.
#[derive(Debug)]
pub enum KeySlot {}

/// Of schemes that write `Authorization`, or sign.
#[derive(Debug)]
pub enum FinisherSlot {}

impl TermSlot for KeySlot {
    type Keys<T: Scheme> = Key<T>;
    type Finisher<T: Scheme> = ();

    fn sum<T: Scheme>(term: T) -> Sum<Key<T>, ()> {
        Sum::new(Key(term), ())
    }
}

impl TermSlot for FinisherSlot {
    type Keys<T: Scheme> = ();
    type Finisher<T: Scheme> = Finisher<T>;

    fn sum<T: Scheme>(term: T) -> Sum<(), Finisher<T>> {
        Sum::new((), Finisher(term))
    }
}

/// A place of a sum: empty `()`, [`Key`], or [`Finisher`].
pub trait Slot: Scheme + sealed::Sealed {
    /// Whether it is a finisher.
    const FINISHES: bool;
}

/// The keys of a sum.
#[derive(Clone)]
pub struct Key<T>(pub(crate) T);

/// The finisher of a sum.
#[derive(Clone)]
pub struct Finisher<T>(pub(crate) T);

impl Slot for () {
    const FINISHES: bool = false;
}

impl<T: Scheme> Slot for Key<T> {
    const FINISHES: bool = false;
}

impl<T: Scheme> Slot for Finisher<T> {
    const FINISHES: bool = true;
}

/// The empty place, and only that.
#[diagnostic::on_unimplemented(
    message = "two schemes of this sum write `Authorization` or sign",
    label = "both sides write `Authorization` or sign",
    note = "a request carries one `Authorization` header, and only one scheme can come last: keep one of `Basic`, `Bearer`, OAuth 1, SigV4 …",
    note = "a token can also go into a header or query parameter of its own: `Bearer::in_header`, `Bearer::in_query`"
)]
pub trait NoFinisher: Slot {}

impl NoFinisher for () {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::KeySlot {}
    impl Sealed for super::FinisherSlot {}
    impl Sealed for () {}
    impl<T> Sealed for super::Key<T> {}
    impl<T> Sealed for super::Finisher<T> {}
}

// ===== what is in a place does the work =====

macro_rules! forward {
    ($slot:ident) => {
        impl<T: Scheme> Scheme for $slot<T> {
            type Mode = T::Mode;
            type Credentials = T::Credentials;
            type Sent = T::Sent;
            type Acquire = T::Acquire;

            fn acquire(&self, request: RequestHead<'_>) -> Step<T::Credentials, T::Acquire> {
                self.0.acquire(request)
            }

            #[inline]
            fn acquire_mut(
                &mut self,
                request: RequestHead<'_>,
            ) -> Step<T::Credentials, T::Acquire> {
                self.0.acquire_mut(request)
            }

            fn acquire_again(
                &self,
                request: RequestHead<'_>,
                refused: &T::Sent,
            ) -> Step<T::Credentials, T::Acquire> {
                self.0.acquire_again(request, refused)
            }

            fn is_same(&self, sent: &T::Sent, next: &T::Credentials) -> bool {
                self.0.is_same(sent, next)
            }

            fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
                self.0.claims(visit);
            }
        }

        impl<B, T: Authorize<B>> Authorize<B> for $slot<T> {
            fn authorize(
                &self,
                credentials: T::Credentials,
                request: &mut Request<B>,
            ) -> Result<T::Sent, AuthError> {
                self.0.authorize(credentials, request)
            }
        }

        impl<T: fmt::Debug> fmt::Debug for $slot<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
forward!(Key);
forward!(Finisher);
