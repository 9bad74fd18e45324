//! AWS Signature Version 4 for every tower client.

mod canonical;
mod hex;
mod identity;
mod key;
mod payload_hash;
mod percent;
mod presign;
mod signer;
#[cfg(feature = "sigv4a")]
mod sigv4a;
mod sink;
mod stream;
mod timestamp;

pub use self::{
    canonical::{NEVER_SIGNED, PathRules},
    identity::Credentials,
    payload_hash::PayloadHash,
    signer::{SessionToken, Signature, Signer},
    stream::{Checksum, ChunkSigner, EventSigner},
};
