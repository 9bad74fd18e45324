//! Files: where they are looked for, and which are not trusted.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use tower_auth_netrc::Netrc;

const TEXT: &str = "machine api.example.com login user password hunter2\n";

/// A file of its own for each test.
fn file(name: &str, text: &[u8]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(".netrc");
    let _ = fs::remove_file(&path);
    fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
    path
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
fn a_private_file_is_read() {
    let netrc = Netrc::from_file(file("private", TEXT.as_bytes())).unwrap();
    assert!(format!("{netrc:?}").contains("api.example.com"));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_or_write_is_refused_with_the_remedy() {
    let path = file("open", TEXT.as_bytes());
    for mode in [0o644, 0o660, 0o620, 0o604, 0o602] {
        set_mode(&path, mode);
        let error = Netrc::from_file(&path).unwrap_err();
        assert_eq!(error.parameter(), Some("netrc"));
        assert!(error.to_string().contains("chmod 600"), "{mode:o}: {error}");
    }
    for mode in [0o400, 0o440, 0o640] {
        set_mode(&path, mode);
        assert!(Netrc::from_file(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn what_is_no_netrc_is_an_error_that_shows_nothing_of_it() {
    let directory = file("none", b"").parent().unwrap().to_owned();
    for path in [
        directory.join("missing"),
        directory,
        file("binary", b"machine \xff\xfe hunter2"),
        file("large", &vec![b' '; (1 << 20) + 1]),
        file("words", b"login hunter2"),
    ] {
        let error = Netrc::from_file(&path).unwrap_err();
        assert_eq!(error.parameter(), Some("netrc"));
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

/// Opened for reading, it would wait until somebody writes.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let path = file("pipe", b"").with_file_name("pipe");
    let _ = fs::remove_file(&path);
    let made = Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(Netrc::from_file(path)));
    let answer = receiver.recv_timeout(std::time::Duration::from_secs(10));
    let error = answer.expect("it does not wait").unwrap_err();
    assert!(error.to_string().contains("is not a file"), "{error}");
}

/// Environment variables belong to the whole process, so each case runs in one of its own: this test, once more.
#[test]
fn netrc_comes_before_the_home_directory() {
    const ROLE: &str = "NETRC_TEST_EXPECTS";
    if let Ok(expected) = env::var(ROLE) {
        let found = Netrc::from_env().map_or_else(|e| e.to_string(), |netrc| format!("{netrc:?}"));
        assert!(found.contains(&expected), "{found}");
        return;
    }
    let home = file("home", b"machine from.home login user password x");
    let named = file("named", b"machine from.variable login user password x");
    let name = "netrc_comes_before_the_home_directory";
    let home = home.parent().unwrap();
    let run = |expected: &str, netrc: Option<&Path>, home: Option<&Path>| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([name, "--exact"]).env(ROLE, expected);
        for (variable, value) in [("NETRC", netrc), ("HOME", home), ("USERPROFILE", None)] {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    };
    run("from.variable", Some(&named), Some(home));
    run("neither", None, None);
    // What nobody named is believed only when it is private.
    if cfg!(unix) {
        let shared = file("shared", b"machine from.shared login user password x");
        set_mode(&shared, 0o640);
        run("chmod 600", Some(&shared), Some(home));
    }
    if cfg!(unix) {
        run("from.home", None, Some(home));
    }
}
