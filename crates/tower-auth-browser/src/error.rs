//! Why nobody came back.

use std::{error::Error as StdError, fmt, time::Duration};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a visit of a browser came to nothing.
///
/// `Display` is one line: the cause and the remedy. No part of an answer is in it, and of the page that was opened nothing
/// but what the operating system says about it.
pub struct BrowserError {
    kind: BrowserErrorKind,
    detail: String,
    source: Option<BoxError>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BrowserErrorKind {
    /// Other programs listen on all of the ports that were to be tried.
    PortTaken,
    /// Nothing can be listened on, for another reason.
    Listen,
    /// No browser could be opened.
    NoBrowser,
    /// No answer came in time.
    TimedOut,
    /// Whoever was to open the page gave up.
    Cancelled,
}

impl BrowserError {
    fn new(kind: BrowserErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            source: None,
        }
    }

    fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn port_taken(ports: &[u16], error: std::io::Error) -> Self {
        let detail = match ports {
            [port] => format!("another program listens on port {port} of this machine"),
            _ => format!("other programs listen on the ports {ports:?} of this machine"),
        } + "; end it, or choose another port with `port` or `ports`, or any free one with `any_port`";
        Self::new(BrowserErrorKind::PortTaken, detail).with_source(error)
    }

    pub(crate) fn listen(error: std::io::Error) -> Self {
        let detail = "this machine cannot be listened on, neither at 127.0.0.1 nor at [::1]; is the port one that only \
                      an administrator may use?";
        Self::new(BrowserErrorKind::Listen, detail).with_source(error)
    }

    pub(crate) fn no_browser(error: std::io::Error) -> Self {
        let detail = "no browser could be opened; name one in the variable BROWSER, or use `PrintUrl` or `Paste` where \
                      there is none";
        Self::new(BrowserErrorKind::NoBrowser, detail).with_source(error)
    }

    pub(crate) fn no_page() -> Self {
        let detail = "the page to open is neither http nor https, so no browser was asked to open it; is its URL whole?";
        Self::new(BrowserErrorKind::NoBrowser, detail)
    }

    pub(crate) fn held(ports: &[u16], limit: Duration) -> Self {
        let detail = format!(
            "this program listens on the ports {ports:?} itself, for another visit, and did not let go within {} s; end that \
             one, or choose another port with `port` or `ports`, or any free one with `any_port`",
            limit.as_secs_f64()
        );
        Self::new(BrowserErrorKind::TimedOut, detail)
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        let detail = format!(
            "the browser did not come back within {} s; try again, or give more time with `timeout`",
            limit.as_secs_f64()
        );
        Self::new(BrowserErrorKind::TimedOut, detail)
    }

    pub(crate) fn cancelled() -> Self {
        let detail = "it was cancelled before the browser came back; try again when you want to";
        Self::new(BrowserErrorKind::Cancelled, detail)
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> BrowserErrorKind {
        self.kind
    }
}

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl fmt::Debug for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserError")
            .field("kind", &self.kind)
            .field("detail", &self.detail)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for BrowserError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line that names the cause and the remedy, and does not only repeat what is behind it.
    fn check(error: &dyn std::error::Error, remedy: &str) {
        let text = error.to_string();
        assert!(
            !text.contains(char::is_control) && !text.ends_with('.'),
            "{text}"
        );
        assert!(!remedy.is_empty() && text.contains(remedy), "{text}");
        let source = error.source().map(ToString::to_string);
        assert_ne!(source.as_ref(), Some(&text));
    }

    #[test]
    fn every_error_is_one_line_with_the_cause_and_the_remedy() {
        let io = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        for (error, kind, remedy) in [
            (
                BrowserError::port_taken(&[80], io()),
                BrowserErrorKind::PortTaken,
                "`any_port`",
            ),
            (
                BrowserError::port_taken(&[80, 81], io()),
                BrowserErrorKind::PortTaken,
                "`any_port`",
            ),
            (
                BrowserError::listen(io()),
                BrowserErrorKind::Listen,
                "is the port",
            ),
            (
                BrowserError::no_browser(io()),
                BrowserErrorKind::NoBrowser,
                "`PrintUrl`",
            ),
            (
                BrowserError::no_page(),
                BrowserErrorKind::NoBrowser,
                "is its URL whole",
            ),
            (
                BrowserError::held(&[80], Duration::from_secs(60)),
                BrowserErrorKind::TimedOut,
                "`any_port`",
            ),
            (
                BrowserError::timed_out(Duration::from_secs(60)),
                BrowserErrorKind::TimedOut,
                "more time",
            ),
            (
                BrowserError::cancelled(),
                BrowserErrorKind::Cancelled,
                "try again",
            ),
        ] {
            assert_eq!(error.kind(), kind);
            check(&error, remedy);
        }
    }
}
