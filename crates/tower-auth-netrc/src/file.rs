//! Where a `.netrc` is, and whether it may be trusted.

use std::{
    env,
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use tower_auth_core::AuthError;
use zeroize::Zeroizing;

/// No `.netrc` is larger, in bytes.
const LARGEST: u64 = 1 << 20;

/// `$NETRC`, or `.netrc` in the home directory (`_netrc` on Windows).
pub(crate) fn default_path() -> Result<PathBuf, AuthError> {
    if let Some(path) = env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let (home, name) = if cfg!(windows) {
        ("USERPROFILE", "_netrc")
    } else {
        ("HOME", ".netrc")
    };
    match env::var_os(home).filter(|path| !path.is_empty()) {
        Some(home) => Ok(Path::new(&home).join(name)),
        None => Err(AuthError::configuration(
            "netrc",
            format!("cannot be found: neither `NETRC` nor `{home}` is set"),
        )),
    }
}

pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, AuthError> {
    let unusable =
        |why: &str| AuthError::configuration("netrc", format!("the file {} {why}", path.display()));
    let failed = |error: io::Error| unusable("cannot be read").with_source(error);
    // Before it is opened, as to open a pipe would wait for somebody to write.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unusable("is not a file"));
    }
    let file = File::open(path).map_err(failed)?;
    // Of the open file, so that nobody can put another in its place in between.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(unusable("is not a file"));
    }
    if is_open_to_others(&metadata) {
        return Err(unusable(
            "can be read or written by others; make it private: `chmod 600`",
        ));
    }
    if metadata.len() > LARGEST {
        return Err(unusable("is larger than 1 MiB"));
    }
    let room = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(LARGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

#[cfg(unix)]
fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Metadata) -> bool {
    false
}
