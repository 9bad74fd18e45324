//! What a login gave, before it is in the store.

use crate::TokenResponse;
use std::sync::{Mutex, PoisonError};

/// A token that waits to be fetched.
#[derive(Default)]
pub(crate) struct Landed(Mutex<Option<TokenResponse>>);

impl Landed {
    pub(crate) fn put(&self, response: Option<TokenResponse>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = response;
    }

    pub(crate) fn take(&self) -> Option<TokenResponse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
