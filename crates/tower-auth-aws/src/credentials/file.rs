//! Files, read within limits.

use super::{CredentialsError, error::Errors};
use std::{io, path::Path};
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

/// Reads a text file of at most `max` bytes. `None` when there is none.
pub(super) async fn read(
    path: &Path,
    max: usize,
    what: &str,
    errors: Errors,
) -> Result<Option<Zeroizing<String>>, CredentialsError> {
    let failed = |error: io::Error| {
        errors
            .io(format!("{what} `{}` cannot be read", path.display()))
            .with_source(error)
    };
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Sized once, so that no copy of a secret is left behind by growing.
    let size = file.metadata().await.map_err(failed)?.len();
    let size = usize::try_from(size).unwrap_or(max).min(max) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .await
        .map_err(failed)?;
    if bytes.len() > max {
        return Err(errors.malformed(format!(
            "{what} `{}` is longer than {max} bytes",
            path.display()
        )));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(errors.malformed(format!("{what} `{}` is not UTF-8", path.display()))),
    }
}
