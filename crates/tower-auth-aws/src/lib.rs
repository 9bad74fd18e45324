//! AWS Signature Version 4 for every tower client.

mod canonical;
mod clock_corrected;
#[cfg(feature = "credentials")]
#[cfg_attr(docsrs, doc(cfg(feature = "credentials")))]
pub mod credentials;
mod hex;
mod holder;
mod identity;
mod key;
mod payload;
mod payload_hash;
mod percent;
mod presign;
mod scheme;
mod signer;
#[cfg(feature = "sigv4a")]
mod sigv4a;
mod sink;
mod stream;
mod timestamp;

pub use self::{
    canonical::{NEVER_SIGNED, PathRules},
    clock_corrected::{AcquireTimed, ClockCorrected, Timed},
    holder::Identity,
    identity::Credentials,
    payload::{Chunked, DeclaredHash, EventStream, HashBody, Payload, Seed, UnsignedPayload},
    payload_hash::PayloadHash,
    scheme::SigV4,
    signer::{SessionToken, Signature, Signer},
    stream::{
        Checksum, ChunkError, ChunkSigned, ChunkSigner, EventError, EventSigned, EventSigner,
    },
};
