//! Reads vector files, judges every case, prints what has to be known.

use crate::{
    case::{Case, Judged, Why},
    exceptions::{Exception, Ours},
    formats::Format,
    record::Record,
    server::runtime,
};
use serde_json::{Map, Value};
use std::{
    any::Any,
    fmt,
    fs::File,
    io::{self, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// The longest line that is printed for a case, in characters.
const LONGEST: usize = 2_000;
/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Says that the files are all that there are: an exception that takes no case fails.
const WHOLE: &str = "--whole";

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

/// Judges cases, and counts.
pub(crate) struct Run<'a> {
    exceptions: Vec<&'a Exception>,
    /// How many cases each exception took.
    taken: Vec<usize>,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl fmt::Display for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Judges all files. A file that cannot be used does not keep the others from being judged.
pub(crate) fn run(
    arguments: &[PathBuf],
    formats: &[&dyn Format],
    exceptions: &[&[Exception]],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<End> {
    let is_whole = |argument: &&PathBuf| argument.as_os_str() == WHOLE;
    let files: Vec<_> = arguments.iter().filter(|file| !is_whole(file)).collect();
    if files.is_empty() {
        let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
        writeln!(err, "usage: conformance [{WHOLE}] FILE.json…")?;
        writeln!(err, "formats: {}", names.join(", "))?;
        return Ok(End::Unusable);
    }
    let mut run = Run::new(exceptions);
    let mut unusable = false;
    for file in &files {
        match read(file).and_then(|text| cases(&text, formats)) {
            Ok(cases) => run.judge_all(cases, out)?,
            Err(why) => {
                unusable = true;
                writeln!(err, "UNUSABLE {}: {}", file.display(), line(&why))?;
            }
        }
    }
    run.report(files.len() < arguments.len(), out)?;
    out.flush()?;
    Ok(if unusable { End::Unusable } else { run.end() })
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
    let file = Value::Object(file);
    let cases = format.cases(&Record {
        format: format.name(),
        part: String::new(),
        name: String::new(),
        file: Arc::new(file.clone()),
        value: file,
    });
    if cases.is_empty() {
        return Err(format!("holds no cases of {}", format.name()));
    }
    Ok(cases)
}

impl<'a> Run<'a> {
    pub(crate) fn new(exceptions: &[&'a [Exception]]) -> Self {
        let exceptions: Vec<_> = exceptions.iter().copied().flatten().collect();
        Self {
            taken: vec![0; exceptions.len()],
            exceptions,
            passed: 0,
            failed: 0,
            skipped: 0,
        }
    }

    pub(crate) fn end(&self) -> End {
        match self.failed {
            0 => End::Passed,
            _ => End::Failed,
        }
    }

    pub(crate) fn judge_all(&mut self, cases: Vec<Case>, out: &mut dyn Write) -> io::Result<()> {
        cases.into_iter().try_for_each(|case| self.judge(case, out))
    }

    fn judge(&mut self, case: Case, out: &mut dyn Write) -> io::Result<()> {
        let Case { mut record, judge } = case;
        let id = record.id();
        let mut refused = Vec::new();
        for (exception, taken) in self.exceptions.iter().zip(&mut self.taken) {
            if !(exception.covers)(&record) {
                continue;
            }
            *taken += 1;
            match exception.ours {
                Ours::Otherwise(change) => change(&mut record.value),
                Ours::Refused(_) => refused.push(exception),
                Ours::Nothing => {
                    self.skipped += 1;
                    return writeln!(out, "SKIP {}: {}", line(&id), line(exception.reason));
                }
            }
        }
        let why = match (verdict(|| judge(record)), refused.first()) {
            (Ok(()), None) => None,
            (Ok(()), Some(first)) => {
                Some(format!("is taken, and was to be refused: {}", first.name))
            }
            (Err(Why::Error(error)), Some(_)) if refused.iter().any(|it| it.is_this(&error)) => {
                None
            }
            (Err(why), _) => Some(why.to_string()),
        };
        match why {
            None => {
                self.passed += 1;
                Ok(())
            }
            Some(why) => {
                self.failed += 1;
                writeln!(out, "FAIL {}: {}", line(&id), line(&why))
            }
        }
    }

    /// How many cases each exception took, and how many passed in all.
    fn report(&mut self, whole: bool, out: &mut dyn Write) -> io::Result<()> {
        for (exception, taken) in self.exceptions.iter().zip(&self.taken) {
            let Exception {
                name,
                reason,
                source,
                ..
            } = exception;
            if *taken > 0 {
                writeln!(out, "EXCEPTION {name}: {taken} cases: {reason} ({source})")?;
            } else if whole {
                self.failed += 1;
                writeln!(out, "FAIL exception {name}: takes no case")?;
            }
        }
        writeln!(out, "{self}")
    }
}

/// Runs a case. One that panics or never ends has failed, and keeps no other from being judged.
fn verdict<F: Future<Output = Judged>>(judge: impl FnOnce() -> F) -> Judged {
    let runtime = runtime()?;
    let bounded = async { tokio::time::timeout(PATIENCE, judge()).await };
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(bounded))) {
        Ok(Ok(judged)) => judged,
        Ok(Err(_)) => Err("did not come to an end".into()),
        Err(panic) => Err(format!("panicked: {}", message(&*panic)).into()),
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
    use crate::{exceptions::ALL as EXCEPTIONS, formats::ALL};

    /// What becomes of a file with this text, and what is printed.
    pub(crate) fn judged(text: &str) -> (End, String) {
        let mut out = Vec::new();
        let Ok(cases) = cases(text.as_bytes(), ALL) else {
            return (End::Unusable, String::new());
        };
        let mut run = Run::new(EXCEPTIONS);
        run.judge_all(cases, &mut out).unwrap();
        writeln!(out, "{run}").unwrap();
        (run.end(), String::from_utf8(out).unwrap())
    }

    /// The file passes, and fails with any of its values at these paths replaced.
    pub(crate) fn matters(file: &Value, changes: &[(&str, Value)]) {
        let (end, out) = judged(&file.to_string());
        assert_eq!(end, End::Passed, "{out}");
        for (path, other) in changes {
            let mut changed = file.clone();
            *changed.pointer_mut(path).expect("is there") = other.clone();
            let (end, out) = judged(&changed.to_string());
            assert_ne!(end, End::Passed, "{path}: {out}");
        }
    }

    fn case(name: &str, judge: impl FnOnce(&Record) -> Judged + 'static) -> Case {
        let record = Record {
            format: "f",
            part: String::new(),
            name: name.to_owned(),
            file: Arc::default(),
            value: Value::from(name),
        };
        Case::at_once(record, judge)
    }

    fn run_cases(cases: Vec<Case>, exceptions: &[&[Exception]]) -> String {
        let mut out = Vec::new();
        let mut run = Run::new(exceptions);
        run.judge_all(cases, &mut out).unwrap();
        run.report(true, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn refusal(parameter: &'static str) -> Judged {
        Err(tower_auth_core::AuthError::configuration(parameter, "no").into())
    }

    #[test]
    fn a_case_that_panics_fails_alone() {
        let cases = vec![
            case("a", |_| panic!("at\nonce")),
            case("b", |_| Err("second".into())),
        ];
        assert_eq!(
            run_cases(cases, &[]),
            "FAIL f/a: panicked: at\u{fffd}once\nFAIL f/b: second\n0 passed, 2 failed, 0 skipped\n"
        );
    }

    #[test]
    fn an_exception_takes_what_its_predicate_says_and_has_to_take_something() {
        let exception = |name, ours, covers| Exception {
            name,
            reason: name,
            source: "RFC 0",
            covers,
            ours,
        };
        let exceptions = [
            exception("nothing", Ours::Nothing, |r| r.name == "skipped"),
            exception(
                "refused",
                Ours::Refused(|error| error.parameter() == Some("p")),
                |r| r.name.starts_with("no"),
            ),
            exception("other", Ours::Otherwise(|v| *v = "x".into()), |r| {
                r.name == "other"
            }),
            exception("idle", Ours::Nothing, |_| false),
        ];
        let cases = vec![
            case("skipped", |_| panic!("not to be run")),
            case("no-1", |_| refusal("p")),
            case("no-2", |_| refusal("q")),
            case("no-3", |_| Ok(())),
            case("no-4", |_| Err("differs".into())),
            case("other", |record| match record.value == "x" {
                true => Ok(()),
                false => Err("was not changed".into()),
            }),
            case("same", |_| refusal("p")),
        ];
        assert_eq!(
            run_cases(cases, &[&exceptions]),
            "SKIP f/skipped: nothing\n\
             FAIL f/no-2: our code says: unusable `q`: no\n\
             FAIL f/no-3: is taken, and was to be refused: refused\n\
             FAIL f/no-4: differs\n\
             FAIL f/same: our code says: unusable `p`: no\n\
             EXCEPTION nothing: 1 cases: nothing (RFC 0)\n\
             EXCEPTION refused: 4 cases: refused (RFC 0)\n\
             EXCEPTION other: 1 cases: other (RFC 0)\n\
             FAIL exception idle: takes no case\n\
             2 passed, 5 failed, 1 skipped\n"
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
