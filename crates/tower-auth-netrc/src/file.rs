//! Where a `.netrc` is, and whether it may be trusted.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use tower_auth_core::AuthError;
use zeroize::Zeroizing;

/// No `.netrc` is larger, in bytes.
const LARGEST: u64 = 1 << 20;

/// `$NETRC`, or `.netrc` in the home directory.
pub(crate) fn default_path() -> Result<PathBuf, AuthError> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    find(variable, cfg!(windows))
}

/// On Windows as curl has it: `_netrc` when there is no `.netrc`, and `%USERPROFILE%` when there is no `%HOME%`.
fn find(variable: impl Fn(&str) -> Option<OsString>, windows: bool) -> Result<PathBuf, AuthError> {
    if let Some(path) = variable("NETRC") {
        return Ok(path.into());
    }
    let profile = || windows.then(|| variable("USERPROFILE")).flatten();
    let home = variable("HOME").or_else(profile).ok_or_else(|| {
        let home = if windows { "USERPROFILE" } else { "HOME" };
        let why = format!("cannot be found: neither `NETRC` nor `{home}` is set");
        AuthError::configuration("netrc", why)
    })?;
    let path = Path::new(&home).join(".netrc");
    if windows && !path.exists() {
        return Ok(path.with_file_name("_netrc"));
    }
    Ok(path)
}

/// Who may be able to read a file that is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// Its owner only.
    Owner,
    /// Its group, too.
    Group,
}

pub(crate) fn read(path: &Path, trust: Trust) -> Result<Zeroizing<String>, AuthError> {
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
    if is_open_to_others(&metadata, trust) {
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
fn is_open_to_others(metadata: &Metadata, trust: Trust) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let closed = match trust {
        Trust::Owner => 0o077,
        Trust::Group => 0o037,
    };
    metadata.permissions().mode() & closed != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Metadata, _: Trust) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_windows_both_names_are_looked_for_as_curl_does() {
        let home = env::temp_dir().join(format!("tower-auth-netrc-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let profile = |name: &str| (name == "USERPROFILE").then(|| home.clone().into());
        assert_eq!(find(profile, true).unwrap(), home.join("_netrc"));
        fs::write(home.join(".netrc"), "").unwrap();
        assert_eq!(find(profile, true).unwrap(), home.join(".netrc"));
        fs::remove_dir_all(&home).unwrap();
        let both = |name: &str| (name != "NETRC").then(|| name.into());
        assert_eq!(find(both, true).unwrap(), Path::new("HOME").join("_netrc"));
        assert!(find(profile, false).is_err());
    }
}
