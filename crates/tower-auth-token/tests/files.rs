//! The store in a file: C22, C23, and what its directory holds.

mod support;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use support::{START, TokioTime, seconds};
use tower_auth_core::{AuthError, Clock, Secret};
use tower_auth_token::{
    Cache, Fetched, Token,
    store::{FileStore, Store, StoreErrorKind, Stored, StoredToken},
};

fn entry(token: &str, refresh: Option<&str>) -> StoredToken {
    StoredToken::new(token)
        .with_expires_at(SystemTime::UNIX_EPOCH + seconds(START + 3600))
        .with_refresh(refresh.map(Into::into))
}

/// What is written can be read back: what would be too large fails alone.
#[tokio::test]
async fn a_save_that_would_be_too_large_fails_alone_and_nothing_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = FileStore::new(&path);
    let large = "x".repeat(7 * 1024 * 1024);
    let full = format!(
        r#"{{"a": ["a", 1700003600.0, "r"], "b": ["{large}", 1, null], "c": ["{large}", 1, null]}}"#
    );
    fs::write(&path, full).unwrap();
    for (key, token) in [
        ("a", entry(&large, None)),
        ("d", entry("d", None).with_id_token(Secret::from(&large))),
    ] {
        let error = store.save(key, &token).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::TooLarge);
        assert!(error.to_string().contains("16 MiB"), "{error}");
    }
    assert_eq!(store.load("a").await.unwrap(), Some(entry("a", Some("r"))));
    assert!(store.load("c").await.unwrap().is_some());
    assert!(store.load("d").await.unwrap().is_none());
    store.save("e", &entry("e", None)).await.unwrap();
    store.remove("b").await.unwrap();
    store.save("d", &entry(&large, Some("r"))).await.unwrap();
    assert_eq!(names(directory.path()), ["tokens.json"]);
}

/// Blanks between entries that had none must not push a file over the edge when somebody logs out.
#[tokio::test]
async fn an_entry_can_be_removed_from_a_file_that_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let small: String = (0..20_000)
        .map(|n| format!(r#""{n}":["t",1,null],"#))
        .collect();
    let rest = 16 * 1024 * 1024 - small.len() - 40;
    let text = format!(
        r#"{{{small}"k":["t",1,null],"large":"{}"}}"#,
        "x".repeat(rest)
    );
    fs::write(&path, text).unwrap();
    let store = FileStore::new(&path);
    store.remove("k").await.unwrap();
    assert!(store.load("k").await.unwrap().is_none());
    assert!(store.load("19999").await.unwrap().is_some());
    assert_eq!(names(directory.path()), ["tokens.json"]);
}

/// Whoever can write the file decides what requests carry.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_write_is_neither_believed_nor_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let text = r#"{"k": ["planted", 4102444800.0, "r"]}"#;
    let store = FileStore::new(&path);
    for mode in [0o666, 0o622, 0o606, 0o602] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for error in [
            store.load("k").await.unwrap_err(),
            store.save("k", &entry("t", None)).await.unwrap_err(),
            store.remove("k").await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::Untrusted, "{mode:o}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    for mode in [0o600, 0o644, 0o640] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(store.load("k").await.unwrap().is_some(), "{mode:o}");
    }
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(4711), None).is_ok() {
        let error = store.load("k").await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Untrusted);
        assert!(error.to_string().contains("4711"), "{error}");
    }
}

