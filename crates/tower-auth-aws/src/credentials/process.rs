//! Credentials that a command prints.

use super::{
    CredentialsError, Env, ProvideCredentials, ProvideFuture,
    document::{Document, Expires},
    error::Errors,
};
use crate::Credentials;
use std::{process::Stdio, time::Duration};
use tokio::{io::AsyncReadExt, process::Command};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

const ERRORS: Errors = Errors("process");
/// Far beyond any credentials.
const MAX_OUTPUT: usize = 64 * 1024;

/// A command that prints credentials: the `credential_process` of a profile.
///
/// It is run by the shell (`sh -c`, on Windows `cmd /C`), for at most a minute, and killed when that is not enough, or
/// when the fetch is given up. (The shell is killed; what it started besides has to end by itself, so `exec` the command
/// when there is only one.) It has to print, in at most 64 KiB,
///
/// ```json
/// {"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "2026-01-31T12:00:00Z"}
/// ```
///
/// of which `SessionToken` and `Expiration` may be missing: credentials without an expiration are taken to last. Its
/// standard error is that of this program, so that it can say what is wrong; none of it ends up in an error.
#[derive(Clone, Debug)]
pub struct Process {
    command: Secret,
    env: Env,
    timeout: Duration,
}

impl Process {
    /// This command line.
    pub fn new(command: impl Into<Secret>) -> Self {
        Self {
            command: command.into(),
            env: Env::process(),
            timeout: Duration::from_secs(60),
        }
    }

    /// How long it may run. Default: one minute.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The environment that it runs in. Default: that of this program.
    #[must_use]
    pub fn with_env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let output = match tokio::time::timeout(self.timeout, self.run()).await {
            Ok(output) => output?,
            Err(_) => {
                return Err(ERRORS.unreachable(format!(
                    "the command did not finish within {} s, and was killed",
                    self.timeout.as_secs_f32()
                )));
            }
        };
        let what = "what the command printed";
        let document = Document::read(&output, what, ERRORS)?;
        match document.version() {
            Some("1") => document.credentials(what, Expires::Perhaps, ERRORS),
            Some(_) => Err(ERRORS.malformed(format!("{what} has a `Version` that is not 1"))),
            None => Err(ERRORS.malformed(format!("{what} has no `Version`"))),
        }
    }

    async fn run(&self) -> Result<Zeroizing<Vec<u8>>, CredentialsError> {
        let failed = |error| ERRORS.io("the command cannot be run").with_source(error);
        let mut command = shell(self.command.expose());
        if let Some(variables) = self.env.replaced() {
            command.env_clear().envs(variables);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT + 1));
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = stdout.take(MAX_OUTPUT as u64 + 1);
            stdout.read_to_end(&mut output).await.map_err(failed)?;
        }
        if output.len() > MAX_OUTPUT {
            return Err(
                ERRORS.malformed(format!("the command printed more than {MAX_OUTPUT} bytes"))
            );
        }
        let status = child.wait().await.map_err(failed)?;
        if !status.success() {
            return Err(ERRORS.refused(format!("the command failed: {status}")));
        }
        Ok(output)
    }
}

#[cfg(not(windows))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd.exe");
    command.arg("/C").raw_arg(line);
    command
}

impl ProvideCredentials for Process {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
