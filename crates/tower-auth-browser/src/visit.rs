//! A page to be opened, in the hands of whoever opens it.

use crate::{Answer, pages::Page};
use http::Uri;
use std::{fmt, sync::mpsc as blocking};
use tokio::sync::{mpsc, oneshot};

/// No answer is longer, in bytes.
pub(crate) const LONGEST: usize = 64 << 10;

/// An answer that has arrived, and where the page that it earns has to go.
pub(crate) struct Arrived {
    pub(crate) answer: Answer,
    pub(crate) reply: Reply,
}

pub(crate) enum Reply {
    /// To a browser.
    Browser(oneshot::Sender<Page>),
    /// To whoever handed it in by another way.
    Hand(blocking::SyncSender<Page>),
}

impl Reply {
    pub(crate) fn send(self, page: Page) {
        // Whoever has gone away meanwhile needs no page.
        match self {
            Self::Browser(sender) => drop(sender.send(page)),
            Self::Hand(sender) => drop(sender.send(page)),
        }
    }
}

/// A page that somebody is to look at: what an [`Opener`](crate::Opener) gets.
///
/// An opener whose browser cannot reach this machine hands in the answer by [`answer`](Self::answer).
pub struct Visit {
    pub(crate) uri: Uri,
    pub(crate) redirect_uri: String,
    pub(crate) handed_in: mpsc::Sender<Arrived>,
    pub(crate) cancel: mpsc::Sender<()>,
}

/// Why what was handed in is no answer. None of these ends the visit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NotTaken {
    /// It is no address with an answer in it.
    NoAnswer,
    /// It is the answer to something else, such as an earlier visit.
    NotExpected,
    /// The visit is over.
    Over,
}

impl Visit {
    /// The page to open: `http` or `https`, in ASCII that can be seen.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Where the browser will be sent in the end.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Hands in the answer: the whole address that the browser was sent to, or what is behind its `?` or `#`. Waits until
    /// it was looked at. An answer that says that it did not work is one, too.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] says why it is not the answer.
    pub fn answer(&self, address: &str) -> Result<(), NotTaken> {
        let answer = read(address).ok_or(NotTaken::NoAnswer)?;
        let (reply, looked_at) = blocking::sync_channel(1);
        let arrived = Arrived {
            answer,
            reply: Reply::Hand(reply),
        };
        // There is one place. Two at a time would be two who answer for one person.
        self.handed_in
            .try_send(arrived)
            .map_err(|_| NotTaken::Over)?;
        match looked_at.recv() {
            Ok(Page::Success | Page::Failure(_)) => Ok(()),
            Ok(Page::NotExpected) => Err(NotTaken::NotExpected),
            Ok(_) | Err(_) => Err(NotTaken::Over),
        }
    }

    /// Ends the visit: nobody is going to come.
    pub fn cancel(&self) {
        // Once is enough.
        let _ = self.cancel.try_send(());
    }

    /// Whether it is over: the answer is there, or nobody waits for it any more.
    pub fn is_over(&self) -> bool {
        self.handed_in.is_closed()
    }
}

/// What is behind the `?` and the `#` of an address, or the whole where there is neither.
fn read(address: &str) -> Option<Answer> {
    let address = address.trim();
    if address.len() > LONGEST {
        return None;
    }
    let parameters = match address.split_once(['?', '#']) {
        // `…/back#_=_` comes from servers that add a fragment of their own.
        Some((_, rest)) if rest.contains('#') => rest.replace('#', "&"),
        Some((_, rest)) => rest.to_owned(),
        None => address.to_owned(),
    };
    parameters
        .contains('=')
        .then(|| Answer::parse(parameters.as_bytes()))
}

/// Shows where it leads, not what it asks for.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("host", &self.uri.host())
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAnswer => "that is no address with an answer in it; copy the whole address",
            Self::NotExpected => "that is the answer to something else; copy the address of the page that was opened last",
            Self::Over => "the answer is not waited for any more",
        })
    }
}

impl std::error::Error for NotTaken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_query_or_its_fragment() {
        for address in [
            " http://localhost:5000/?code=C&state=S \n",
            "http://localhost:5000/#code=C&state=S",
            "http://localhost:5000/?code=C&state=S#_=_",
            "code=C&state=S",
            "?code=C&state=S",
        ] {
            let answer = read(address).unwrap();
            assert_eq!(answer.one("code").unwrap().unwrap().expose(), "C");
            assert_eq!(
                answer.one("state").unwrap().unwrap().expose(),
                "S",
                "{address}"
            );
        }
        for none in ["", "http://localhost:5000/", "yes", &"a=".repeat(LONGEST)] {
            assert!(read(none).is_none());
        }
    }
}
