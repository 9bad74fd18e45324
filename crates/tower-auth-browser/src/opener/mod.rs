//! How a page gets in front of a person.

mod command_line;
mod paste;
mod print;
mod system;

pub use self::{paste::Paste, print::PrintUrl, system::SystemBrowser};

use crate::Visit;
use std::{fmt, io};

/// Puts a page in front of a person.
///
/// It is called once for each visit, on a thread of its own, and may take as long as it likes: a browser for the terminal
/// returns when it is closed. The listener is there already, and answers whatever the browser asks. When the visit is
/// over, nobody waits for it.
///
/// Closures are openers:
///
/// ```
/// use tower_auth_browser::{Browser, Visit};
///
/// let browser = Browser::builder()
///     .opener(|visit: &Visit| {
///         println!("please look at {}", visit.uri());
///         Ok(())
///     })
///     .build()?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
pub trait Opener: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened; this ends the visit with
    /// [`NoBrowser`](crate::BrowserErrorKind::NoBrowser). The error must not show the query of the page.
    fn open(&self, visit: &Visit) -> io::Result<()>;
}

impl<F: Fn(&Visit) -> io::Result<()> + Send + Sync> Opener for F {
    fn open(&self, visit: &Visit) -> io::Result<()> {
        self(visit)
    }
}

/// One opener, and another when it fails: [`SystemBrowser::or`].
pub struct Or<A, B>(A, B);

impl<A: Opener, B: Opener> Or<A, B> {
    pub(crate) const fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<A: Opener, B: Opener> Opener for Or<A, B> {
    fn open(&self, visit: &Visit) -> io::Result<()> {
        self.0.open(visit).or_else(|error| {
            tracing::debug!(%error, "trying the next way to open a page");
            self.1.open(visit)
        })
    }
}

impl<A, B> fmt::Debug for Or<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Or")
    }
}
