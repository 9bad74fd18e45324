//! Waiting for a browser.

use crate::{
    Answer, Browser, BrowserError, Visit,
    connections::{Connections, Doorkeeper},
    gate::Gate,
    pages::Page,
    ports::Sockets,
    visit::Arrived,
};
use http::Uri;
use std::{fmt, io, sync::Arc, thread, time::Duration};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

/// How long nobody is let in when the system cannot.
const BREATH: Duration = Duration::from_millis(50);

/// What an answer is.
#[derive(Debug)]
pub enum Verdict<T, E> {
    /// It is the one, and this is what it brings. The browser shows success.
    Accepted(T),
    /// It is the one, and says that it did not work. The browser shows the error.
    Refused(E),
    /// It is another one: of an earlier visit, or of somebody who wants to be taken for the one. It is not looked at any
    /// further, and the right one is still waited for.
    NotExpected,
}

/// A listener that a browser can come back to: [`Browser::listen`].
///
/// It listens from the beginning; requests that come before [`visit`](Self::visit) wait in the queue of the system.
pub struct Listener {
    pub(crate) browser: Browser,
    pub(crate) sockets: Sockets,
    pub(crate) redirect_uri: Uri,
}

impl Listener {
    /// Where a browser has to be sent, for the page that it is to see: `http://localhost:5000/` by default.
    pub fn redirect_uri(&self) -> String {
        self.redirect_uri.to_string()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.sockets.port()
    }

    /// Opens the page, and waits until the browser comes back with an answer that `judge` does not send away.
    ///
    /// `judge` is asked for each answer, one after the other, and must not wait: whoever knows the address can send some.
    /// When this returns, the browser has its page (or did not take it within 1 s), and the port is free. Dropping the
    /// future closes everything.
    ///
    /// # Errors
    ///
    /// What `judge` refused an answer with; else a [`BrowserError`]: of kind
    /// [`NoBrowser`](crate::BrowserErrorKind::NoBrowser), also when the page is neither http nor https,
    /// [`TimedOut`](crate::BrowserErrorKind::TimedOut) or [`Cancelled`](crate::BrowserErrorKind::Cancelled).
    ///
    /// ```
    /// use std::{io::{Read, Write}, net::TcpStream};
    /// use tower_auth_browser::{Browser, BrowserError, Verdict, Visit};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = Browser::builder()
    ///     .any_port()
    ///     // Plays a browser that is sent back at once.
    ///     .opener(|visit: &Visit| visit.answer("?state=af0&code=SplxlOB").map_err(std::io::Error::other))
    ///     .build()?
    ///     .listen()
    ///     .await?;
    /// let page = format!("https://as.example.com/authorize?state=af0&redirect_uri={}", listener.redirect_uri());
    /// let code = listener
    ///     .visit(page.parse()?, |answer| match (answer.one("state"), answer.one("code")) {
    ///         (Ok(Some(state)), Ok(Some(code))) if state.expose() == "af0" => Verdict::Accepted(code.clone()),
    ///         _ => Verdict::<_, BrowserError>::NotExpected,
    ///     })
    ///     .await?;
    /// assert_eq!(code.expose(), "SplxlOB");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn visit<T, E>(
        self,
        page: Uri,
        mut judge: impl FnMut(&Answer) -> Verdict<T, E>,
    ) -> Result<T, E>
    where
        E: fmt::Display + From<BrowserError>,
    {
        let (to_us, mut arrived) = mpsc::channel(1);
        let mut connections = Connections::new(Doorkeeper {
            gate: Gate::new(&self.redirect_uri, self.sockets.port()),
            display: Arc::clone(&self.browser.0.display),
            arrived: to_us,
        });
        let limit = self.browser.0.timeout;
        let waited = timeout(
            limit,
            self.wait(page, &mut judge, &mut connections, &mut arrived),
        )
        .await;
        // Who still has an answer hears that it is too late.
        drop(arrived);
        let result = match waited {
            Ok(result) => result,
            Err(_) => Err(BrowserError::timed_out(limit).into()),
        };
        drop(self.sockets);
        connections.finish().await;
        result
    }

    async fn wait<T, E>(
        &self,
        page: Uri,
        judge: &mut impl FnMut(&Answer) -> Verdict<T, E>,
        connections: &mut Connections,
        arrived: &mut mpsc::Receiver<Arrived>,
    ) -> Result<T, E>
    where
        E: fmt::Display + From<BrowserError>,
    {
        // Whatever opens it could take something else for a file, or for an option.
        if !matches!(page.scheme_str(), Some("http" | "https")) {
            return Err(BrowserError::no_page().into());
        }
        let (hand_in, mut handed_in) = mpsc::channel(1);
        let (cancel, mut cancelled) = mpsc::channel(1);
        let visit = Visit {
            uri: page,
            redirect_uri: self.redirect_uri(),
            handed_in: hand_in,
            cancel,
        };
        let mut opened = self.open(visit);
        let mut is_opening = true;
        loop {
            let arrived = tokio::select! {
                biased;
                Some(arrived) = arrived.recv() => arrived,
                Some(arrived) = handed_in.recv() => arrived,
                Some(()) = cancelled.recv() => return Err(BrowserError::cancelled().into()),
                result = &mut opened, if is_opening => {
                    is_opening = false;
                    match result {
                        Ok(Err(error)) => return Err(BrowserError::no_browser(error).into()),
                        Ok(Ok(())) => continue,
                        // It panicked, so nobody knows whether there is a browser.
                        Err(_) => return Err(BrowserError::no_browser(io::Error::other("the opener panicked")).into()),
                    }
                }
                stream = self.sockets.accept() => {
                    match stream {
                        Ok(stream) => self.let_in(stream, connections),
                        // There are no more file handles, say.
                        Err(_) => sleep(BREATH).await,
                    }
                    continue;
                }
            };
            let (page, result) = match judge(&arrived.answer) {
                Verdict::Accepted(value) => (Page::Success, Some(Ok(value))),
                Verdict::Refused(error) => (Page::Failure(error.to_string()), Some(Err(error))),
                Verdict::NotExpected => (Page::NotExpected, None),
            };
            arrived.reply.send(page);
            if let Some(result) = result {
                return result;
            }
            tracing::debug!("an answer that is not the expected one");
        }
    }

    /// Opens the page on a thread of its own: a browser may take until it is closed.
    fn open(&self, visit: Visit) -> oneshot::Receiver<io::Result<()>> {
        let (done, opened) = oneshot::channel();
        let opener = Arc::clone(&self.browser.0.opener);
        let open = move || {
            let result = opener.open(&visit);
            // It may be over by now.
            drop(done.send(result));
        };
        if let Err(error) = thread::Builder::new()
            .name("browser".to_owned())
            .spawn(open)
        {
            tracing::debug!(%error, "no thread for the browser");
        }
        opened
    }

    #[cfg(not(feature = "rustls"))]
    fn let_in(&self, stream: TcpStream, connections: &mut Connections) {
        connections.serve(std::future::ready(Ok(stream)));
    }

    #[cfg(feature = "rustls")]
    fn let_in(&self, stream: TcpStream, connections: &mut Connections) {
        match &self.browser.0.tls {
            Some(tls) => connections.serve(tls.accept(stream)),
            None => connections.serve(std::future::ready(Ok(stream))),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("redirect_uri", &self.redirect_uri)
            .field("port", &self.port())
            .finish_non_exhaustive()
    }
}
