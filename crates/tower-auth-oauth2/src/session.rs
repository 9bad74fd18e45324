//! What is remembered of refresh tokens.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tower_auth_core::Secret;

/// What a scheme knows of the refresh tokens that it sent.
#[derive(Default)]
pub(crate) struct Session {
    /// The refresh token of the settings was replaced: sending it again looks like theft.
    replaced: AtomicBool,
    /// The one whose answer is lost.
    lost: Mutex<Option<Secret>>,
}

impl Session {
    /// This is the refresh token now; if it is not that of the settings, that one was replaced.
    pub(crate) fn knows(&self, first: Option<&Secret>, now: &Secret) {
        if first.is_some_and(|first| first.expose() != now.expose()) {
            self.replaced.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Relaxed)
    }

    pub(crate) fn loses_answer_to(&self, refresh_token: &Secret) {
        *self.lost() = Some(refresh_token.clone());
    }

    pub(crate) fn lost_answer_to(&self, refresh_token: &Secret) -> bool {
        let lost = self.lost();
        lost.as_ref()
            .is_some_and(|lost| lost.expose() == refresh_token.expose())
    }

    fn lost(&self) -> MutexGuard<'_, Option<Secret>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
