//! `a + b`: schemes add up to a scheme. What is here beside [`Sum`] is how the compiler keeps their order; few programs
//! name it.

mod acquire;
mod join;
mod macros;
mod optional;
mod pair;
mod place;
mod slot;

pub(crate) use self::optional::some;
pub use self::{
    acquire::AcquireBoth,
    join::{Join, NoFinisher, NoSeal},
    optional::AcquireSome,
    place::{Finisher, Key, Seal, Slot},
    slot::{FinisherSlot, KeySlot, LastSlots, SealSlot, Term, TermSlot},
};

use crate::{
    AuthError, Authorize, Claim, Mode, RequestHead, Scheme, Step, replay::NoReplay, scope::Scope,
};
use http::Request;
use std::fmt;
use tower_layer::Layer;

/// A sum of schemes, which is a scheme and a layer: any number of keys, then at most one finisher, then at most one
/// seal.
///
/// *Keys* write a header or query parameter of their own. The *finisher* writes `Authorization`, or signs in it. The
/// *seal* signs all of this in headers of its own, as HTTP message signatures do (RFC 9421). **They run in this order
/// whatever the order of the sum**, so that a signature covers every key, and a seal the finisher too:
///
/// ```
/// use tower_auth_core::{Basic, HeaderApiKey, QueryApiKey};
///
/// let one = Basic::new("user", "password")? + HeaderApiKey::new("key")? + QueryApiKey::new("key")?;
/// let two = HeaderApiKey::new("key")? & (QueryApiKey::new("key")? & Basic::new("user", "password")?);
/// assert_eq!(format!("{one:?}"), format!("{two:?}")); // the same sum
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
///
/// Two finishers do not compile, nor do two seals:
///
/// ```compile_fail,E0277
/// # use tower_auth_core::{Basic, Bearer};
/// let sum = Basic::new("user", "password").unwrap() + Bearer::new("token").unwrap();
/// ```
///
/// # Panics
///
/// `+` and `&` panic when two terms write the same header or query parameter: names are values, which the compiler
/// does not see. [`Schemes`](crate::Schemes) gives an error instead, for sums that come from a configuration.
#[derive(Clone)]
pub struct Sum<K, F, S = ()>(((K, F), S));

/// What `+` takes on either side: a scheme, or a sum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a term of sums",
    note = "if it is a scheme of yours, one line beside it makes it one: `scheme!(key {Self})`, or `finisher` when it writes `Authorization`, or `seal` when it signs all the others; the same line gives it `+` and makes it a layer",
    note = "a builder has to be built first, and a layer that is no scheme goes to the left of the sum in `Layered(…)`"
)]
pub trait IntoSum {
    /// Its keys: `()` or [`Key`].
    type Keys: Slot;
    /// Its finisher: `()` or [`Finisher`].
    type Finisher: Slot;
    /// Its seal: `()` or [`Seal`].
    type Seal: Slot;
    /// As a sum.
    fn into_sum(self) -> Sum<Self::Keys, Self::Finisher, Self::Seal>;
}

impl<K: Slot, F: Slot, S: Slot> IntoSum for Sum<K, F, S> {
    type Keys = K;
    type Finisher = F;
    type Seal = S;

    fn into_sum(self) -> Self {
        self
    }
}

impl<K: Slot, F: Slot, S: Slot> Sum<K, F, S> {
    pub(crate) fn new(keys: K, finisher: F, seal: S) -> Self {
        Self(((keys, finisher), seal))
    }

    /// What is in its places.
    pub(crate) fn into_places(self) -> (K, F, S) {
        let Self(((keys, finisher), seal)) = self;
        (keys, finisher, seal)
    }

    #[doc(hidden)] // what the operators of every scheme call
    #[track_caller]
    pub fn plus<R>(self, right: R) -> Sum<K::Output, F::Output, S::Output>
    where
        R: IntoSum,
        K: Join<R::Keys>,
        F: Join<R::Finisher>,
        S: Join<R::Seal>,
    {
        let (keys, finisher, seal) = self.into_places();
        let right = right.into_sum().into_places();
        let sum = Sum::new(
            keys.join(right.0),
            finisher.join(right.1),
            seal.join(right.2),
        );
        if let Some(claim) = first_duplicate(|visit| sum.claims(visit)) {
            panic!("two terms of this sum write {claim}; give one of them another name");
        }
        sum
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<K, F, S, R> std::ops::$trait<R> for Sum<K, F, S>
        where
            R: IntoSum,
            K: Slot + Join<R::Keys>,
            F: Slot + Join<R::Finisher>,
            S: Slot + Join<R::Seal>,
        {
            type Output = Sum<
                <K as Join<R::Keys>>::Output,
                <F as Join<R::Finisher>>::Output,
                <S as Join<R::Seal>>::Output,
            >;

            #[track_caller]
            fn $method(self, right: R) -> Self::Output {
                self.plus(right)
            }
        }
    };
}
operator!(Add, add);
operator!(BitAnd, bitand);

/// The first part of a request that is claimed twice, in words.
pub(crate) fn first_duplicate(claims: impl FnOnce(&mut dyn FnMut(Claim<'_>))) -> Option<String> {
    let mut seen = Vec::new();
    let mut twice = None;
    claims(&mut |claim| {
        let claim = claim.to_string();
        if seen.contains(&claim) {
            twice.get_or_insert(claim);
        } else {
            seen.push(claim);
        }
    });
    twice
}

// ===== a sum is a scheme, as a pair is =====

type Pair<A, B> = (A, B);

impl<K: Slot, F: Slot, S: Slot> Scheme for Sum<K, F, S> {
    type Mode = <Pair<Pair<K, F>, S> as Scheme>::Mode;
    type Credentials = <Pair<Pair<K, F>, S> as Scheme>::Credentials;
    type Sent = <Pair<Pair<K, F>, S> as Scheme>::Sent;
    type Acquire = <Pair<Pair<K, F>, S> as Scheme>::Acquire;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        self.0.acquire(request, refused)
    }

    #[inline]
    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.0.acquire_mut(request)
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.0.is_same(sent, next)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
    }
}

impl<B, K, F, S> Authorize<B> for Sum<K, F, S>
where
    K: Slot + Authorize<B>,
    F: Slot + Authorize<B>,
    S: Slot + Authorize<B>,
{
    #[inline]
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        self.0.authorize(credentials, request)
    }
}

impl<C, K: Slot, F: Slot, S: Slot> Layer<C> for Sum<K, F, S> {
    type Service = <<Self as Scheme>::Mode as Mode>::Service<C, Self, NoReplay>;

    fn layer(&self, inner: C) -> Self::Service {
        <<Self as Scheme>::Mode as Mode>::wrap(inner, self.clone(), Scope::default(), NoReplay)
    }
}

/// Prints the terms in the order in which requests meet them.
impl<K: fmt::Debug, F: fmt::Debug, S: Slot + fmt::Debug> fmt::Debug for Sum<K, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(((keys, finisher), seal)) = self;
        let mut sum = f.debug_struct("Sum");
        sum.field("keys", keys).field("finisher", finisher);
        if !S::IS_EMPTY {
            sum.field("seal", seal);
        }
        sum.finish()
    }
}
