//! Child processes, within limits.

use std::{ffi::OsString, fmt, io, process::Stdio, time::Duration};
use tokio::{io::AsyncReadExt as _, process};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// A command that prints something: program, arguments, limits.
///
/// No shell is asked unless the program is one ([`shell`](Self::shell)). Its standard input is empty. It may print 64 KiB
/// and take a minute by default; when that is not enough, or when nobody waits any longer, it is ended with everything
/// that it started (its process group, on Unix).
#[derive(Clone)]
pub struct Command {
    pub(super) program: OsString,
    pub(super) args: Vec<Secret>,
    vars: Vec<(String, Secret)>,
    own_vars_only: bool,
    timeout: Duration,
    max_output: usize,
    show_errors: bool,
}

impl Command {
    /// This program, looked for in `PATH` when it has no slash.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            vars: Vec::new(),
            own_vars_only: false,
            timeout: Duration::from_secs(60),
            max_output: 64 * 1024,
            show_errors: false,
        }
    }

    /// A line for the shell: `sh -c`, on Windows `cmd /C`.
    pub fn shell(line: &Secret) -> Self {
        let (shell, option) = if cfg!(windows) {
            ("cmd.exe", "/C")
        } else {
            ("sh", "-c")
        };
        Self::new(shell).arg(option).arg(line)
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<Secret>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// One more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// How long it may run. Default: one minute.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How many bytes it may print. Default: 64 KiB.
    #[must_use]
    pub fn max_output(self, max_output: usize) -> Self {
        Self { max_output, ..self }
    }

    /// Its standard error is that of this program, so that it can say what is wrong. By default nobody sees it.
    #[must_use]
    pub fn show_errors(self) -> Self {
        Self {
            show_errors: true,
            ..self
        }
    }

    /// The program and its arguments in one text, for scripts of tests.
    pub(super) fn line(&self) -> String {
        let mut line = self.program.to_string_lossy().into_owned();
        for arg in &self.args {
            line.push(' ');
            line.push_str(arg.expose());
        }
        line
    }

    /// With nothing but these variables.
    pub(super) fn with_only(mut self, vars: impl IntoIterator<Item = (String, Secret)>) -> Self {
        let mut all: Vec<_> = vars.into_iter().collect();
        all.append(&mut self.vars);
        Self {
            vars: all,
            own_vars_only: true,
            ..self
        }
    }

    pub(super) async fn run(&self) -> Result<Output, CommandError> {
        let failed = |error| CommandError::new(self, Problem::Io(error));
        let mut command = process::Command::new(&self.program);
        if self.own_vars_only {
            command.env_clear();
        }
        self.add_args(&mut command);
        command
            .envs(self.vars.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(if self.show_errors {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0); // so that all of it can be ended
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        let work = async {
            let mut printed = Zeroizing::new(Vec::with_capacity(self.max_output + 1));
            if let Some(stdout) = child.stdout.take() {
                let mut stdout = stdout.take(self.max_output as u64 + 1);
                stdout.read_to_end(&mut printed).await.map_err(failed)?;
            }
            if printed.len() > self.max_output {
                return Err(CommandError::new(self, Problem::TooLong(self.max_output)));
            }
            let status = child.wait().await.map_err(failed)?;
            Ok(Output {
                success: status.success(),
                status: status.to_string(),
                printed: Secret::from(&*String::from_utf8_lossy(&printed)),
            })
        };
        let ended = tokio::time::timeout(self.timeout, work).await;
        let output = ended.unwrap_or_else(|_| {
            let problem = Problem::TimedOut(self.timeout);
            Err(CommandError::new(self, problem))
        });
        if output.is_err() {
            drop(group);
            let _ = child.start_kill();
            // What was ended stays in the table of processes until somebody waits for it.
            let _ = tokio::time::timeout(BURIAL, child.wait()).await;
        }
        output
    }

    #[cfg(not(windows))]
    fn add_args(&self, command: &mut process::Command) {
        command.args(self.args.iter().map(Secret::expose));
    }

    /// `cmd` has a grammar of its own: what follows `/C` goes as it is.
    #[cfg(windows)]
    fn add_args(&self, command: &mut process::Command) {
        let is_cmd = self.program == "cmd.exe";
        for (number, arg) in self.args.iter().enumerate() {
            if is_cmd && number > 0 {
                command.raw_arg(arg.expose());
            } else {
                command.arg(arg.expose());
            }
        }
    }
}

/// How long a process may take to be gone after it was killed.
const BURIAL: Duration = Duration::from_secs(1);

/// Ends a process group when it is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &process::Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &process::Child) -> Self {
        Self {}
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Whatever is still there. Nobody else has this number as long as the group has a member, and when it has
            // none, there is nothing to end.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// What a command printed, and how it ended.
#[derive(Clone)]
pub struct Output {
    pub(super) success: bool,
    pub(super) status: String,
    pub(super) printed: Secret,
}

impl Output {
    /// Whether it ended with 0.
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// How it ended, in words.
    pub fn status(&self) -> &str {
        &self.status
    }

    /// What it printed on its standard output. What is not UTF-8 is replaced.
    pub fn printed(&self) -> &Secret {
        &self.printed
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// Why a command gave nothing. Its arguments are not shown.
#[derive(Debug)]
pub struct CommandError {
    program: String,
    problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Io(io::Error),
    TimedOut(Duration),
    TooLong(usize),
}

impl CommandError {
    pub(super) fn new(command: &Command, problem: Problem) -> Self {
        Self {
            program: command.program.to_string_lossy().into_owned(),
            problem,
        }
    }

    /// Whether there is no such program.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether it printed more than it may.
    pub fn is_too_long(&self) -> bool {
        matches!(self.problem, Problem::TooLong(_))
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self.problem, Problem::TimedOut(_))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = &self.program;
        match &self.problem {
            Problem::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(
                    f,
                    "there is no program `{program}`; is it installed, and in `PATH`?"
                )
            }
            Problem::Io(error) => {
                write!(
                    f,
                    "`{program}` cannot be run: {error}; may this user run it?"
                )
            }
            Problem::TimedOut(limit) => write!(
                f,
                "`{program}` did not finish within {} s, and was ended; does it wait for somebody?",
                limit.as_secs_f32()
            ),
            Problem::TooLong(max) => write!(
                f,
                "`{program}` printed more than {max} bytes; is it the right program?"
            ),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_is_run_without_a_shell_and_its_output_is_kept_secret() {
        let command = Command::new("printf").arg("%s").arg("$HOME; s3cr3t");
        let output = command.run().await.unwrap();
        assert_eq!(output.printed().expose(), "$HOME; s3cr3t");
        assert!(output.is_success());
        assert!(!format!("{output:?} {command:?}").contains("s3cr3t"));
        let failed = Command::shell(&"exit 3".into()).run().await.unwrap();
        assert!(!failed.is_success() && failed.status().contains('3'));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = Command::new("no-such-program-here")
            .arg("s3cr3t")
            .run()
            .await
            .unwrap_err();
        assert!(error.is_not_found());
        assert!(error.to_string().contains("no-such-program-here"));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn a_command_that_prints_without_end_is_ended() {
        let command = Command::new("yes").max_output(1000);
        let error = command.run().await.unwrap_err();
        assert!(error.to_string().contains("1000 bytes"), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_was_ended_is_gone_when_its_error_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let line = format!("echo $$ > '{}'; exec sleep 600", path.display());
        let command = Command::shell(&line.into()).timeout(Duration::from_millis(300));
        assert!(command.run().await.unwrap_err().is_timeout());
        let pid = std::fs::read_to_string(&path).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        let there = rustix::process::test_kill_process(pid);
        assert!(there.is_err(), "it is still in the table of processes");
    }

    #[tokio::test]
    async fn what_a_command_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive");
        // The grandchild keeps the pipe open and writes for as long as it lives.
        let line = format!(
            "(while sleep 0.05; do echo >> '{}'; done) & wait",
            path.display()
        );
        let command = Command::shell(&line.into()).timeout(Duration::from_millis(300));
        assert!(command.run().await.unwrap_err().is_timeout());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let size = || std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let before = size();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(size(), before, "the grandchild is still alive");
    }
}
