//! Locks that are gone when their process is.

use super::{
    StoreError, StoreErrorKind,
    disk::{self, OpenError},
};
use fs4::{FileExt, TryLockError};
use std::{
    error::Error,
    fs::{File, OpenOptions},
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

pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    disk::open(&mut options, path).map_err(|error| match error {
        OpenError::NotAFile(error) => error,
        OpenError::Io(error) => disk::io("lock", path, error),
    })
}

/// The locked file, or the file again when somebody else holds the lock.
fn attempt(file: File) -> Result<Result<File, File>, StoreError> {
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Ok(file)),
        Err(TryLockError::WouldBlock) => Ok(Err(file)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Ok(Err(file))
        }
        Err(TryLockError::Error(error)) => Err(no_lock(error)),
    }
}

fn no_lock(error: io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the file system gives no lock").with_source(error)
}

fn busy() -> StoreError {
    StoreError::new(
        StoreErrorKind::Busy,
        "another process holds the lock of the tokens for too long",
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

/// Waits for the lock without holding up a thread of the runtime.
pub(super) async fn wait(mut file: File, patience: Duration) -> Result<File, StoreError> {
    if Handle::try_current().is_err() {
        return wait_for(file, patience);
    }
    for wait in waits(patience) {
        match attempt(file)? {
            Ok(locked) => return Ok(locked),
            Err(again) => file = again,
        }
        tokio::time::sleep(wait).await;
    }
    attempt(file)?.map_err(|_| busy())
}

/// Waits for the lock on a thread that may block. `None` where the file system has no locks at all: the file is changed
/// there all the same, since a refresh token that is not saved is a session lost.
pub(super) fn for_change(file: File) -> Result<Option<File>, StoreError> {
    match wait_for(file, PATIENCE) {
        Err(error) if has_no_locks(&error) => Ok(None),
        result => result.map(Some),
    }
}

fn has_no_locks(error: &StoreError) -> bool {
    let cause = error.source().and_then(<dyn Error>::downcast_ref);
    cause.is_some_and(|cause: &io::Error| {
        #[cfg(unix)]
        if cause.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
            return true; // a network file system without its lock daemon
        }
        cause.kind() == io::ErrorKind::Unsupported
    })
}

fn wait_for(mut file: File, patience: Duration) -> Result<File, StoreError> {
    for wait in waits(patience) {
        match attempt(file)? {
            Ok(locked) => return Ok(locked),
            Err(again) => file = again,
        }
        thread::sleep(wait);
    }
    attempt(file)?.map_err(|_| busy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_had_by_one_and_patience_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = of_key(&directory.path().join("tokens.json"), "key");
        let first = wait_for(open(&path).unwrap(), Duration::ZERO).unwrap();
        let error = wait_for(open(&path).unwrap(), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Busy);
        drop(first);
        wait_for(open(&path).unwrap(), Duration::ZERO).unwrap();
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
