//! Files, as a provider reads them.

use super::{CredentialsError, Env, error::Errors};
use std::path::Path;
use tower_auth_core::Secret;

/// Reads a text file of at most `max` bytes. `None` when there is none.
pub(super) async fn read(
    env: &Env,
    path: &Path,
    max: usize,
    what: &str,
    errors: Errors,
) -> Result<Option<Secret>, CredentialsError> {
    env.read(path, max).await.map_err(|error| {
        let text = format!("{what} {error}");
        if error.is_io() {
            errors.io(text)
        } else {
            errors.malformed(text)
        }
    })
}

/// Without the byte order mark that editors on Windows write.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
