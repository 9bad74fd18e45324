//! Ids of what is signed.

use tower_auth_core::{AuthError, ErrorKind};
use tower_auth_jose::base64url;

/// 128 random bits, in base64url: a `jti` (RFC 7519 section 4.1.7).
pub(crate) fn fresh() -> Result<String, AuthError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|_| AuthError::new(ErrorKind::Credentials, "the machine has no randomness"))?;
    Ok(base64url::encode(id))
}
