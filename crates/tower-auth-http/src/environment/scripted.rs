//! An environment that a test wrote down.

use super::{
    Environment,
    command::{Command, CommandError, Output, Problem},
    file::{self, FileError},
    write,
};
use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use tower_auth_core::Secret;
use zeroize::Zeroizing;

/// Variables, files and commands that were written down. Becomes an [`Environment`] by [`build`](Self::build).
///
/// Nothing of the machine is seen but what was asked for by name.
#[derive(Clone, Default)]
pub struct Scripted {
    pub(super) vars: BTreeMap<String, Secret>,
    files: BTreeMap<PathBuf, File>,
    commands: BTreeMap<String, Output>,
    real_files: bool,
}

#[derive(Clone)]
struct File {
    content: Secret,
    writable_by_others: bool,
    modified: SystemTime,
}

impl Scripted {
    /// A variable.
    #[must_use]
    pub fn var(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// A text file.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, content: impl Into<Secret>) -> Self {
        let file = File {
            content: content.into(),
            writable_by_others: false,
            modified: SystemTime::UNIX_EPOCH,
        };
        self.files.insert(path.into(), file);
        self
    }

    /// A text file that every user of the machine can write.
    #[must_use]
    pub fn file_writable_by_others(
        mut self,
        path: impl Into<PathBuf>,
        content: impl Into<Secret>,
    ) -> Self {
        let path = path.into();
        self = self.file(path.clone(), content);
        if let Some(file) = self.files.get_mut(&path) {
            file.writable_by_others = true;
        }
        self
    }

    /// A command that prints this and ends with 0. It is found by its program and arguments, with blanks between.
    #[must_use]
    pub fn command(mut self, line: impl Into<String>, prints: impl Into<Secret>) -> Self {
        let output = Output {
            success: true,
            status: "exit status: 0".to_owned(),
            printed: prints.into(),
        };
        self.commands.insert(line.into(), output);
        self
    }

    /// A command that prints this and fails.
    #[must_use]
    pub fn failing_command(
        mut self,
        line: impl Into<String>,
        code: i32,
        prints: impl Into<Secret>,
    ) -> Self {
        let output = Output {
            success: false,
            status: format!("exit status: {code}"),
            printed: prints.into(),
        };
        self.commands.insert(line.into(), output);
        self
    }

    /// Files that were not written down are those of the machine, and so are commands, with these variables only.
    #[must_use]
    pub fn on_real_files(mut self) -> Self {
        self.real_files = true;
        self
    }

    /// The environment.
    pub fn build(self) -> Environment {
        Environment(Some(Arc::new(self)))
    }

    pub(super) async fn read(&self, path: &Path, max: usize) -> Result<Option<Secret>, FileError> {
        match self.files.get(path) {
            Some(found) => {
                let bytes = Zeroizing::new(found.content.expose().as_bytes().to_vec());
                file::text(path, bytes, max).map(Some)
            }
            None if self.real_files => file::read(path, max).await,
            None => Ok(None),
        }
    }

    pub(super) async fn replace(&self, path: &Path, content: &Secret) -> Result<(), FileError> {
        if self.real_files && !self.files.contains_key(path) {
            write::replace(path, content).await
        } else {
            let error = io::ErrorKind::PermissionDenied.into();
            Err(FileError::unwritten(path, error))
        }
    }

    pub(super) async fn modified(&self, path: &Path) -> Option<SystemTime> {
        match self.files.get(path) {
            Some(found) => Some(found.modified),
            None if self.real_files => file::modified(path).await,
            None => None,
        }
    }

    pub(super) async fn is_writable_by_others(&self, path: &Path) -> bool {
        match self.files.get(path) {
            Some(found) => found.writable_by_others,
            None if self.real_files => file::is_writable_by_others(path).await,
            None => false,
        }
    }

    pub(super) async fn run(&self, command: &Command) -> Result<Output, CommandError> {
        match self.commands.get(&command.line()) {
            Some(output) => Ok(output.clone()),
            None if self.real_files => {
                let vars = self.vars.iter();
                let vars = vars.map(|(name, value)| (name.clone(), value.clone()));
                command.clone().with_only(vars).run().await
            }
            None => Err(CommandError::new(
                command,
                Problem::Io(io::ErrorKind::NotFound.into()),
            )),
        }
    }
}

/// Names only.
impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("vars", &self.vars.keys())
            .field("files", &self.files.keys())
            .field("commands", &self.commands.len())
            .finish()
    }
}
