//! Whether a request that failed may have arrived.

use crate::error::BoxError;
use std::{error::Error as StdError, io};

/// Not when the error says that there was no connection; else nobody knows.
pub(super) fn may_be(error: &BoxError) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error.as_ref());
    while let Some(error) = next {
        if says_unconnected(error) {
            return false;
        }
        next = error.source();
    }
    true
}

fn says_unconnected(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "client")]
    if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
        return error.is_connect();
    }
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(
        kind,
        Some(
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    )
}
