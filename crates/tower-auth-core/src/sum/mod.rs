//! `a + b`: schemes add up to a scheme.

mod acquire;
mod macros;
mod optional;
mod slot;

pub(crate) use self::optional::some;
pub use self::{
    acquire::AcquireBoth,
    optional::AcquireSome,
    slot::{Finisher, FinisherSlot, Key, KeySlot, NoFinisher, Slot, Term, TermSlot},
};

use crate::{
    AuthError, Authorize, Claim, Mode, RequestHead, Scheme, Scope, Step, replay::NoReplay,
};
use http::Request;
use std::fmt;
use tower_layer::Layer;

/// A sum of schemes, which is a scheme and a layer: any number of keys, then at most one finisher.
///
/// *Keys* write a header or query parameter of their own. The *finisher* writes `Authorization`, or signs. **It runs
/// last whatever the order of the sum**, so that a signature covers every key:
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
/// Two finishers do not compile:
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
pub struct Sum<K, F> {
    keys: K,
    finisher: F,
}

/// What `+` takes on either side: a scheme, or a sum.
pub trait IntoSum {
    /// Its keys: `()` or [`Key`].
    type Keys: Slot;
    /// Its finisher: `()` or [`Finisher`].
    type Finisher: Slot;
    /// As a sum.
    fn into_sum(self) -> Sum<Self::Keys, Self::Finisher>;
}

impl<K: Slot, F: Slot> IntoSum for Sum<K, F> {
    type Keys = K;
    type Finisher = F;

    fn into_sum(self) -> Self {
        self
    }
}

/// Two slots of a sum become one.
pub trait Join<R> {
    /// The slot for both.
    type Output: Slot;
    /// Joins them.
    fn join(self, right: R) -> Self::Output;
}

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

impl<K: Slot, F: Slot> Sum<K, F> {
    pub(crate) fn new(keys: K, finisher: F) -> Self {
        Self { keys, finisher }
    }

    #[doc(hidden)] // what the operators of every scheme call
    #[track_caller]
    pub fn plus<R>(self, right: R) -> Sum<K::Output, F::Output>
    where
        R: IntoSum,
        K: Join<R::Keys>,
        F: Join<R::Finisher>,
    {
        let right = right.into_sum();
        let sum = Sum {
            keys: self.keys.join(right.keys),
            finisher: self.finisher.join(right.finisher),
        };
        if let Some(claim) = first_duplicate(|visit| {
            sum.keys.claims(visit);
            sum.finisher.claims(visit);
        }) {
            panic!("two terms of this sum write {claim}; give one of them another name");
        }
        sum
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<K, F, R> std::ops::$trait<R> for Sum<K, F>
        where
            R: IntoSum,
            K: Slot + Join<R::Keys>,
            F: Slot + Join<R::Finisher>,
        {
            type Output = Sum<<K as Join<R::Keys>>::Output, <F as Join<R::Finisher>>::Output>;

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

// ===== a sum is a scheme =====

impl<K: Slot, F: Slot> Scheme for Sum<K, F> {
    type Mode = <K::Mode as Mode>::Join<F::Mode>;
    type Credentials = (K::Credentials, F::Credentials);
    type Sent = (K::Sent, F::Sent);
    type Acquire = AcquireBoth<K::Acquire, K::Credentials, F::Acquire, F::Credentials>;

    fn acquire(&self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(self.keys.acquire(request), self.finisher.acquire(request))
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(
            self.keys.acquire_mut(request),
            self.finisher.acquire_mut(request),
        )
    }

    fn acquire_again(
        &self,
        request: RequestHead<'_>,
        refused: &Self::Sent,
    ) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(
            self.keys.acquire_again(request, &refused.0),
            self.finisher.acquire_again(request, &refused.1),
        )
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.keys.is_same(&sent.0, &next.0) && self.finisher.is_same(&sent.1, &next.1)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.keys.claims(visit);
        self.finisher.claims(visit);
    }
}

impl<B, K, F> Authorize<B> for Sum<K, F>
where
    K: Slot + Authorize<B>,
    F: Slot + Authorize<B>,
{
    fn authorize(
        &self,
        (keys, finisher): Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        Ok((
            self.keys.authorize(keys, request)?,
            self.finisher.authorize(finisher, request)?,
        ))
    }
}

impl<S, K: Slot, F: Slot> Layer<S> for Sum<K, F> {
    type Service = <<Self as Scheme>::Mode as Mode>::Service<S, Self, NoReplay>;

    fn layer(&self, inner: S) -> Self::Service {
        <<Self as Scheme>::Mode as Mode>::wrap(inner, self.clone(), Scope::default(), NoReplay)
    }
}

/// Prints the terms in the order in which requests meet them.
impl<K: fmt::Debug, F: fmt::Debug> fmt::Debug for Sum<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sum")
            .field("keys", &self.keys)
            .field("finisher", &self.finisher)
            .finish()
    }
}

// ===== two keys are a scheme =====

impl<A: Scheme, B: Scheme> Scheme for (A, B) {
    type Mode = <A::Mode as Mode>::Join<B::Mode>;
    type Credentials = (A::Credentials, B::Credentials);
    type Sent = (A::Sent, B::Sent);
    type Acquire = AcquireBoth<A::Acquire, A::Credentials, B::Acquire, B::Credentials>;

    fn acquire(&self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(self.0.acquire(request), self.1.acquire(request))
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(self.0.acquire_mut(request), self.1.acquire_mut(request))
    }

    fn acquire_again(
        &self,
        request: RequestHead<'_>,
        refused: &Self::Sent,
    ) -> Step<Self::Credentials, Self::Acquire> {
        AcquireBoth::start(
            self.0.acquire_again(request, &refused.0),
            self.1.acquire_again(request, &refused.1),
        )
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.0.is_same(&sent.0, &next.0) && self.1.is_same(&sent.1, &next.1)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.0.claims(visit);
        self.1.claims(visit);
    }
}

impl<T, A: Authorize<T>, B: Authorize<T>> Authorize<T> for (A, B) {
    fn authorize(
        &self,
        (first, second): Self::Credentials,
        request: &mut Request<T>,
    ) -> Result<Self::Sent, AuthError> {
        Ok((
            self.0.authorize(first, request)?,
            self.1.authorize(second, request)?,
        ))
    }
}

// ===== nothing is a scheme: the identity of `+` =====

impl Scheme for () {
    crate::instant_scheme!();

    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for () {
    fn authorize(&self, (): (), _: &mut Request<B>) -> Result<(), AuthError> {
        Ok(())
    }
}
