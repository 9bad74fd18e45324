//! Machines without a browser.

use super::Opener;
use crate::Visit;
use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// Prints the address, for a person to open it.
///
/// The browser has to reach this machine, at the redirect URI: it is on the same machine, or
/// `ssh -L 5000:localhost:5000` brings it here. Where it cannot, use [`Paste`](super::Paste).
pub struct PrintUrl(Mutex<Box<dyn Write + Send>>);

impl PrintUrl {
    /// To this.
    pub fn new(output: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(output)))
    }

    /// To the standard error output, where it is in nobody's way.
    pub fn stderr() -> Self {
        Self::new(io::stderr())
    }
}

impl Opener for PrintUrl {
    fn open(&self, visit: &Visit) -> io::Result<()> {
        // What a panic left behind is a half-written line at most.
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(
            output,
            "Open this address in a browser:\n\n  {}\n",
            visit.uri()
        )?;
        output.flush()
    }
}

impl fmt::Debug for PrintUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrintUrl")
    }
}
