//! Requests to STS are signed like any other.

use crate::credentials::{CredentialsError, error::Errors};
use crate::{Credentials, PayloadHash, Signer};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::time::SystemTime;

pub(super) fn sign(
    mut request: Request<Full<Bytes>>,
    body: &[u8],
    credentials: &Credentials,
    region: &str,
    now: SystemTime,
    errors: Errors,
) -> Result<Request<Full<Bytes>>, CredentialsError> {
    Signer::new("sts", region)
        .and_then(|signer| signer.sign(credentials, now, &mut request, PayloadHash::of(body)))
        .map_err(|error| {
            errors
                .configuration("the request to STS cannot be signed")
                .with_source(error)
        })?;
    Ok(request)
}
