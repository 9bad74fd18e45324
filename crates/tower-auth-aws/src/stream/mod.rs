//! Bodies that are signed while they are sent.

mod chain;
mod checksum;
mod chunk_signed;
mod event_signed;
mod events;
pub(crate) mod framing;

pub(crate) use self::event_signed::server_time;
pub use self::{
    chain::ChunkSigner,
    checksum::Checksum,
    chunk_signed::{ChunkError, ChunkSigned},
    event_signed::{EventError, EventSigned},
    events::EventSigner,
};
