//! Requests to STS are signed like any other.

use crate::credentials::{CredentialsError, error::Errors};
use crate::{Credentials, PayloadHash, Signer};
use http::Request;
use std::time::SystemTime;
use tower_auth_http::Body;

pub(super) fn sign(
    mut request: Request<Body>,
    body: &[u8],
    credentials: &Credentials,
    region: &str,
    now: SystemTime,
    errors: Errors,
) -> Result<Request<Body>, CredentialsError> {
    Signer::new("sts", region)
        .and_then(|signer| signer.sign(credentials, now, &mut request, PayloadHash::of(body)))
        .map_err(|error| {
            errors
                .configuration("the request to STS cannot be signed")
                .with_source(error)
        })?;
    Ok(request)
}
