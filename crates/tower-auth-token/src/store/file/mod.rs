//! A store in a JSON file, in the format of Python's httpx_auth.

mod disk;
mod format;
mod locks;
mod trust;

use self::{disk::Found, format::Blanks, trust::Writers};
use super::{
    Store, StoreError, StoreErrorKind, StoreFuture, StoreLock, StoredToken, blocking::blocking,
    entry,
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Tokens in a JSON file that processes share, Python's
/// [httpx_auth](https://github.com/Colin-b/httpx_auth) (`JsonTokenFileCache`) among them.
///
/// The file is one object: `{"<key>": ["<token>", <expiry>, "<refresh token>" or null], …}`, the expiry in seconds since
/// 1970. Arrays of two are read as well. A token without a known end is written with the end of the year 9999, since
/// httpx_auth wants a number.
///
/// What else is known of a token (its type, scope, ID token, the key it is bound to, and whatever others put there) stands
/// beside it, since httpx_auth reads lists of three only: `"<key>:more": ["<token>", {"id_token": "…", …}]`. It counts for
/// as long as that token is there, so what httpx_auth logs in or refreshes begins anew. A key that ends in `:more` is
/// [refused](StoreErrorKind::Key).
///
/// * **A crash leaves the old file or the new one**, at any moment: the new one is written beside it, made durable, and
///   renamed. Only its owner can read it (mode 0600).
/// * **Locks are those of the operating system** (`flock`, or `LockFileEx`) on files beside it, one for each key: when a
///   process dies, however it dies, its locks are gone. On Unix, so is the file of a key's lock when nobody holds it. They work among users of this crate; httpx_auth takes none.
///   On a file system that has no locks, every fetch reports so to
///   [`Stored::on_store_error`](super::Stored::on_store_error), and goes on without: keep one process there.
/// * **What is not understood is kept.** Other entries stay as they are. A file that is broken, or holds something else
///   under the key, is set aside under another name before a new one is written. So is one of more than 16 MiB, which is not read.
/// * **What is written can be read back.** A save that would make the file larger than that fails alone, and changes
///   nothing ([`TooLarge`](StoreErrorKind::TooLarge)).
/// * **A file that others can write**, or that belongs to another user than this one and root, is neither believed nor
///   changed ([`Untrusted`](StoreErrorKind::Untrusted)): who can write it decides what requests carry. That others can read
///   it is not refused, since httpx_auth makes it so; the first save ends it.
/// * **A file that its group can write**, as Python makes it under a umask of 002, is believed when that group is its
///   owner's alone, as far as `/etc/passwd` and `/etc/group` say: it is the owner's primary group, of the same name, and
///   nobody else is in it. For users that these files do not name (a directory service), and for groups that are shared
///   on purpose, there is [`allow_group_writers`](Self::allow_group_writers).
/// * A symbolic link, a directory or a pipe in its place is an error, and so is writing to a file that is marked
///   read-only. The directory has to be there.
///
/// The work is done on tokio's threads for blocking work; without a runtime, on the thread that polls.
///
/// ```
/// use tower_auth_core::AuthError;
/// use tower_auth_token::{Cache, Fetched, Token, store::{FileStore, Stored}};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("tokens.json");
/// let source = async || Ok::<_, AuthError>(Fetched::new(Token::from("mF_9.B5f-4.1JqM")));
/// let cache = Cache::new(Stored::new(source, FileStore::new(path), "my service"));
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// assert_eq!(cache.get().await?.access().expose(), "mF_9.B5f-4.1JqM");
/// # Ok::<_, AuthError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileStore {
    path: Arc<Path>,
    patience: Duration,
    writers: Writers,
}

impl FileStore {
    /// The file at this path. It is made when something is saved.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into().into(),
            patience: Duration::from_secs(30),
            writers: Writers::Owner,
        }
    }

    /// Believes a file that its group can write, whoever is in it: each of them decides what requests carry, and what a
    /// refresh token is replaced by. One that everybody can write is refused all the same. The first save makes the file
    /// its owner's alone again (mode 0600).
    #[must_use]
    pub fn allow_group_writers(self) -> Self {
        Self {
            writers: Writers::Group,
            ..self
        }
    }

    /// How long to wait for another process that is fetching under the same key. Default: 30 seconds; then the store is
    /// [busy](StoreErrorKind::Busy).
    #[must_use]
    pub fn lock_timeout(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does blocking work where it harms nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Place<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, writers) = (Arc::clone(&self.path), self.writers);
        blocking(move || {
            work(Place {
                path: &path,
                writers,
            })
        })
        .await
    }
}