/// Under a umask of 002, Python makes files of mode 0664.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_a_group_can_write_is_believed_when_nobody_else_is_in_it_or_when_that_is_allowed()
 {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let text = r#"{"k": ["shared", 4102444800.0, "r"]}"#;
    let make = |mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let strict = FileStore::new(&path);
    let open = FileStore::new(&path).allow_group_writers();
    for mode in [0o664, 0o660, 0o620] {
        make(mode);
        assert!(open.load("k").await.unwrap().is_some(), "{mode:o}");
        open.save("k", &entry("t", None)).await.unwrap();
        let saved = fs::metadata(&path).unwrap();
        assert_eq!(saved.permissions().mode() & 0o777, 0o600);
    }
    make(0o666);
    let error = open.load("k").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Untrusted);

    // Whether the group of a new file is private is for another program to say.
    let told = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        let text = output.ok().filter(|output| output.status.success())?.stdout;
        Some(String::from_utf8(text).ok()?.trim().to_owned())
    };
    make(0o664);
    let group = fs::metadata(&path).unwrap().gid().to_string();
    if let (Some(user), Some(entry)) = (told("id", &["-un"]), told("getent", &["group", &group])) {
        let is_private = entry.starts_with(&format!("{user}:")) && entry.ends_with(':');
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        let its = |line: &&str| line.split(':').nth(3) == Some(&*group);
        let is_private = is_private && passwd.lines().filter(its).count() == 1;
        let believed = strict.load("k").await.is_ok();
        assert_eq!(believed, is_private, "{entry}");
    }
    // Only root can give a file to any group. Nobody knows who is in this one.
    if chown(&path, None, Some(4711)).is_ok() {
        for error in [
            strict.load("k").await.unwrap_err(),
            strict.save("k", &entry("t", None)).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), StoreErrorKind::Untrusted);
            assert!(error.to_string().contains("allow_group_writers"), "{error}");
        }
        assert!(open.load("k").await.unwrap().is_some());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_set_aside_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    fs::write(&path, "{\"k\": [\"secret\"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    FileStore::new(&path)
        .save("k", &entry("t", None))
        .await
        .unwrap();
    let aside = path.with_file_name("tokens.json.broken-1");
    let mode = fs::metadata(aside).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A lock file goes with its lock, and however many come and go, one at a time has it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_files_of_keys_do_not_pile_up_and_one_has_the_lock() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = FileStore::new(&path);
    for key in 0..50 {
        drop(store.lock(&key.to_string()).await.unwrap());
    }
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, inside) = (FileStore::new(&path), Arc::clone(&inside));
        tasks.spawn(async move {
            for _ in 0..25 {
                let lock = store.lock("k").await.unwrap();
                assert_eq!(inside.fetch_add(1, SeqCst), 0);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, SeqCst);
                drop(lock);
            }
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_key_that_is_the_name_of_what_stands_beside_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path().join("tokens.json"));
    let token = entry("t", None).with_scope(Secret::from("a"));
    store.save("k", &token).await.unwrap();
    for error in [
        store.load("k:more").await.unwrap_err(),
        store.save("k:more", &token).await.unwrap_err(),
        store.remove("k:more").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Key);
    }
    assert_eq!(store.load("k").await.unwrap().unwrap().scope(), Some("a"));
}

/// The names in a directory, the lock files left out.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_keeps_what_is_saved_and_forgets_what_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = FileStore::new(&path);
    assert_eq!(store.load("a").await.unwrap(), None);
    store.remove("a").await.unwrap();
    assert!(!path.exists(), "nothing to remove, nothing to write");
    store.save("a", &entry("t1", Some("r1"))).await.unwrap();
    store.save("b", &entry("t\"2\\", None)).await.unwrap();
    store.save("a", &entry("t3", Some("r3"))).await.unwrap();
    let other = FileStore::new(&path);
    let loaded = other.load("a").await.unwrap().unwrap();
    assert_eq!(loaded, entry("t3", Some("r3")));
    assert_eq!(loaded.expires_at(), entry("", None).expires_at());
    assert_eq!(other.load("b").await.unwrap(), Some(entry("t\"2\\", None)));
    other.remove("a").await.unwrap();
    assert_eq!(store.load("a").await.unwrap(), None);
    assert!(store.load("b").await.unwrap().is_some());
    assert_eq!(names(directory.path()), ["tokens.json"]);
}

/// C22.
#[tokio::test]
async fn entries_that_are_not_understood_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let foreign =
        r#"{"version": 2, "other": {"z": 1, "a": [1.10, 1e400]}, "é": ["t", 1.5, null, "more"]}"#;
    fs::write(&path, foreign).unwrap();
    let store = FileStore::new(&path);
    assert_eq!(store.load("k").await.unwrap(), None);
    store.save("k", &entry("t", None)).await.unwrap();
    store.remove("k").await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for kept in [
        r#""version": 2"#,
        r#""other": {"z": 1, "a": [1.10, 1e400]}"#,
        r#""é": ["t", 1.5, null, "more"]"#,
    ] {
        assert!(text.contains(kept), "{text}");
    }
    assert_eq!(names(directory.path()), ["tokens.json"]);
}

