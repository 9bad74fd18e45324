//! The browser of whoever sits here.

use super::{
    Opener, Or,
    command_line::{CommandLine, SEPARATOR, parse},
};
use crate::Visit;
use std::{
    env, io,
    process::{Command, Stdio},
};

/// The browser that the variable `BROWSER` names, or the one that the system opens pages with.
///
/// `BROWSER` is a list of commands that are tried one after the other, with `:` between them (`;` on Windows): each with
/// its arguments, with `%s` where the address goes (else it goes to the end), and with `&` at the end when it goes on by
/// itself. Commands run without a shell. One that fails, and is not followed by `&`, makes way for the next; when all
/// fail, so does this. A browser for the terminal has the terminal while it runs.
///
/// Without `BROWSER` the crate `webbrowser` decides: the default browser on Windows and macOS, `xdg-open` and the like
/// elsewhere.
#[derive(Clone, Debug, Default)]
pub struct SystemBrowser {
    commands: Option<String>,
}

impl SystemBrowser {
    /// As the environment says.
    pub const fn new() -> Self {
        Self { commands: None }
    }

    /// These commands, in the format of `BROWSER`, whatever the environment says.
    ///
    /// ```
    /// use tower_auth_browser::{Browser, PrintUrl, SystemBrowser};
    ///
    /// let work = SystemBrowser::commands("firefox -P work %s &:chromium");
    /// let browser = Browser::builder().opener(work.or(PrintUrl::stderr())).build()?;
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    pub fn commands(commands: impl Into<String>) -> Self {
        Self {
            commands: Some(commands.into()),
        }
    }

    /// Another way, should this one fail.
    pub fn or<O: Opener>(self, other: O) -> Or<Self, O> {
        Or::new(self, other)
    }
}

impl Opener for SystemBrowser {
    fn open(&self, visit: &Visit) -> io::Result<()> {
        let address = visit.uri().to_string();
        let variable = || env::var("BROWSER").ok();
        let commands = self.commands.clone().or_else(variable);
        match commands.as_deref().map(str::trim) {
            None | Some("") => webbrowser::open(&address),
            Some(commands) => open_one(commands, &address),
        }
    }
}

fn open_one(commands: &str, address: &str) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "BROWSER names no command");
    for line in commands.split(SEPARATOR) {
        let Some(command) = parse(line, address) else {
            continue;
        };
        match run(&command) {
            Ok(()) => return Ok(()),
            Err(error) => {
                last = io::Error::new(error.kind(), format!("{}: {error}", command.program))
            }
        }
    }
    Err(last)
}

fn run(line: &CommandLine) -> io::Result<()> {
    let mut command = Command::new(&line.program);
    command.args(&line.arguments);
    if !line.is_detached {
        let status = command.status()?;
        return if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("failed ({status})")))
        };
    }
    // Nobody hears what it says to the terminal, and it does not take what is typed there.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Waiting, here on a thread of our own, leaves no zombie.
    command.spawn()?.wait().map(drop)
}
