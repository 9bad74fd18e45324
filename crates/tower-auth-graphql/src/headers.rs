//! The one way in which headers get onto a request: `HeaderMap` panics when it is full.

use crate::Error;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Puts these headers in the place of those of the same names.
///
/// # Errors
///
/// When there are more than a header map can hold.
pub(crate) fn overwrite(headers: &mut HeaderMap, with: &HeaderMap) -> Result<(), Error> {
    for name in with.keys() {
        headers.remove(name);
    }
    for (name, value) in with {
        headers
            .try_append(name, value.clone())
            .map_err(|_| too_many())?;
    }
    Ok(())
}

/// Puts this header in the place of those of its name.
///
/// # Errors
///
/// When there are more than a header map can hold.
pub(crate) fn insert(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), Error> {
    headers
        .try_insert(name, value)
        .map(drop)
        .map_err(|_| too_many())
}

fn too_many() -> Error {
    Error::request("the request has more headers than a request can have")
}
