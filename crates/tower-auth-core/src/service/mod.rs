//! The two services that schemes become, and where they let credentials go.

mod deferred;
mod fixed;

pub use crate::scope::Scope;

pub use self::{
    deferred::{DeferredAuth, DeferredFuture},
    fixed::{FixedAuth, FixedFuture},
};

/// Access to the service inside, as everywhere in tower.
macro_rules! access_inner {
    () => {
        /// The inner service.
        pub fn get_ref(&self) -> &S {
            &self.inner
        }

        /// The inner service, mutably.
        pub fn get_mut(&mut self) -> &mut S {
            &mut self.inner
        }

        /// The inner service, by value.
        pub fn into_inner(self) -> S {
            self.inner
        }
    };
}
pub(crate) use access_inner;
