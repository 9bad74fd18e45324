//! Reads vector files, judges every case, prints what has to be known.

use crate::{
    block_on::block_on,
    case::{Case, Verdict},
    exceptions::Exceptions,
    formats::Format,
};
use serde_json::{Map, Value};
use std::{
    any::Any,
    fmt,
    fs::File,
    io::{self, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// The longest line that is printed for a case, in characters.
const LONGEST: usize = 2_000;

/// How a run ends: the exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum End {
    /// Every case passed or is an exception.
    Passed = 0,
    /// A case failed.
    Failed = 1,
    /// A file cannot be used, so nobody knows.
    Unusable = 2,
}

#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    fn end(&self) -> End {
        match self.failed {
            0 => End::Passed,
            _ => End::Failed,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Judges all files. A file that cannot be used does not keep the others from being judged.
pub(crate) fn run(
    files: &[PathBuf],
    formats: &[&dyn Format],
    exceptions: &Exceptions,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<End> {
    if files.is_empty() {
        let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
        writeln!(err, "usage: conformance FILE.json…")?;
        writeln!(err, "formats: {}", names.join(", "))?;
        return Ok(End::Unusable);
    }
    let mut tally = Tally::default();
    let mut unusable = false;
    for file in files {
        match read(file).and_then(|text| cases(&text, formats)) {
            Ok(cases) => judge_all(cases, exceptions, &mut tally, out)?,
            Err(why) => {
                unusable = true;
                writeln!(err, "UNUSABLE {}: {}", file.display(), line(&why))?;
            }
        }
    }
    writeln!(out, "{tally}")?;
    out.flush()?;
    Ok(if unusable { End::Unusable } else { tally.end() })
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    File::open(file)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > LARGEST {
        return Err(format!("is larger than {LARGEST} bytes"));
    }
    Ok(text)
}

/// The cases of a file, whose format shows in its content.
fn cases(text: &[u8], formats: &[&dyn Format]) -> Result<Vec<Case>, String> {
    let file: Map<String, Value> = serde_json::from_slice(text)
        .map_err(|error| format!("is not JSON with an object at the top: {error}"))?;
    let mut matching = formats.iter().filter(|format| format.recognizes(&file));
    let Some(format) = matching.next() else {
        let keys: Vec<_> = file.keys().map(String::as_str).collect();
        return Err(format!("unknown format; its top-level keys are {keys:?}"));
    };
    if let Some(other) = matching.next() {
        return Err(format!("could be {} and {}", format.name(), other.name()));
    }
    let cases = format.cases(&file);
    if cases.is_empty() {
        return Err(format!("holds no cases of {}", format.name()));
    }
    Ok(cases)
}

fn judge_all(
    cases: Vec<Case>,
    exceptions: &Exceptions,
    tally: &mut Tally,
    out: &mut dyn Write,
) -> io::Result<()> {
    cases
        .into_iter()
        .try_for_each(|case| judge(case, exceptions, tally, out))
}

fn judge(
    case: Case,
    exceptions: &Exceptions,
    tally: &mut Tally,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Case { id, judge } = case;
    let exception = exceptions.find(&id);
    let failure = match exception {
        Some(exception) if !exception.refused => None,
        Some(_) => match verdict(judge) {
            Verdict::Refused(_) => None,
            Verdict::Differs(why) => Some(why),
            Verdict::Agrees => {
                Some("exceptions.toml says that our code refuses this, and it does not".to_owned())
            }
        },
        None => match verdict(judge) {
            Verdict::Agrees => {
                tally.passed += 1;
                return Ok(());
            }
            Verdict::Differs(why) => Some(why),
            Verdict::Refused(why) => Some(format!("our code refuses it: {why}")),
        },
    };
    match (failure, exception) {
        (None, Some(exception)) => {
            tally.skipped += 1;
            writeln!(out, "SKIP {}: {}", line(&id), line(&exception.reason))
        }
        (failure, _) => {
            tally.failed += 1;
            let why = failure.unwrap_or_default();
            writeln!(out, "FAIL {}: {}", line(&id), line(&why))
        }
    }
}

/// Runs a case. One that panics or never ends has failed, and keeps no other from being judged.
fn verdict(judge: impl Future<Output = Verdict>) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| block_on(judge))) {
        Ok(Some(verdict)) => verdict,
        Ok(None) => Verdict::Differs("did not come to an end".to_owned()),
        Err(panic) => Verdict::Differs(format!("panicked: {}", message(&*panic))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "without a message",
    }
}

/// As one line of bounded length, whatever a file holds.
fn line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::formats::ALL;

    /// What becomes of a file with this text, and what is printed.
    pub(crate) fn judged(text: &str, exceptions: &Exceptions) -> (End, String) {
        let mut out = Vec::new();
        let Ok(cases) = cases(text.as_bytes(), ALL) else {
            return (End::Unusable, String::new());
        };
        let mut tally = Tally::default();
        judge_all(cases, exceptions, &mut tally, &mut out).unwrap();
        writeln!(out, "{tally}").unwrap();
        (tally.end(), String::from_utf8(out).unwrap())
    }

    fn run_cases(cases: Vec<Case>, exceptions: &str) -> String {
        let exceptions = Exceptions::parse(exceptions).unwrap();
        let mut out = Vec::new();
        judge_all(cases, &exceptions, &mut Tally::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_case_that_panics_fails_alone() {
        let cases = vec![
            Case::new("f/a", async { panic!("at\nonce") }),
            Case::new("f/b", async { Verdict::Differs("second".into()) }),
        ];
        let out = run_cases(cases, "");
        assert_eq!(
            out,
            "FAIL f/a: panicked: at\u{fffd}once\nFAIL f/b: second\n"
        );
    }

    #[test]
    fn an_exception_is_not_run_unless_it_has_to_be_refused() {
        let exceptions = r#"
            [[exception]]
            cases = ["f/skipped"]
            reason = "why"
            source = "RFC 0"
            [[exception]]
            cases = ["f/refused/*"]
            reason = "on purpose"
            source = "RFC 0"
            refused = true
        "#;
        let cases = vec![
            Case::new("f/skipped", async { panic!("not to be run") }),
            Case::new("f/refused/a", async { Verdict::Refused("no".into()) }),
            Case::new("f/refused/b", async { Verdict::Agrees }),
            Case::new("f/refused/c", async { Verdict::Differs("other".into()) }),
            Case::new("f/other", async { Verdict::Refused("no".into()) }),
        ];
        assert_eq!(
            run_cases(cases, exceptions),
            "SKIP f/skipped: why\n\
             SKIP f/refused/a: on purpose\n\
             FAIL f/refused/b: exceptions.toml says that our code refuses this, and it does not\n\
             FAIL f/refused/c: other\n\
             FAIL f/other: our code refuses it: no\n"
        );
    }

    #[test]
    fn a_file_that_two_formats_claim_is_unusable() {
        let file = r#"{"basic": {"rfc7617": []}, "library": "httpx_auth",
            "vectors": [{"name": "ctor-a", "raises": "x"}]}"#;
        let error = cases(file.as_bytes(), ALL).err().unwrap();
        assert_eq!(error, "could be httpx_auth_simple and oauth2_vectors");
    }

    #[test]
    fn text_that_is_not_a_vector_file_is_unusable() {
        for text in [
            "",
            "[]",
            "{}",
            "{",
            "{\"a\": 1}",
            "{\"basic\": {}}",
            "\u{feff}{}",
        ] {
            assert!(cases(text.as_bytes(), ALL).is_err(), "{text}");
        }
        assert!(cases(&[b'['; 100_000], ALL).is_err());
        assert!(cases(b"\xff", ALL).is_err());
    }

    #[test]
    fn a_line_stays_a_line_of_bounded_length() {
        assert_eq!(line("a\n\u{1b}[0mb"), "a\u{fffd}\u{fffd}[0mb");
        let long = line(&"é".repeat(LONGEST + 1));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
