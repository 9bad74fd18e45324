//! Variables, files and child processes, behind a value that tests can replace.
//!
//! Providers of credentials look at all of these. With [`Environment::process`] they see the machine; with
//! [`Environment::scripted`] they see what a test wrote down, and nothing else:
//!
//! ```
//! use tower_auth_http::environment::Environment;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let environment = Environment::scripted()
//!     .var("HOME", "/home/ann")
//!     .file("/home/ann/token", "s3cr3t\n")
//!     .build();
//! assert_eq!(environment.var("HOME").as_deref(), Some("/home/ann"));
//! let path = environment.path("~/token");
//! assert_eq!(environment.read(&path, 1024).await?.unwrap().expose(), "s3cr3t\n");
//! # Ok(())
//! # }
//! ```

mod command;
mod file;
mod scripted;
mod write;

pub use self::{
    command::{Command, CommandError, Output},
    file::FileError,
    scripted::Scripted,
};

use std::{
    env, fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use tower_auth_core::Secret;

/// What a provider of credentials sees of the machine. Cheap to clone.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<Scripted>>);

impl Environment {
    /// The process's own.
    pub const fn process() -> Self {
        Self(None)
    }

    /// One that is written down, for tests: empty at first.
    pub fn scripted() -> Scripted {
        Scripted::default()
    }

    /// A variable. Blanks around it are trimmed; one that is empty then, or not UTF-8, counts as unset.
    pub fn var(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            None => env::var(name).ok()?,
            Some(scripted) => scripted.vars.get(name)?.expose().to_owned(),
        };
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Whether a variable says `true`, or `1`.
    pub fn is_true(&self, name: &str) -> bool {
        self.var(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The home directory: `HOME`, else what Windows has in its place.
    pub fn home(&self) -> Option<PathBuf> {
        let drive = || Some(self.var("HOMEDRIVE")? + &self.var("HOMEPATH")?);
        self.var("HOME")
            .or_else(|| self.var("USERPROFILE"))
            .or_else(drive)
            .map(PathBuf::from)
    }

    /// A path, with a leading `~` for the home directory. `~user` is another user's, which nothing here knows.
    pub fn path(&self, path: &str) -> PathBuf {
        let rest = match path.strip_prefix('~') {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix(['/', '\\']),
            None => None,
        };
        match (rest, self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    /// A text file of at most `max` bytes, in memory that is wiped. `None` when there is none, also when a folder on the
    /// way is none.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it cannot be read within 10 s (pipes that nobody writes to, file servers that are gone), is
    /// larger, or is not UTF-8.
    pub async fn read(&self, path: &Path, max: usize) -> Result<Option<Secret>, FileError> {
        match &self.0 {
            None => file::read(path, max).await,
            Some(scripted) => scripted.read(path, max).await,
        }
    }

    /// Replaces a file as a whole, or makes it: others read the old one or the new one, and nothing between. It can be read
    /// by its owner alone. The folder has to be there.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it cannot be written. Files that a test wrote down cannot.
    pub async fn replace(&self, path: &Path, content: &Secret) -> Result<(), FileError> {
        match &self.0 {
            None => write::replace(path, content).await,
            Some(scripted) => scripted.replace(path, content).await,
        }
    }

    /// When a file was changed last; `None` when there is none. A change of a file that a link leads to counts.
    pub async fn modified(&self, path: &Path) -> Option<SystemTime> {
        match &self.0 {
            None => file::modified(path).await,
            Some(scripted) => scripted.modified(path).await,
        }
    }

    /// Whether other users of this machine can write the file, so that what it says is not to be believed. Never on
    /// systems whose files have no mode.
    pub async fn is_writable_by_others(&self, path: &Path) -> bool {
        match &self.0 {
            None => file::is_writable_by_others(path).await,
            Some(scripted) => scripted.is_writable_by_others(path).await,
        }
    }

    /// Runs a command, without a shell unless it is one.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when it cannot be started, takes too long, or prints too much. An exit code is none.
    pub async fn run(&self, command: &Command) -> Result<Output, CommandError> {
        match &self.0 {
            None => command.run().await,
            Some(scripted) => scripted.run(command).await,
        }
    }
}

/// Names of variables only.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Environment(process)"),
            Some(scripted) => scripted.fmt(f),
        }
    }
}

impl<K: Into<String>, V: Into<Secret>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        variables
            .into_iter()
            .fold(Self::scripted(), |all, (name, value)| all.var(name, value))
            .on_real_files()
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_directory_only_at_the_start_of_a_path() {
        let environment = Environment::from_iter([("HOME", "/home/ann")]);
        for (path, expanded) in [
            ("~/.aws/config", "/home/ann/.aws/config"),
            ("~", "/home/ann"),
            ("~bob/config", "~bob/config"),
            ("/etc/~/config", "/etc/~/config"),
        ] {
            assert_eq!(environment.path(path), PathBuf::from(expanded));
        }
        let homeless = Environment::from_iter([("A", "")]);
        assert_eq!(homeless.path("~/x"), PathBuf::from("~/x"));
        assert_eq!(homeless.var("A"), None);
    }

    #[test]
    fn printing_an_environment_shows_names_only() {
        let environment = Environment::from_iter([("AWS_SECRET_ACCESS_KEY", "hunter2")]);
        let shown = format!("{environment:?}");
        assert!(
            shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
