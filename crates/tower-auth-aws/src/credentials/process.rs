//! Credentials that a command prints.

use super::{
    CredentialsError, Env, ProvideCredentials, ProvideFuture,
    document::{Document, Expires},
    error::Errors,
};
use crate::Credentials;
use std::time::Duration;
use tower_auth_core::Secret;
use tower_auth_http::environment::{Command, CommandError};

const ERRORS: Errors = Errors("process");

/// A command that prints credentials: the `credential_process` of a profile.
///
/// It is run by the shell (`sh -c`, on Windows `cmd /C`), for at most a minute; when that is not enough, or when the fetch
/// is given up, it is ended with everything that it started (its process group, on Unix). It has to print, in at most
/// 64 KiB,
///
/// ```json
/// {"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "2026-01-31T12:00:00Z"}
/// ```
///
/// of which `SessionToken` and `Expiration` may be missing or empty: credentials without an expiration are taken to last.
/// Its standard error is that of this program, so that it can say what is wrong; none of it ends up in an error.
#[derive(Clone, Debug)]
pub struct Process {
    command: Command,
    env: Env,
}

impl Process {
    /// This command line.
    pub fn new(command: impl Into<Secret>) -> Self {
        Self {
            command: Command::shell(&command.into()).show_errors(),
            env: Env::process(),
        }
    }

    /// How long it may run. Default: one minute.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let command = self.command.timeout(timeout);
        Self { command, ..self }
    }

    /// The environment that it runs in. Default: that of this program.
    #[must_use]
    pub fn env(self, env: Env) -> Self {
        Self { env, ..self }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        let output = self.env.run(&self.command).await.map_err(failed)?;
        if !output.is_success() {
            let status = output.status();
            return Err(ERRORS.refused(format!("the command failed: {status}")));
        }
        let what = "what the command printed";
        let document = Document::read(output.printed().expose().as_bytes(), what, ERRORS)?;
        match document.version() {
            Some("1") => document.credentials(what, Expires::Perhaps, ERRORS),
            Some(_) => Err(ERRORS.malformed(format!("{what} has a `Version` that is not 1"))),
            None => Err(ERRORS.malformed(format!("{what} has no `Version`"))),
        }
    }
}

fn failed(error: CommandError) -> CredentialsError {
    let text = error.to_string();
    if error.is_timeout() {
        ERRORS.unreachable(text)
    } else if error.is_too_long() {
        ERRORS.malformed(text)
    } else {
        ERRORS.io(text)
    }
}

impl ProvideCredentials for Process {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(self.fetch())
    }
}
