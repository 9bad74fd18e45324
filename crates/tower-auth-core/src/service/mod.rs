//! The two services that schemes become.

mod deferred;
mod instant;

pub use self::{
    deferred::{DeferredAuth, DeferredFuture},
    instant::{InstantAuth, InstantFuture},
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