/// C22.
#[tokio::test]
async fn a_broken_file_is_set_aside_and_never_overwritten() {
    let mut tasks = tokio::task::JoinSet::new();
    for broken in [
        "",
        "null",
        "[]",
        "{",
        "{\"k\": [\"t\"",
        "not json",
        "{\"k\": [\"t\", NaN, null]}",
        "\u{feff}{}",
        "{\"k\": \"a token of another program\"}",
        "{\"k\": [\"t\", \"soon\", null], \"kept\": [\"x\", 1.0, null]}",
    ] {
        tasks.spawn(async move {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("tokens.json");
            let store = FileStore::new(&path);
            for number in 1..3 {
                fs::write(&path, broken).unwrap();
                let error = store.load("k").await.unwrap_err();
                assert_eq!(error.kind(), StoreErrorKind::Broken, "{broken}");
                let after = fs::read_to_string(&path).unwrap();
                assert_eq!(after, broken, "reading changes nothing");
                store.save("k", &entry("t", Some("r"))).await.unwrap();
                assert_eq!(store.load("k").await.unwrap(), Some(entry("t", Some("r"))));
                let aside = path.with_file_name(format!("tokens.json.broken-{number}"));
                assert_eq!(fs::read_to_string(aside).unwrap(), broken);
            }
            if broken.contains("kept") {
                let kept = store.load("kept").await.unwrap();
                assert_eq!(kept, Some(entry("x", None)));
            }
            assert_eq!(names(directory.path()).len(), 1 + 2);
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
}

/// C22: a file that is far larger than any of tokens is neither read nor lost.
#[tokio::test]
async fn a_file_of_a_gigabyte_is_not_read_and_is_set_aside() {
    const GIGABYTE: u64 = 1 << 30;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    // It has a hole, so it takes no room.
    fs::File::create(&path).unwrap().set_len(GIGABYTE).unwrap();
    let store = FileStore::new(&path);
    let started = Clock::system().monotonic();
    let error = store.load("k").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Broken);
    store.save("k", &entry("t", Some("r"))).await.unwrap();
    assert!(Clock::system().monotonic() - started < seconds(5));
    assert_eq!(store.load("k").await.unwrap(), Some(entry("t", Some("r"))));
    let aside = path.with_file_name("tokens.json.broken-1");
    assert_eq!(fs::metadata(aside).unwrap().len(), GIGABYTE);
}

/// C22: another program is writing the file in place, as httpx_auth does.
#[test]
fn a_file_that_is_just_being_written_is_read_again_and_not_called_broken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    fs::write(&path, "").unwrap();
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(15));
            fs::write(path, r#"{"k": ["t", 1700003600.0, null]}"#).unwrap();
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let loaded = runtime.block_on(FileStore::new(&path).load("k")).unwrap();
    assert_eq!(loaded, Some(entry("t", None)));
    writer.join().unwrap();
}

/// C22.
#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file_and_the_locks() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    fs::write(&path, "{}").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = FileStore::new(&path);
    let _lock = store.lock("k").await.unwrap();
    store.save("k", &entry("t", None)).await.unwrap();
    let mut files = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the file, its lock, and that of the key");
}

