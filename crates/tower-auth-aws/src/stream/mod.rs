//! Bodies that are signed while they are sent.

mod chain;
mod checksum;
mod events;

pub use self::{chain::ChunkSigner, checksum::Checksum, events::EventSigner};
