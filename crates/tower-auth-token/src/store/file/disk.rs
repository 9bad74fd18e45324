//! Reading and replacing the file, so that a crash at any moment leaves a whole one.

use super::{StoreError, StoreErrorKind, trust, trust::Writers};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};
use zeroize::Zeroizing;

/// More than any file of tokens has.
const MOST: u64 = 16 * 1024 * 1024;

/// Whether it could not be read back.
pub(super) fn is_too_large(text: &[u8]) -> bool {
    text.len() as u64 > MOST
}

/// How long to wait, each time, before a file is read again that another program may just be writing in place, as
/// httpx_auth does: 310 ms in all.
const BETWEEN_READS: [u64; 5] = [10, 20, 40, 80, 160];

/// What others left behind in the middle of writing is removed when it is this much older.
const STALE: Duration = Duration::from_secs(60);

pub(super) fn io(what: &str, path: &Path, error: io::Error) -> StoreError {
    StoreError::new(
        StoreErrorKind::Io,
        format!("cannot {what} `{}`; may this user do that?", path.display()),
    )
    .with_source(error)
}

fn not_a_file(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::NotAFile,
        format!(
            "`{}` is not a regular file (a symbolic link, a directory, a pipe …); it is left alone: give the path of a file",
            path.display()
        ),
    )
}

/// Opens a regular file, and nothing else: it does not follow a link, nor wait for the other end of a pipe.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> Result<File, OpenError> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // Bits of an `int`, which these are.
        options.custom_flags(flags.bits().try_into().unwrap_or_default());
        options.mode(0o600);
    }
    let is_link = || fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file());
    let file = match options.open(path) {
        Ok(file) => file,
        Err(_) if is_link() => return Err(OpenError::NotAFile(not_a_file(path))),
        Err(error) => return Err(OpenError::Io(error)),
    };
    match file.metadata() {
        Ok(meta) if meta.is_file() && !(cfg!(not(unix)) && is_link()) => Ok(file),
        Ok(_) => Err(OpenError::NotAFile(not_a_file(path))),
        Err(error) => Err(OpenError::Io(error)),
    }
}

pub(super) enum OpenError {
    NotAFile(StoreError),
    Io(io::Error),
}

/// What is at the path.
pub(super) enum Found {
    Nothing,
    Text(Zeroizing<Vec<u8>>),
    /// More than is ever read.
    TooMuch,
}

/// What is there. A text that does not look sound is read a few times, since somebody may be writing it.
pub(super) fn read_settled(
    path: &Path,
    writers: Writers,
    sound: impl Fn(&[u8]) -> bool,
) -> Result<Found, StoreError> {
    for wait in BETWEEN_READS {
        match read(path, writers)? {
            Found::Text(text) if !sound(&text) => thread::sleep(Duration::from_millis(wait)),
            found => return Ok(found),
        }
    }
    read(path, writers)
}

fn read(path: &Path, writers: Writers) -> Result<Found, StoreError> {
    let mut file = match open(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Found::Nothing);
        }
        Err(OpenError::Io(error)) => return Err(io("read", path, error)),
        Err(OpenError::NotAFile(error)) => return Err(error),
    };
    let meta = file
        .metadata()
        .map_err(|error| io("look at", path, error))?;
    trust::check(path, &meta, writers)?;
    let size = meta.len();
    if size > MOST {
        return Ok(Found::TooMuch);
    }
    // With room for one more byte, so that reading to the end does not grow it and leave a copy behind.
    let size = usize::try_from(size).unwrap_or_default();
    let mut text = Zeroizing::new(Vec::with_capacity(size + 64));
    (&mut file)
        .take(MOST + 1)
        .read_to_end(&mut text)
        .map_err(|error| io("read", path, error))?;
    if is_too_large(&text) {
        return Ok(Found::TooMuch); // it has grown meanwhile
    }
    Ok(Found::Text(text))
}

