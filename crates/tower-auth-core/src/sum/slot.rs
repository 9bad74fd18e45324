//! Which place of a sum a scheme takes.

use super::{Finisher, Key, Seal, Slot, Sum};
use crate::Scheme;

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a term of sums",
    note = "if it is a scheme of yours, one line beside it makes it one: `scheme!(key {Self})`, or `finisher`, or `seal`"
)]
/// A single scheme that can be a term of sums. [`scheme!`](crate::scheme) implements it.
pub trait Term: Scheme + Sized {
    /// [`KeySlot`], [`FinisherSlot`], [`SealSlot`] or [`LastSlots`].
    type Slot: TermSlot;
}

/// Which place a term takes: [`KeySlot`], [`FinisherSlot`], [`SealSlot`] or [`LastSlots`].
pub trait TermSlot: sealed::Sealed {
    /// The keys of a sum with just this term.
    type Keys<T: Scheme>: Slot;
    /// The finisher of a sum with just this term.
    type Finisher<T: Scheme>: Slot;
    /// The seal of a sum with just this term.
    type Seal<T: Scheme>: Slot;
    /// The sum with just this term.
    fn sum<T: Scheme>(term: T) -> Sum<Self::Keys<T>, Self::Finisher<T>, Self::Seal<T>>;
}

/// Of schemes that write a header or query parameter of their own.
#[derive(Debug)]
pub enum KeySlot {}

/// Of schemes that write `Authorization`, or sign in it.
#[derive(Debug)]
pub enum FinisherSlot {}

/// Of schemes that sign all that the others write, `Authorization` too, in headers of their own.
#[derive(Debug)]
pub enum SealSlot {}

/// Of schemes that may do all of it, as [`Schemes`](crate::Schemes): they leave room for keys only.
#[derive(Debug)]
pub enum LastSlots {}

impl TermSlot for KeySlot {
    type Keys<T: Scheme> = Key<T>;
    type Finisher<T: Scheme> = ();
    type Seal<T: Scheme> = ();

    fn sum<T: Scheme>(term: T) -> Sum<Key<T>, ()> {
        Sum::new(Key(term), (), ())
    }
}

impl TermSlot for FinisherSlot {
    type Keys<T: Scheme> = ();
    type Finisher<T: Scheme> = Finisher<T>;
    type Seal<T: Scheme> = ();

    fn sum<T: Scheme>(term: T) -> Sum<(), Finisher<T>> {
        Sum::new((), Finisher(term), ())
    }
}

impl TermSlot for SealSlot {
    type Keys<T: Scheme> = ();
    type Finisher<T: Scheme> = ();
    type Seal<T: Scheme> = Seal<T>;

    fn sum<T: Scheme>(term: T) -> Sum<(), (), Seal<T>> {
        Sum::new((), (), Seal(term))
    }
}

impl TermSlot for LastSlots {
    type Keys<T: Scheme> = ();
    type Finisher<T: Scheme> = Finisher<T>;
    type Seal<T: Scheme> = Seal<()>; // taken, so that no other seal can come after the term

    fn sum<T: Scheme>(term: T) -> Sum<(), Finisher<T>, Seal<()>> {
        Sum::new((), Finisher(term), Seal(()))
    }
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
    impl Sealed for super::KeySlot {}
    impl Sealed for super::FinisherSlot {}
    impl Sealed for super::SealSlot {}
    impl Sealed for super::LastSlots {}
}
