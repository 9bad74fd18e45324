//! `HMAC-SHA1` (RFC 5849 section 3.4.2) and its like with other hashes.

use hmac::{
    Hmac, KeyInit, Mac,
    digest::{Output, block_api::EagerHash},
};

/// An HMAC that has taken in its key: a request clones it, which is cheaper than hashing the key again.
#[derive(Clone)]
pub(crate) struct Keyed<D: EagerHash>(Hmac<D>);

impl<D: EagerHash> Keyed<D> {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    pub(crate) fn sign(&self, base_string: &[u8]) -> Output<Hmac<D>> {
        let mut mac = self.0.clone();
        mac.update(base_string);
        mac.finalize().into_bytes()
    }
}