/// Whether anything is there.
#[derive(PartialEq)]
pub(super) enum Place {
    Empty,
    Taken,
}

/// Whether what is there may be replaced.
pub(super) fn check_writable(path: &Path, writers: Writers) -> Result<Place, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Place::Empty),
        Err(error) => Err(io("look at", path, error)),
        Ok(meta) if !meta.is_file() => Err(not_a_file(path)),
        Ok(meta) if meta.permissions().readonly() => Err(StoreError::new(
            StoreErrorKind::ReadOnly,
            format!(
                "`{}` is marked read-only; it is left alone until it can be written",
                path.display()
            ),
        )),
        Ok(meta) => trust::check(path, &meta, writers).map(|()| Place::Taken),
    }
}

/// The file's name with something before and after it, in the same directory.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}

/// Gives the file another name. It keeps its own until it is replaced, where the file system can do that.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    keep_from_others(path)?;
    for number in 1..=1000 {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".broken-{number}"));
        let aside = path.with_file_name(name);
        match fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) if fs::symlink_metadata(&aside).is_ok() => {}
            Err(_) => {
                // No hard links here.
                let renamed = fs::rename(path, &aside);
                return match renamed {
                    Ok(()) => Ok(aside),
                    Err(error) => Err(io("set aside", path, error)),
                };
            }
        }
    }
    Err(StoreError::new(
        StoreErrorKind::Broken,
        format!(
            "`{}` was set aside too often; remove what is broken",
            path.display()
        ),
    ))
}

/// What is set aside holds tokens: a whole file was not understood, not each of its entries.
fn keep_from_others(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = match open(OpenOptions::new().read(true), path) {
            Ok(file) => file,
            Err(OpenError::Io(error)) => return Err(io("set aside", path, error)),
            Err(OpenError::NotAFile(error)) => return Err(error),
        };
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(|error| io("set aside", path, error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Puts a new file in the place of the old one. It is durable when this is done; before, the old one is there.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let temporary = beside(path, &format!(".{}-{number}.tmp", std::process::id()));
    let written = write_new(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // Best effort: it is older than everything that comes after, and swept then.
        let _ = fs::remove_file(&temporary);
        return Err(io("write", path, error));
    }
    sync_directory(path).map_err(|error| io("write", path, error))?;
    sweep(path);
    Ok(())
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let open_new = |options: &mut OpenOptions| match open(options, path) {
        Ok(file) => Ok(file),
        Err(OpenError::Io(error)) => Err(error),
        Err(OpenError::NotAFile(_)) => Err(io::ErrorKind::AlreadyExists.into()),
    };
    let mut file = match open_new(&mut options) {
        // Left behind by a process that had our number.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            open_new(&mut options)?
        }
        result => result?,
    };
    file.write_all(text)?;
    file.sync_all()
}

/// Makes a rename durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(directory(path))?.sync_all() {
        // Some file systems cannot do this with directories, and do not need it to be asked for.
        Err(error) if cannot(&error) => Ok(()),
        result => result,
    }
}

fn cannot(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

/// Whether there is a directory that the file could be in.
pub(super) fn has_folder(path: &Path) -> bool {
    let folder = fs::metadata(directory(path));
    !folder.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Removes what processes left behind that were killed in the middle of writing: it holds tokens.
fn sweep(path: &Path) {
    let begin = beside(path, ".");
    let (Some(begin), Ok(entries)) = (begin.file_name(), fs::read_dir(directory(path))) else {
        return;
    };
    let Ok(now) = fs::metadata(path).and_then(|meta| meta.modified()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let ours = name.starts_with(begin.as_encoded_bytes()) && name.ends_with(b".tmp");
        let stale = || {
            let modified = entry.metadata().and_then(|meta| meta.modified());
            modified.is_ok_and(|then| now.duration_since(then).is_ok_and(|age| age > STALE))
        };
        if ours && stale() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