/// C22.
#[cfg(unix)]
#[tokio::test]
async fn a_link_a_directory_and_a_pipe_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target.json");
    fs::write(&target, r#"{"k": ["t", 1700003600.0, null]}"#).unwrap();
    let link = directory.path().join("link.json");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let dangling = directory.path().join("dangling.json");
    std::os::unix::fs::symlink(directory.path().join("nothing"), &dangling).unwrap();
    let folder = directory.path().join("folder.json");
    fs::create_dir(&folder).unwrap();
    let pipe = directory.path().join("pipe.json");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    for path in [&link, &dangling, &folder, &pipe] {
        let store = FileStore::new(path);
        let load = tokio::time::timeout(seconds(5), store.load("k")).await;
        let errors = [
            load.expect("it does not wait for the other end")
                .unwrap_err(),
            store.save("k", &entry("x", None)).await.unwrap_err(),
            store.remove("k").await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), StoreErrorKind::NotAFile, "{error:?}");
        }
        assert!(!fs::symlink_metadata(path).unwrap().is_file());
    }
    assert!(fs::read_to_string(target).unwrap().contains("\"t\""));

    // The same for what the locks are taken on.
    let path = directory.path().join("tokens.json");
    let lock = directory.path().join(".tokens.json.lock");
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), lock).unwrap();
    let error = FileStore::new(&path).save("k", &entry("x", None)).await;
    assert_eq!(error.unwrap_err().kind(), StoreErrorKind::NotAFile);
    assert!(!directory.path().join("elsewhere").exists());
}

/// C22, C23.
#[tokio::test]
async fn a_file_that_is_marked_read_only_survives_and_the_request_goes_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let text = r#"{"k": ["expired", 1.0, "r"]}"#;
    fs::write(&path, text).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();

    let reported = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&reported);
    let source = async || Ok::<_, AuthError>(Fetched::new(Token::from("new")));
    let stored = Stored::new(source, FileStore::new(&path), "k")
        .on_store_error(move |error| report.lock().unwrap().push(error.kind()));
    let cache = Cache::new(stored);
    assert_eq!(cache.get().await.unwrap().access().expose(), "new");
    assert_eq!(*reported.lock().unwrap(), [StoreErrorKind::ReadOnly]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

/// C23.
#[tokio::test]
async fn a_directory_that_is_not_there_is_reported_once_and_the_request_goes_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("tokens.json");
    let reported = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&reported);
    let source = async || Ok::<_, AuthError>(Fetched::new(Token::from("new")));
    let stored = Stored::new(source, FileStore::new(&path), "k").on_store_error(move |error| {
        report
            .lock()
            .unwrap()
            .push((error.kind(), error.to_string()));
    });
    let cache = Cache::new(stored);
    assert_eq!(cache.get().await.unwrap().access().expose(), "new");
    let told = format!(
        "the folder `{}` of the token file is not there; create it",
        path.parent().unwrap().display()
    );
    assert_eq!(
        *reported.lock().unwrap(),
        [(StoreErrorKind::NoFolder, told)]
    );
    cache.clear().await.unwrap();
}

/// What a process leaves behind that was killed while it wrote holds tokens.
#[tokio::test]
async fn what_was_left_behind_in_the_middle_of_writing_is_swept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let file = |name: &str, old: bool| {
        let path = directory.path().join(name);
        fs::write(&path, "{}").unwrap();
        if old {
            let then = SystemTime::UNIX_EPOCH + seconds(START);
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(then).unwrap();
        }
    };
    file(".tokens.json.4711-0.tmp", true);
    file(".tokens.json.4712-0.tmp", false); // may be under way
    file(".other.json.4711-0.tmp", true);
    file("tokens.json.bak", true);
    let store = FileStore::new(&path);
    store.save("k", &entry("t", None)).await.unwrap();
    assert_eq!(
        names(directory.path()),
        [
            ".other.json.4711-0.tmp",
            ".tokens.json.4712-0.tmp",
            "tokens.json",
            "tokens.json.bak"
        ]
    );
}

/// C7, across processes: the lock of one key does not hold up another.
#[tokio::test]
async fn a_key_that_is_being_fetched_delays_no_other_key_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path().join("tokens.json"));
    let patient = store.clone().lock_timeout(Duration::from_millis(50));
    let held = store.lock("slow").await.unwrap();
    let _other = patient.lock("other").await.unwrap();
    patient.save("other", &entry("t", None)).await.unwrap();
    let error = patient.lock("slow").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy);
    drop(held);
    let _again = patient.lock("slow").await.unwrap();
}