/// Where the file is, and who may write it.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    writers: Writers,
}

impl Store for FileStore {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        let key = key.to_owned();
        Box::pin(self.blocking(move |Place { path, writers }| {
            check_key(&key)?;
            let broken = || broken(path);
            let text = match disk::read_settled(path, writers, |text| format::parse(text).is_ok())?
            {
                Found::Nothing => return Ok(None),
                Found::Text(text) => text,
                Found::TooMuch => return Err(broken()),
            };
            let entries = format::parse(&text).map_err(|_| broken())?;
            format::token(&entries, &key).map_err(|_| broken())
        }))
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        let (key, token) = (key.to_owned(), token.clone());
        Box::pin(self.blocking(move |place| change(place, &key, Some(&token))))
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        let key = key.to_owned();
        Box::pin(self.blocking(move |place| change(place, &key, None)))
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        Box::pin(async move {
            if !self
                .blocking(|place| Ok(disk::has_folder(place.path)))
                .await?
            {
                // Nothing is there that others could share. Saving says what is wrong.
                return Ok(StoreLock::new(()));
            }
            let path: Arc<Path> = locks::of_key(&self.path, key).into();
            let lock = locks::wait(self.patience, || {
                let path = Arc::clone(&path);
                blocking(move || locks::of_key_if_free(&path))
            });
            Ok(StoreLock::new(lock.await?))
        })
    }
}

fn check_key(key: &str) -> Result<(), StoreError> {
    if key.ends_with(format::MORE) {
        return Err(StoreError::new(
            StoreErrorKind::Key,
            "a key of a token file must not end in `:more`; choose another one",
        ));
    }
    Ok(())
}

/// Reads, changes one entry, and writes, while nobody else does.
fn change(place: Place<'_>, key: &str, token: Option<&StoredToken>) -> Result<(), StoreError> {
    let Place { path, writers } = place;
    check_key(key)?;
    if disk::check_writable(path, writers)? == disk::Place::Empty && token.is_none() {
        return Ok(());
    }
    if !disk::has_folder(path) {
        return Err(no_folder(path));
    }
    let _lock = locks::for_change(&locks::of_file(path))?;
    let found = disk::read_settled(path, writers, |text| format::parse(text).is_ok())?;
    let (text, sound): (&[u8], bool) = match &found {
        Found::Nothing => (b"{}", true),
        Found::Text(text) => (text, true),
        Found::TooMuch => (b"{}", false),
    };
    let (entries, sound) = match format::parse(text) {
        Ok(entries) => {
            let sound = sound && format::token(&entries, key).is_ok();
            (entries, sound)
        }
        Err(_) => (format::Entries::new(), false),
    };
    let ours = [key, &format::beside(key)];
    if token.is_none() && sound && !ours.iter().any(|ours| entries.contains_key(*ours)) {
        return Ok(());
    }
    let mut written = format::write(&entries, key, token, text.len(), Blanks::Some);
    if disk::is_too_large(&written) {
        written = format::write(&entries, key, token, text.len(), Blanks::None);
    }
    if disk::is_too_large(&written) {
        return Err(too_large(path));
    }
    if !sound {
        let aside = disk::set_aside(path)?;
        tracing::warn!(aside = %aside.display(), "a file that is not understood was set aside");
    }
    disk::replace(path, &written)
}

fn too_large(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::TooLarge,
        format!(
            "with this token `{}` would be larger than 16 MiB, more than is ever read; remove tokens that are not used, or \
             take another file",
            path.display()
        ),
    )
}

fn no_folder(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::NoFolder,
        format!(
            "the folder `{}` of the token file is not there; create it",
            disk::directory(path).display()
        ),
    )
}

fn broken(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::Broken,
        format!(
            "`{}` is not a file of tokens; it is set aside when the next token is saved",
            path.display()
        ),
    )
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
