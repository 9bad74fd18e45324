//! A store in the keyring of the operating system.

use super::{
    MemoryStore, Store, StoreError, StoreErrorKind, StoreFuture, StoreLock, StoredToken,
    blocking::blocking, entry,
};
use keyring_core::{CredentialStore, Entry, Error};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// Tokens in the keyring of the operating system, or any other credential store of the
/// [keyring](https://docs.rs/keyring-core) family.
///
/// Pick the crate of the keyring that you want (`apple-native-keyring-store`, `windows-native-keyring-store`,
/// `zbus-secret-service-keyring-store` …) and hand its store over. Each token is one secret: service as given here, user
/// the key, value `["<token>", <expiry>, "<refresh token>" or null]`, with an object of what else is known of the token as
/// a fourth element, if there is anything. Some keyrings hold little: that of Windows 2560
/// bytes; a token that is longer cannot be saved, and is used from memory.
///
/// Keyrings have no locks. Within a process there is one refresh at a time; to keep processes apart as well, borrow the
/// locks of a store that has some, with [`locked_by`](Self::locked_by).
///
/// ```
/// use tower_auth_core::AuthError;
/// use tower_auth_token::{Cache, Fetched, Token, store::{KeyringStore, Stored}};
///
/// let keyring = keyring_core::mock::Store::new()?; // the keyring of your platform
/// let source = async || Ok::<_, AuthError>(Fetched::new(Token::from("mF_9.B5f-4.1JqM")));
/// let cache = Cache::new(Stored::new(source, KeyringStore::new(keyring, "my program"), "alice"));
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// assert_eq!(cache.get().await?.access().expose(), "mF_9.B5f-4.1JqM");
/// # Ok::<_, AuthError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyringStore {
    keyring: Arc<CredentialStore>,
    service: Arc<str>,
    locks: Arc<dyn Store>,
}

impl KeyringStore {
    /// Secrets of this service, in this keyring.
    pub fn new(keyring: Arc<CredentialStore>, service: impl Into<Arc<str>>) -> Self {
        Self {
            keyring,
            service: service.into(),
            locks: Arc::new(MemoryStore::new()),
        }
    }

    /// Takes its locks from another store, in which nothing is kept: a `FileStore` keeps processes apart.
    #[must_use]
    pub fn locked_by(self, locks: impl Store) -> Self {
        let locks = Arc::new(locks);
        Self { locks, ..self }
    }

    async fn with<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce(Entry) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (keyring, service) = (Arc::clone(&self.keyring), Arc::clone(&self.service));
        let key = key.to_owned();
        blocking(move || {
            let entry = keyring.build(&service, &key, None);
            work(entry.map_err(failed)?)
        })
        .await
    }
}

impl Store for KeyringStore {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        Box::pin(self.with(key, |entry| match entry.get_secret() {
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(secret) => {
                let secret = Zeroizing::new(secret);
                match read(&secret) {
                    Some(token) => Ok(Some(token)),
                    None => Err(foreign()),
                }
            }
        }))
    }

    fn save<'a>(&'a self, key: &'a str, token: &'a StoredToken) -> StoreFuture<'a, ()> {
        let mut text = Zeroizing::new(Vec::with_capacity(entry::room(token)));
        entry::write_whole(&mut text, token);
        Box::pin(self.with(key, move |entry| {
            // There is no place to set aside what belongs to somebody else, so it stays.
            let found = entry.get_secret().map(Zeroizing::new);
            if found.is_ok_and(|found| read(&found).is_none()) {
                return Err(foreign());
            }
            entry.set_secret(&text).map_err(failed)
        }))
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(self.with(key, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(error)),
        }))
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, StoreLock> {
        self.locks.lock(key)
    }
}

fn read(secret: &[u8]) -> Option<StoredToken> {
    entry::read(std::str::from_utf8(secret).ok()?)
}

fn foreign() -> StoreError {
    StoreError::new(
        StoreErrorKind::Broken,
        "what the keyring holds under this service and key is not a token; it is left alone: take another key",
    )
}

