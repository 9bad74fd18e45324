//! The program as it is called: its exit code, and its closing line.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const GOOD: &str = r#"{"basic": {"rfc7617": [
    {"user": "ada", "password": "lovelace", "header": "Basic YWRhOmxvdmVsYWNl"}
]}}"#;
const BAD: &str = r#"{"basic": {"rfc7617": [
    {"user": "ada", "password": "lovelace", "header": "Basic YWRhOmxvdmVsYWNm"}
]}}"#;

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Exit code, standard output, standard error.
fn conformance(files: &[&Path]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(files)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn the_exit_code_tells_passed_from_failed_from_unusable() {
    let good = file("good.json", GOOD);
    let bad = file("bad.json", BAD);
    let unknown = file("unknown.json", r#"{"a": 1}"#);
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("missing.json");

    let (code, out, err) = conformance(&[&good]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (Some(0), "1 passed, 0 failed, 0 skipped\n", "")
    );

    let (code, out, _) = conformance(&[&good, &bad]);
    assert_eq!(code, Some(1));
    let lines: Vec<_> = out.lines().collect();
    assert!(
        lines[0].starts_with("FAIL oauth2_vectors/basic/rfc7617/0: the record itself: ours "),
        "{out}"
    );
    assert_eq!(lines[1..], ["1 passed, 1 failed, 0 skipped"]);

    for unusable in [&unknown, &missing] {
        let (code, out, err) = conformance(&[unusable, &good]);
        assert_eq!(code, Some(2));
        assert_eq!(out, "1 passed, 0 failed, 0 skipped\n");
        assert!(
            err.starts_with(&format!("UNUSABLE {}: ", unusable.display())),
            "{err}"
        );
    }
    assert_eq!(conformance(&[&unknown, &bad]).0, Some(2));

    let (code, out, err) = conformance(&[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("usage"), "{err}");
}

#[test]
fn several_files_are_counted_together() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let files = [
        recorded.join("httpx_auth_simple.json"),
        recorded.join("oauth2_basic.json"),
    ];
    let (code, out, err) = conformance(&[&files[0], &files[1]]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(
        out.lines().last(),
        Some("127 passed, 0 failed, 2 skipped"),
        "{out}"
    );
    assert_eq!(
        out.lines().filter(|line| line.starts_with("SKIP ")).count(),
        2
    );
}

#[test]
fn every_kind_of_value_that_httpx_auth_takes_is_judged() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    for (part, least) in [
        ("cache", 90),
        ("keys", 140),
        ("requests", 140),
        ("responses", 300),
    ] {
        let file = recorded.join(format!("httpx_auth_grants_{part}.json"));
        let (code, out, err) = conformance(&[&file]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let last = out.lines().last().unwrap();
        let passed: u32 = last.split(' ').next().unwrap().parse().unwrap();
        assert!(passed >= least, "{part}: {last}");
    }
}
