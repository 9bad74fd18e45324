//! Where a client sends what it sends.

use crate::Error;
use http::{Uri, uri};
use tower_auth_core::endpoint::parse_any;

pub(crate) fn endpoint(endpoint: impl TryInto<Uri>) -> Result<Uri, Error> {
    let endpoint = endpoint
        .try_into()
        .map_err(|_| Error::request("the endpoint is no URI"))?;
    // Refuses a user name, which no client would send. What may go in the clear, the scope judges.
    let endpoint = as_http(endpoint)?;
    parse_any("endpoint", &endpoint.to_string()).map_err(|error| {
        Error::request("the endpoint has to be like https://api.example.com/graphql")
            .with_source(error)
    })
}

/// A WebSocket begins as HTTP: `wss` stands for `https`, and `ws` for `http`.
fn as_http(endpoint: Uri) -> Result<Uri, Error> {
    let scheme = match endpoint.scheme_str() {
        Some("ws") => uri::Scheme::HTTP,
        Some("wss") => uri::Scheme::HTTPS,
        _ => return Ok(endpoint),
    };
    let mut parts = endpoint.into_parts();
    parts.scheme = Some(scheme);
    Uri::from_parts(parts)
        .map_err(|error| Error::request("the endpoint is no URI").with_source(error))
}