#[tokio::test]
async fn writers_of_different_keys_lose_nothing_of_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let mut tasks = tokio::task::JoinSet::new();
    for key in 0..50 {
        let store = FileStore::new(&path); // each with its own descriptor
        tasks.spawn(async move {
            let token = entry(&format!("t{key}"), None);
            store.save(&format!("k{key}"), &token).await.unwrap();
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    let store = FileStore::new(&path);
    for key in 0..50 {
        let loaded = store.load(&format!("k{key}")).await.unwrap();
        assert_eq!(loaded, Some(entry(&format!("t{key}"), None)));
    }
}

/// Without a runtime, the work is done where it is polled.
#[test]
fn a_file_can_be_used_without_a_runtime() {
    use std::task::{Context, Poll, Waker};
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path().join("tokens.json"));
    let cx = &mut Context::from_waker(Waker::noop());
    let lock = store.lock("k").as_mut().poll(cx);
    assert!(matches!(lock, Poll::Ready(Ok(_))));
    let token = entry("t", Some("r"));
    assert!(matches!(
        store.save("k", &token).as_mut().poll(cx),
        Poll::Ready(Ok(()))
    ));
    let Poll::Ready(loaded) = store.load("k").as_mut().poll(cx) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(loaded.unwrap(), Some(token));
}

/// Neither errors nor what is printed shows a token.
#[tokio::test]
async fn errors_of_a_store_do_not_show_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = FileStore::new(&path);
    for text in [
        r#"{"k": ["hunter2", "hunter2", "hunter2"]}"#,
        r#"{"k": ["hunter2"#,
        r#"hunter2"#,
    ] {
        fs::write(&path, text).unwrap();
        let error = store.load("k").await.unwrap_err();
        let error = AuthError::from(error);
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
    let time = TokioTime::new();
    let token = entry("hunter2", Some("hunter2"));
    let shown = format!("{token:?} {store:?} {time:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// One line that names the cause and the remedy, and does not only repeat what is behind it.
fn check(error: &dyn std::error::Error, remedy: &str) {
    let text = error.to_string();
    assert!(
        !text.contains(char::is_control) && !text.ends_with('.'),
        "{text}"
    );
    assert!(text.contains(remedy), "{text}");
    let source = error.source().map(ToString::to_string);
    assert_ne!(source.as_ref(), Some(&text));
}

#[tokio::test]
async fn every_error_of_a_store_is_one_line_with_the_cause_and_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let file = |name: &str, text: &str| {
        fs::write(at(name), text).unwrap();
        FileStore::new(at(name))
    };
    let token = entry("t", None);
    let large = entry(&"x".repeat(17 << 20), None);
    let read_only = file("read-only", "{}");
    let mut permissions = fs::metadata(at("read-only")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(at("read-only"), permissions).unwrap();
    let busy = file("busy", "{}").lock_timeout(Duration::from_millis(50));
    let _held = busy.lock("k").await.unwrap();

    for (error, kind, remedy) in [
        (
            FileStore::new(at("")).load("k").await.unwrap_err(),
            StoreErrorKind::NotAFile,
            "give the path of a file",
        ),
        (
            file("broken", "[").load("k").await.unwrap_err(),
            StoreErrorKind::Broken,
            "is set aside when",
        ),
        (
            read_only.save("k", &token).await.unwrap_err(),
            StoreErrorKind::ReadOnly,
            "until it can be written",
        ),
        (
            busy.lock("k").await.unwrap_err(),
            StoreErrorKind::Busy,
            "`lock_timeout`",
        ),
        (
            file("key", "{}").load("k:more").await.unwrap_err(),
            StoreErrorKind::Key,
            "choose another",
        ),
        (
            file("large", "{}").save("k", &large).await.unwrap_err(),
            StoreErrorKind::TooLarge,
            "remove tokens",
        ),
        (
            FileStore::new(at("missing/file"))
                .save("k", &token)
                .await
                .unwrap_err(),
            StoreErrorKind::NoFolder,
            "create it",
        ),
    ] {
        assert_eq!(error.kind(), kind);
        check(&error, remedy);
        check(&AuthError::from(error), remedy);
    }
}
