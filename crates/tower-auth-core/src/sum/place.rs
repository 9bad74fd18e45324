//! The three places of a sum, as types: that is how the compiler keeps the order.

use crate::{AuthError, Authorize, Claim, RequestHead, Scheme, Step};
use http::Request;
use std::fmt;

/// A place of a sum: empty `()`, [`Key`], [`Finisher`], or [`Seal`].
pub trait Slot: Scheme + sealed::Sealed {
    /// Whether nobody has taken it.
    const IS_EMPTY: bool;
}

/// The keys of a sum.
#[derive(Clone)]
pub struct Key<T>(pub(crate) T);

/// The finisher of a sum.
#[derive(Clone)]
pub struct Finisher<T>(pub(crate) T);

/// The seal of a sum.
#[derive(Clone)]
pub struct Seal<T>(pub(crate) T);

impl Slot for () {
    const IS_EMPTY: bool = true;
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T> Sealed for super::Key<T> {}
    impl<T> Sealed for super::Finisher<T> {}
    impl<T> Sealed for super::Seal<T> {}
}

// ===== what is in a place does the work =====

macro_rules! forward {
    ($slot:ident) => {
        impl<T: Scheme> Slot for $slot<T> {
            const IS_EMPTY: bool = false;
        }

        impl<T: Scheme> Scheme for $slot<T> {
            type Mode = T::Mode;
            type Credentials = T::Credentials;
            type Sent = T::Sent;
            type Acquire = T::Acquire;

            fn acquire(
                &self,
                request: RequestHead<'_>,
                refused: Option<&T::Sent>,
            ) -> Step<T::Credentials, T::Acquire> {
                self.0.acquire(request, refused)
            }

            #[inline]
            fn acquire_mut(
                &mut self,
                request: RequestHead<'_>,
            ) -> Step<T::Credentials, T::Acquire> {
                self.0.acquire_mut(request)
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
forward!(Seal);
