//! Files, read within limits.

use super::{CredentialsError, error::Errors};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Duration,
};
use zeroize::Zeroizing;

/// Far longer than a disk takes: for pipes that nobody writes to, and file servers that are gone.
const LONGEST: Duration = Duration::from_secs(10);

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
    let owned = path.to_owned();
    // Not with `tokio::fs`, whose buffer would keep a copy that is not wiped.
    let reading = tokio::task::spawn_blocking(move || read_bytes(&owned, max));
    let Ok(read) = tokio::time::timeout(LONGEST, reading).await else {
        return Err(failed(io::ErrorKind::TimedOut.into()));
    };
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if is_absent(&error) => return Ok(None),
        Ok(Err(error)) => return Err(failed(error)),
        Err(stopped) => return Err(failed(io::Error::other(stopped))),
    };
    if bytes.len() > max {
        let path = path.display();
        return Err(errors.malformed(format!("{what} `{path}` is longer than {max} bytes")));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(without_mark(text).to_owned()))),
        Err(_) => Err(errors.malformed(format!("{what} `{}` is not UTF-8", path.display()))),
    }
}

/// Without the byte order mark that editors on Windows write.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A file below what is no directory does not exist either: services run with `HOME=/dev/null`.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// One byte more than `max` says that there is more.
fn read_bytes(path: &Path, max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(max);
    // Room for all of it, and for the probe at its end: growing would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.min(max) + 64));
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
