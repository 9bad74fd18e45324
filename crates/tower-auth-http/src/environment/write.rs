//! Files, replaced as a whole.

use super::file::FileError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};
use tower_auth_core::Secret;

pub(super) async fn replace(path: &Path, content: &Secret) -> Result<(), FileError> {
    // Nobody else's, also where all processes that share a folder have the same number, as in containers.
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| FileError::unwritten(path, io::Error::other(error)))?;
    let temporary = path.with_extension(format!("{:016x}.tmp", u64::from_ne_bytes(random)));
    let (target, content) = (path.to_owned(), content.clone());
    // Not with `tokio::fs`, whose buffer would keep a copy that is not wiped.
    let writing = tokio::task::spawn_blocking(move || {
        let file = create(&temporary)?;
        let result = write_all(file, content.expose().as_bytes())
            .and_then(|()| fs::rename(&temporary, &target));
        if result.is_err() {
            let _ = fs::remove_file(&temporary); // it may not even be there
        }
        result
    });
    let written = writing.await.map_err(io::Error::other);
    written
        .and_then(|result| result)
        .map_err(|error| FileError::unwritten(path, error))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_all(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_as_a_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        fs::write(&path, "old, and longer").unwrap();
        replace(&path, &"s3cr3t".into()).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "s3cr3t");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    /// In every container the first process is number 1, and a folder may be shared.
    #[tokio::test]
    async fn what_another_process_of_the_same_number_is_writing_is_not_in_the_way_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        let id = std::process::id();
        let others: Vec<_> = (0..100)
            .map(|number| path.with_extension(format!("{id}-{number}.tmp")))
            .collect();
        others
            .iter()
            .for_each(|other| fs::write(other, "half").unwrap());
        replace(&path, &"s3cr3t".into()).await.unwrap();
        assert!(others.iter().all(|other| other.exists()));
    }

    #[tokio::test]
    async fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(&folder.path().join("no/token"), &"s3cr3t".into())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("cannot be written") && !text.contains("s3cr3t"));
        // A folder cannot be replaced by a file.
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("in it")).unwrap();
        assert!(replace(&taken, &"s3cr3t".into()).await.unwrap_err().is_io());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
