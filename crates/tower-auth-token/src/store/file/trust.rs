//! Whether a file can be believed.

use super::{StoreError, StoreErrorKind};
use std::{fs::Metadata, path::Path};

/// Who can write a file of tokens decides what requests carry, so that may be its owner only: this user, or root, who can
/// do so anyway.
#[cfg(unix)]
pub(super) fn check(path: &Path, meta: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    const OTHERS_WRITE: u32 = 0o022;
    let path = path.display();
    let ours = rustix::process::geteuid().as_raw();
    let (owner, mode) = (meta.uid(), meta.permissions().mode() & 0o7777);
    let text = if owner != ours && owner != 0 {
        format!("`{path}` belongs to user {owner}, not to {ours}; `chown` it, or remove it")
    } else if mode & OTHERS_WRITE != 0 {
        format!(
            "`{path}` can be written by others (mode {mode:o}); look what it holds, then `chmod 600` it"
        )
    } else {
        return Ok(());
    };
    Err(StoreError::new(StoreErrorKind::Untrusted, text))
}

/// Elsewhere, the folder says who can write.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &Metadata) -> Result<(), StoreError> {
    Ok(())
}
