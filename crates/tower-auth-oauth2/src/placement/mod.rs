//! Where on the request a token goes: as with [`Bearer`](tower_auth_core::Bearer), and into form bodies.

mod form_body;

pub use self::form_body::{FormBody, InFormBody};

use http::Request;
use std::fmt;
use tower_auth_core::{
    AuthError, Claim,
    bearer::{InAuthorization, InHeader, InQuery, Placement},
    sum::TermSlot,
};

/// Where on the request a token goes: [`InAuthorization`], [`InHeader`], [`InQuery`], [`InFormBody`].
pub trait Carrier: Clone + fmt::Debug + Send + Sync + sealed::Sealed + 'static {
    /// The place in a sum that it makes of a scheme.
    type Slot: TermSlot;
    /// A token made ready for requests.
    type Placed: Clone + Send + Sync + 'static;

    /// Makes a token ready for requests, once, when it arrives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when no request can carry it.
    fn place(&self, token: &str) -> Result<Self::Placed, AuthError>;

    /// The part of the request that it writes.
    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>));
}

/// A [`Carrier`] that can put tokens on requests with a body of type `B`.
pub trait Carry<B>: Carrier {
    /// Puts a token on a request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](tower_auth_core::ErrorKind::Request) when this request cannot carry it.
    fn carry(&self, placed: &Self::Placed, request: &mut Request<B>) -> Result<(), AuthError>;
}

macro_rules! carriers {
    ($($ty:ty),+) => { $(
        impl Carrier for $ty {
            type Slot = <$ty as Placement>::Slot;
            type Placed = <$ty as Placement>::Placed;

            fn place(&self, token: &str) -> Result<Self::Placed, AuthError> {
                Placement::place(self, token)
            }

            fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
                visit(self.claim());
            }
        }

        impl<B> Carry<B> for $ty {
            fn carry(&self, placed: &Self::Placed, request: &mut Request<B>) -> Result<(), AuthError> {
                self.put(placed, request)
            }
        }

        impl sealed::Sealed for $ty {}
    )+ };
}
carriers!(InAuthorization, InHeader, InQuery);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::InFormBody {}
}
