//! Files, read within limits.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// Far longer than a disk takes: for pipes that nobody writes to, and file servers that are gone.
const LONGEST: Duration = Duration::from_secs(10);
/// How long until a pipe is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// Why a file could not be read, or written.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    Unwritten(io::Error),
    TooLarge(usize),
    NotText,
}

impl FileError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Io(error),
        }
    }

    pub(super) fn unwritten(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Unwritten(error),
        }
    }

    /// Whether it was the machine that failed, and not what the file holds.
    pub fn is_io(&self) -> bool {
        matches!(self.problem, Problem::Io(_) | Problem::Unwritten(_))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Io(error) => write!(
                f,
                "`{path}` cannot be read: {error}; may this user read it?"
            ),
            Problem::Unwritten(error) => {
                write!(
                    f,
                    "`{path}` cannot be written: {error}; may this user write there?"
                )
            }
            Problem::TooLarge(max) => write!(
                f,
                "`{path}` is longer than {max} bytes; is it the right file?"
            ),
            Problem::NotText => write!(f, "`{path}` is not UTF-8; save it as such"),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) | Problem::Unwritten(error) => Some(error),
            _ => None,
        }
    }
}

pub(super) async fn read(path: &Path, max: usize) -> Result<Option<Secret>, FileError> {
    let owned = path.to_owned();
    // Not with `tokio::fs`, whose buffer would keep a copy that is not wiped.
    let reading = tokio::task::spawn_blocking(move || read_bytes(&owned, max, LONGEST));
    let bytes = match tokio::time::timeout(LONGEST, reading).await {
        Err(_) => return Err(FileError::io(path, io::ErrorKind::TimedOut.into())),
        Ok(Ok(Ok(bytes))) => bytes,
        Ok(Ok(Err(error))) if is_absent(&error) => return Ok(None),
        Ok(Ok(Err(error))) => return Err(FileError::io(path, error)),
        Ok(Err(stopped)) => return Err(FileError::io(path, io::Error::other(stopped))),
    };
    text(path, bytes, max).map(Some)
}

/// What was read, if it is text and not too long.
pub(super) fn text(
    path: &Path,
    bytes: Zeroizing<Vec<u8>>,
    max: usize,
) -> Result<Secret, FileError> {
    let refuse = |problem| FileError {
        path: path.to_owned(),
        problem,
    };
    if bytes.len() > max {
        return Err(refuse(Problem::TooLarge(max)));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Secret::from(text)),
        Err(_) => Err(refuse(Problem::NotText)),
    }
}

/// A file below what is no directory does not exist either: services run with `HOME=/dev/null`.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// One byte more than `max` says that there is more.
///
/// A pipe is waited for here, and no longer than that: a thread that the system kept waiting would not come back, and no
/// runtime ends before all of its threads have.
fn read_bytes(path: &Path, max: usize, longest: Duration) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    let size = usize::try_from(metadata.len()).unwrap_or(max);
    // Room for all of it, and for the probe at its end: growing would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.min(max) + 64));
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut file = file.take(limit);
    let mut waited = Duration::ZERO;
    loop {
        match file.read_to_end(&mut bytes) {
            // Nobody has written yet.
            Ok(_) if is_pipe(&metadata) && bytes.is_empty() => {}
            Ok(_) => return Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if waited >= longest {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

/// Without waiting for somebody who writes.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

pub(super) async fn modified(path: &Path) -> Option<SystemTime> {
    let owned = path.to_owned();
    let asking = tokio::task::spawn_blocking(move || fs::metadata(owned)?.modified());
    tokio::time::timeout(LONGEST, asking).await.ok()?.ok()?.ok()
}

pub(super) async fn is_writable_by_others(path: &Path) -> bool {
    let owned = path.to_owned();
    let asking = tokio::task::spawn_blocking(move || fs::metadata(owned));
    match tokio::time::timeout(LONGEST, asking).await {
        Ok(Ok(Ok(metadata))) => others_write(&metadata),
        _ => false, // reading it will fail, and say why
    }
}

#[cfg(unix)]
fn others_write(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn others_write(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(read(&path, 10).await.unwrap().is_none());
        assert!(read(&path.join("below"), 10).await.unwrap().is_none());
        fs::write(&path, "s3cr3t").unwrap();
        assert_eq!(read(&path, 6).await.unwrap().unwrap().expose(), "s3cr3t");
        let below = read(&path.join("below"), 10).await.unwrap();
        assert!(below.is_none());
        let error = read(&path, 5).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is longer than 5 bytes; is it the right file?"),
            "{error}"
        );
        fs::write(&path, [0xff]).unwrap();
        let error = read(&path, 5).await.unwrap_err();
        assert!(!error.is_io() && error.to_string().contains("UTF-8"));
        assert!(read(folder.path(), 5).await.unwrap_err().is_io());
    }

    #[cfg(unix)]
    #[test]
    fn no_thread_waits_for_ever_for_somebody_to_write_to_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = read_bytes(&path, 10, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let other_end = path.clone();
        let writer = thread::spawn(move || fs::write(other_end, "s3cr3t"));
        let bytes = read_bytes(&path, 10, Duration::from_secs(10)).unwrap();
        assert_eq!(&**bytes, b"s3cr3t");
        writer.join().unwrap().unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_everybody_can_write_is_told_apart() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_writable_by_others(file.path()).await);
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(is_writable_by_others(file.path()).await);
        assert!(modified(file.path()).await.is_some());
    }
}
