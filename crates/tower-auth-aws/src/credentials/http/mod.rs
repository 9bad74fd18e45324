//! The HTTP client that providers fetch with.

mod client;
mod connect;
mod exchange;

pub use self::client::HttpClient;
pub(super) use self::exchange::{Exchange, Reply, quotable};
