//! Which of the two services a scheme becomes, chosen by the compiler.

use crate::{
    scope::Scope,
    service::{DeferredAuth, FixedAuth},
};

/// Picks the service that a scheme needs. Implemented by [`Fixed`] and [`Deferred`] only.
pub trait Mode: sealed::Sealed {
    /// The service, around `S`, for scheme `A`, replaying by `R`.
    type Service<S, A, R>;

    /// The mode of two schemes together: deferred when either is.
    type Join<M: Mode>: Mode;

    /// Wraps a service.
    fn wrap<S, A, R>(inner: S, scheme: A, scope: Scope, replay: R) -> Self::Service<S, A, R>;
}

/// Modes whose credentials can turn out otherwise at a second try: [`Deferred`], and not [`Fixed`].
#[diagnostic::on_unimplemented(
    message = "fixed credentials do not get better, so a refused request is not replayed with them",
    label = "every credential of this scheme is fixed",
    note = "leave out `.replay(…)`: it is for schemes that fetch or learn, such as `OAuth2`, `TokenAuth` and `Digest`, and for sums with one of them"
)]
pub trait Renewable: Mode {}

impl Renewable for Deferred {}

/// Credentials are fixed: always at hand, and always the same: [`FixedAuth`].
#[derive(Debug)]
pub enum Fixed {}

/// Credentials may have to be fetched, or depend on what servers answered: [`DeferredAuth`].
#[derive(Debug)]
pub enum Deferred {}

impl Mode for Fixed {
    type Service<S, A, R> = FixedAuth<S, A>;
    type Join<M: Mode> = M;

    fn wrap<S, A, R>(inner: S, scheme: A, scope: Scope, _: R) -> FixedAuth<S, A> {
        FixedAuth {
            inner,
            scheme,
            scope,
        }
    }
}

impl Mode for Deferred {
    type Service<S, A, R> = DeferredAuth<S, A, R>;
    type Join<M: Mode> = Self;

    fn wrap<S, A, R>(inner: S, scheme: A, scope: Scope, replay: R) -> DeferredAuth<S, A, R> {
        DeferredAuth {
            inner,
            scheme,
            scope,
            replay,
        }
    }
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
    impl Sealed for super::Fixed {}
    impl Sealed for super::Deferred {}
}
