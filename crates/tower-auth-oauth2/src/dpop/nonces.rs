//! Nonces of servers (RFC 9449 sections 8 and 9).

use super::NONCE;
use http::HeaderMap;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower_auth_core::Origin;

/// So many origins are remembered: those that said something last.
const MOST: usize = 64;
/// What is longer is no nonce that a request should carry.
const LONGEST: usize = 1024;

/// The last nonce of each origin.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<VecDeque<(Origin, Arc<str>)>>);

impl Nonces {
    pub(crate) fn of(&self, origin: &Origin) -> Option<Arc<str>> {
        let nonces = self.lock();
        let known = nonces.iter().find(|(known, _)| known == origin);
        known.map(|(_, nonce)| Arc::clone(nonce))
    }

    /// Keeps the nonce of a response, when it has one that can be sent.
    pub(crate) fn learn(&self, origin: &Origin, headers: &HeaderMap) {
        let Some(nonce) = headers.get(&NONCE).and_then(|nonce| nonce.to_str().ok()) else {
            return;
        };
        // NQCHAR of RFC 6749.
        let is_nonce = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if nonce.is_empty() || nonce.len() > LONGEST || !nonce.bytes().all(is_nonce) {
            return;
        }
        let mut nonces = self.lock();
        if let Some((_, known)) = nonces.iter_mut().find(|(known, _)| known == origin) {
            if **known != *nonce {
                *known = nonce.into();
            }
            return;
        }
        nonces.truncate(MOST - 1);
        nonces.push_front((origin.clone(), nonce.into()));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Origin, Arc<str>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