/// Some of the keyring's errors hold the secret, so only what they are is told, and what the platform says.
fn failed(error: Error) -> StoreError {
    let kind = match error {
        Error::TooLong(..) => StoreErrorKind::TooLarge,
        _ => StoreErrorKind::Io,
    };
    let (context, cause) = match error {
        Error::PlatformFailure(cause) => ("the keyring failed; is it running?", Some(cause)),
        Error::NoStorageAccess(cause) => {
            ("the keyring is locked or not there; unlock it", Some(cause))
        }
        Error::TooLong(..) => (
            "the token or its key is too long for the keyring; take a file",
            None,
        ),
        Error::NoEntry => ("the keyring lost the token; log in again", None),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => (
            "what the keyring holds cannot be read; remove it there",
            None,
        ),
        Error::Ambiguous(_) => (
            "the keyring holds several secrets under this key; take another",
            None,
        ),
        _ => ("the keyring cannot do this; take a file", None),
    };
    let error = StoreError::new(kind, context);
    match cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore")
            .field("vendor", &self.keyring.vendor())
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyring_core::{api::CredentialStoreApi as _, mock};
    use tower_auth_core::Secret;

    fn token(token: &str) -> StoredToken {
        StoredToken::new(token)
            .with_expires_at(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(9))
            .with_refresh(Secret::from("refresh"))
    }

    #[tokio::test]
    async fn a_keyring_keeps_what_is_saved_and_forgets_what_is_removed() {
        let keyring = mock::Store::new().unwrap();
        let store = KeyringStore::new(keyring.clone(), "service");
        assert_eq!(store.load("k").await.unwrap(), None);
        store.remove("k").await.unwrap();
        store.save("k", &token("one")).await.unwrap();
        store.save("k", &token("two")).await.unwrap();
        let secret = keyring.build("service", "k", None).unwrap().get_secret();
        assert_eq!(secret.unwrap(), br#"["two", 9.0, "refresh"]"#);
        let loaded = store.load("k").await.unwrap().unwrap();
        assert_eq!(loaded, token("two"));
        assert_eq!(loaded.expires_at(), token("two").expires_at());
        assert_eq!(store.load("other").await.unwrap(), None);
        store.remove("k").await.unwrap();
        assert_eq!(store.load("k").await.unwrap(), None);
    }

    #[tokio::test]
    async fn all_that_is_known_of_a_token_is_kept_and_what_nobody_knows_as_well() {
        let keyring = mock::Store::new().unwrap();
        let entry = keyring.build("service", "k", None).unwrap();
        let written = r#"["t", 9.0, null, {"id_token": "i", "later": {"x": [1.50]}}]"#;
        entry.set_secret(written.as_bytes()).unwrap();
        let store = KeyringStore::new(keyring, "service");
        let loaded = store.load("k").await.unwrap().unwrap();
        assert_eq!(loaded.id_token().unwrap().expose(), "i");
        let more = loaded.with_scope(Secret::from("a b"));
        store.save("k", &more).await.unwrap();
        assert_eq!(
            String::from_utf8(entry.get_secret().unwrap()).unwrap(),
            r#"["t", 9.0, null, {"id_token": "i", "later": {"x": [1.50]}, "scope": "a b"}]"#
        );
    }

    #[tokio::test]
    async fn a_secret_that_is_no_token_is_left_alone() {
        let keyring = mock::Store::new().unwrap();
        let entry = keyring.build("service", "k", None).unwrap();
        entry.set_secret(b"hunter2").unwrap();
        let store = KeyringStore::new(keyring, "service");
        for error in [
            store.load("k").await.unwrap_err(),
            store.save("k", &token("t")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::Broken);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        assert_eq!(entry.get_secret().unwrap(), b"hunter2");
    }

    #[tokio::test]
    async fn errors_of_the_keyring_do_not_show_what_it_holds() {
        let keyring = mock::Store::new().unwrap();
        let entry = keyring.build("service", "k", None).unwrap();
        let store = KeyringStore::new(keyring, "service");
        let planted = || std::io::Error::other("the session is locked").into();
        let io = StoreErrorKind::Io;
        for (error, kind) in [
            (Error::PlatformFailure(planted()), io),
            (Error::NoStorageAccess(planted()), io),
            (Error::BadEncoding(b"hunter2".to_vec()), io),
            (Error::BadDataFormat(b"hunter2".to_vec(), planted()), io),
            (
                Error::TooLong("password".to_owned(), 2560),
                StoreErrorKind::TooLarge,
            ),
        ] {
            let mock: &mock::Cred = entry.as_any().downcast_ref().unwrap();
            mock.set_error(error);
            let error = store.load("k").await.unwrap_err();
            assert_eq!(error.kind(), kind);
            let shown = format!("{error} {error:?}");
            // As text and as the bytes that `Debug` shows.
            assert!(
                !shown.contains("hunter2") && !shown.contains("104, 117"),
                "{shown}"
            );
        }
    }

    #[tokio::test]
    async fn locks_come_from_the_store_that_lends_them() {
        let locks = MemoryStore::new();
        let keyring = mock::Store::new().unwrap();
        let store = KeyringStore::new(keyring, "service").locked_by(locks.clone());
        let _held = locks.lock("k").await.unwrap();
        let wait = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(wait, store.lock("k")).await.is_err());
        assert!(store.lock("other").await.is_ok());
    }
}
