//! The two services that schemes become, and where they let credentials go.

mod deferred;
mod fixed;

pub use crate::scope::Scope;

pub use self::{
    deferred::{DeferredAuth, DeferredFuture},
    fixed::{FixedAuth, FixedFuture},
};

/// An inner service that can be cloned, for a request that waits for credentials or is sent a second time.
#[diagnostic::on_unimplemented(
    message = "the service `{Self}` below a scheme that fetches credentials is not `Clone`",
    note = "a request that waits for its credentials takes a clone of the service along: put `tower::buffer::Buffer` around it, or box it as `tower::util::BoxCloneSyncService`",
    note = "schemes whose credentials are fixed do not ask for that"
)]
pub trait CloneService: Clone {}

#[diagnostic::do_not_recommend] // what is missing is said in terms of services
impl<S: Clone> CloneService for S {}

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
