//! Locks that are gone when their process is.

use super::{
    StoreError, StoreErrorKind,
    disk::{self, OpenError},
};
use fs4::{FileExt, TryLockError};
use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    future::Future,
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tokio::runtime::Handle;

/// How long to wait for somebody who reads, changes and writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before looking again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The lock for changing the file.
pub(super) fn of_file(path: &Path) -> PathBuf {
    disk::beside(path, ".lock")
}

/// The lock for fetching under a key: each key has its own, so that a slow one delays no other.
pub(super) fn of_key(path: &Path, key: &str) -> PathBuf {
    disk::beside(path, &format!(".{:016x}.lock", fnv1a(key.as_bytes())))
}

/// The same in every process and version. Keys that share one only wait for each other.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    disk::open(&mut options, path).map_err(|error| match error {
        OpenError::NotAFile(error) => error,
        OpenError::Io(error) => disk::io("lock", path, error),
    })
}

/// The locked file; `None` when somebody else holds the lock.
fn if_free(file: File) -> Result<Option<File>, StoreError> {
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(TryLockError::Error(error)) => Err(no_lock(error)),
    }
}

/// The lock of a key; `None` when somebody else holds it.
pub(super) fn of_key_if_free(path: &Path) -> Result<Option<KeyLock>, StoreError> {
    key_if_free(open(path)?, path)
}

fn key_if_free(file: File, path: &Path) -> Result<Option<KeyLock>, StoreError> {
    let Some(file) = if_free(file)? else {
        return Ok(None);
    };
    if !is_there(&file, path) {
        // Its last holder removed it after it was opened here: others look at another file by now.
        return Ok(None);
    }
    Ok(Some(KeyLock {
        path: path.to_owned(),
        file,
    }))
}

/// A lock of a key. Its file goes with it: there are as many keys as a program has had users.
///
/// That is no race, since the file is removed by who holds its lock, and whoever gets the lock of a file that is not at
/// its path any more does not count that.
pub(super) struct KeyLock {
    path: PathBuf,
    file: File,
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // Where it cannot be told whether a file is still at its path, it has to stay.
        if cfg!(unix) && is_there(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether this is what is at the path. It is opened once more, since a network file system may answer from memory
/// otherwise.
#[cfg(unix)]
fn is_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |file: &File| file.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
    let found = disk::open(OpenOptions::new().read(true), path).ok();
    found.is_some_and(|found| identity(&found).is_some() && identity(&found) == identity(file))
}

#[cfg(not(unix))]
fn is_there(_: &File, _: &Path) -> bool {
    true
}

fn no_lock(error: io::Error) -> StoreError {
    StoreError::new(
        StoreErrorKind::Io,
        "the file system gives no lock; keep the file on another",
    )
    .with_source(error)
}

fn busy() -> StoreError {
    StoreError::new(
        StoreErrorKind::Busy,
        "another process holds the lock of the tokens for too long; end it, or allow a longer `lock_timeout`",
    )
}

/// The waits between looks, until patience is at its end.
fn waits(patience: Duration) -> impl Iterator<Item = Duration> {
    let mut left = patience;
    let mut next = FIRST_WAIT;
    std::iter::from_fn(move || {
        let wait = next.min(left);
        if wait.is_zero() {
            return None;
        }
        left -= wait;
        next = (next * 2).min(LONGEST_WAIT);
        Some(wait)
    })
}

/// Waits for a lock without holding up a thread of the runtime.
pub(super) async fn wait<T, F>(patience: Duration, attempt: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<Option<T>, StoreError>>,
{
    for wait in waits(patience) {
        if let Some(lock) = attempt().await? {
            return Ok(lock);
        }
        match Handle::try_current() {
            Ok(_) => tokio::time::sleep(wait).await,
            Err(_) => thread::sleep(wait),
        }
    }
    attempt().await?.ok_or_else(busy)
}

/// Waits for the lock on a thread that may block. `None` where the file system has no locks at all: the file is changed
/// there all the same, since a refresh token that is not saved is a session lost.
pub(super) fn for_change(path: &Path) -> Result<Option<File>, StoreError> {
    let attempt = || match if_free(open(path)?) {
        Err(error) if has_no_locks(&error) => Ok(Some(None)),
        result => Ok(result?.map(Some)),
    };
    for wait in waits(PATIENCE) {
        if let Some(lock) = attempt()? {
            return Ok(lock);
        }
        thread::sleep(wait);
    }
    attempt()?.ok_or_else(busy)
}

fn has_no_locks(error: &StoreError) -> bool {
    let cause = error.cause().and_then(<dyn Error>::downcast_ref);
    cause.is_some_and(|cause: &io::Error| {
        #[cfg(unix)]
        if cause.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
            return true; // a network file system without its lock daemon
        }
        cause.kind() == io::ErrorKind::Unsupported
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_had_by_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = of_key(&directory.path().join("tokens.json"), "key");
        let first = of_key_if_free(&path).unwrap();
        assert!(first.is_some());
        assert!(of_key_if_free(&path).unwrap().is_none());
        drop(first);
        assert_eq!(path.exists(), !cfg!(unix));
        assert!(of_key_if_free(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_of_a_file_that_was_removed_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let late = open(&path).unwrap();
        drop(of_key_if_free(&path).unwrap());
        let again = late.try_clone().unwrap();
        assert!(key_if_free(again, &path).unwrap().is_none());
        let _next = of_key_if_free(&path).unwrap().unwrap();
        assert!(key_if_free(late, &path).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_file_system_without_locks_is_taken_for_one() {
        use rustix::io::Errno;
        for (errno, none) in [
            (Errno::NOLCK, true),
            (Errno::OPNOTSUPP, true),
            (Errno::NOSYS, true),
            (Errno::IO, false),
            (Errno::ACCESS, false),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(has_no_locks(&no_lock(error)), none, "{errno}");
        }
        assert!(!has_no_locks(&busy()));
    }

    #[test]
    fn keys_have_locks_of_their_own_with_names_that_never_change() {
        let path = Path::new("directory/tokens.json");
        assert_eq!(of_file(path), Path::new("directory/.tokens.json.lock"));
        // The published test vectors of FNV-1a, 64 bit.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(
            of_key(path, "foobar"),
            Path::new("directory/.tokens.json.85944171f73967e8.lock")
        );
    }

    #[test]
    fn waits_are_bounded_by_patience() {
        let waits: Vec<_> = waits(Duration::from_secs(1)).collect();
        assert_eq!(waits.iter().sum::<Duration>(), Duration::from_secs(1));
        assert!(waits.iter().all(|wait| *wait <= LONGEST_WAIT));
    }
}
