//! GraphQL over WebSockets.

mod driver;
mod handshake;
mod init;
mod opening;
mod operations;
mod options;
mod params;
mod protocol;
mod serve;
mod sessions;
mod socket;

#[cfg(feature = "ws-http2")]
pub use self::opening::OpeningHandshake;
#[cfg(not(feature = "ws-http2"))]
pub(crate) use self::opening::OpeningHandshake;
pub(crate) use self::{
    handshake::{Handshake, stale},
    sessions::Sessions,
};
pub use self::{options::WebSocket, params::Connecting, protocol::Subprotocol, socket::Socket};

use crate::{Error, subscription::Reconnected};
use bytes::Bytes;
use std::{future::Future, pin::Pin, sync::Arc};

/// Makes a connection.
pub(crate) type Open =
    dyn Fn(Connecting) -> Pin<Box<dyn Future<Output = Result<Socket, Error>> + Send>> + Send + Sync;

/// The request for a connection that was made again: other JSON, or the same.
pub(crate) type Reconnecting =
    Arc<dyn Fn(&Reconnected) -> Result<Option<Bytes>, Error> + Send + Sync>;
