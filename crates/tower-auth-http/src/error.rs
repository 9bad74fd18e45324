//! Why an exchange failed, where, and what to do.

use crate::{BoxError, ReadError, Redactor, printable, reader::Unread};
use http::{StatusCode, Uri};
use std::{error::Error as StdError, fmt, io, time::Duration};

/// Why there is no answer.
///
/// `Display` is one line: the server (never path or query), the cause, the remedy. The error of a client that is not
/// ours stays in [`source`](StdError::source), since nobody knows what it quotes.
pub struct HttpError(Box<Inner>);

struct Inner {
    kind: HttpErrorKind,
    server: String,
    detail: String,
    source: Option<BoxError>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// It took too long. The request may have run.
    TimedOut,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// The TLS handshake failed. Nothing was sent.
    Tls,
    /// The connection broke after the request was sent, or while it was. It may have run.
    Interrupted,
    /// The answer is larger than the limit, or has no end.
    TooLarge,
    /// The answer leads elsewhere, which is not followed.
    Redirected,
    /// The client failed in some other way. The request may have run.
    Client,
}

impl HttpError {
    fn new(kind: HttpErrorKind, uri: &Uri, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            server: server(uri),
            detail: detail.into(),
            source: None,
        }))
    }

    fn with_source(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }

    pub(crate) fn timed_out(uri: &Uri, limit: Duration) -> Self {
        let detail = format!(
            "did not answer within {} ms; the request may have run",
            limit.as_millis()
        );
        Self::new(HttpErrorKind::TimedOut, uri, detail)
    }

    pub(crate) fn redirected(uri: &Uri, status: StatusCode) -> Self {
        let detail = format!(
            "answered {} with a redirect, which is not followed, since credentials would go along; give the URL that \
             it leads to",
            status.as_u16()
        );
        Self::new(HttpErrorKind::Redirected, uri, detail)
    }

    pub(crate) fn unread(uri: &Uri, error: ReadError) -> Self {
        let detail = match error.0 {
            Unread::Body(error) => return Self::interrupted(uri, error),
            Unread::TooLarge(limit) => {
                format!("answered with more than {limit} bytes; is it the right URL?")
            }
            Unread::Empty => "sent an answer without end; is it the right URL?".to_owned(),
        };
        Self::new(HttpErrorKind::TooLarge, uri, detail)
    }

    pub(crate) fn interrupted(uri: &Uri, error: BoxError) -> Self {
        let detail =
            "broke the connection before the answer was complete; the request may have run";
        Self::new(HttpErrorKind::Interrupted, uri, detail).with_source(error)
    }

    /// What a client says, looked at closely.
    pub(crate) fn of_client(uri: &Uri, error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(ours) => return *ours,
            Err(error) => error,
        };
        let (kind, detail) = judge(&*error);
        Self::new(kind, uri, detail).with_source(error)
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> HttpErrorKind {
        self.0.kind
    }

    /// The origin of the server.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Whether the same may work a little later.
    pub fn is_transient(&self) -> bool {
        use HttpErrorKind::{Client, Connect, Interrupted, TimedOut};
        matches!(self.0.kind, TimedOut | Connect | Interrupted | Client)
    }

    /// Whether the server may have acted on the request. `false` only when it certainly has not.
    pub fn request_may_have_run(&self) -> bool {
        !matches!(self.0.kind, HttpErrorKind::Connect | HttpErrorKind::Tls)
    }

    /// The error without what the redactor knows. A source that shows any of it gives way to its cleaned text.
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        if redactor.finds(&self.0.detail) {
            self.0.detail = redactor.clean(&self.0.detail);
        }
        if let Some(source) = self.0.source.take() {
            self.0.source = Some(if shows_any(&*source, redactor) {
                // Each by itself: what stands beside a secret may change how it reads.
                let texts: Vec<_> = sources(&*source)
                    .map(|error| redactor.clean(&error.to_string()))
                    .collect();
                texts.join(": ").into()
            } else {
                source
            });
        }
        self
    }
}

/// Whether an error or one of its causes shows a secret, to people or to programmers; or has more causes than are looked
/// at.
fn shows_any(error: &(dyn StdError + 'static), redactor: &Redactor) -> bool {
    let mut last = error;
    for error in sources(error) {
        if redactor.finds(&error.to_string()) || redactor.finds(&format!("{error:?}")) {
            return true;
        }
        last = error;
    }
    cause(last).is_some()
}

/// The error, and what caused it. No chain is followed for ever.
fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error)).take(16)
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    // An `io::Error` hides its cause behind its own `source`, which leaves it out.
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Scheme, host and port: all of a URL that is no secret.
fn server(uri: &Uri) -> String {
    match (uri.scheme_str(), uri.host()) {
        (Some(scheme), Some(host)) => match uri.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        },
        _ => "the server".to_owned(),
    }
}

fn judge(error: &(dyn StdError + 'static)) -> (HttpErrorKind, String) {
    use HttpErrorKind::{Client, Connect, Interrupted};
    #[cfg(feature = "rustls")]
    if let Some(tls) = sources(error).find_map(|error| error.downcast_ref::<rustls::Error>()) {
        // A connection that was made may break in TLS as well, and by then it has carried the request.
        let was_made = sources(error)
            .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
            .any(|error| !error.is_connect());
        if was_made && !crate::tls_error::is_refusal(tls) {
            let text = printable(&tls.to_string());
            let detail = format!("broke the connection ({text}); the request may have run");
            return (Interrupted, detail);
        }
        return (HttpErrorKind::Tls, crate::tls_error::detail(tls));
    }
    let mut connect = false;
    #[cfg(feature = "client")]
    for error in sources(error) {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            connect |= error.is_connect();
        }
        if let Some(error) = error.downcast_ref::<::hyper::Error>() {
            connect |= error.is_canceled(); // it was never begun
        }
    }
    let mut detail = None;
    for error in sources(error) {
        let Some(error) = error.downcast_ref::<io::Error>() else {
            continue;
        };
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                connect = true;
                detail = Some(
                    "refused the connection; is it running, and is the port right?".to_owned(),
                );
            }
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
                if !connect =>
            {
                return (
                    Interrupted,
                    "broke the connection; the request may have run".to_owned(),
                );
            }
            _ => {
                detail = detail.or_else(|| {
                    let text = printable(&error.to_string());
                    Some(format!(
                        "could not be reached: {text}; is the name right, and is there a network?"
                    ))
                });
            }
        }
    }
    if connect {
        let detail = detail.unwrap_or_else(|| {
            "could not be reached; is the name right, and is there a network?".to_owned()
        });
        return (Connect, detail);
    }
    #[cfg(feature = "client")]
    if sources(error).any(|error| {
        error
            .downcast_ref::<::hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_closed())
    }) {
        return (
            Interrupted,
            "closed the connection before it answered; the request may have run".to_owned(),
        );
    }
    (
        Client,
        "could not be asked: the HTTP client failed, and its error is the source of this one"
            .to_owned(),
    )
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.server, self.0.detail)
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpError")
            .field("kind", &self.0.kind)
            .field("server", &self.0.server)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_server_and_nothing_else_of_the_url() {
        let uri = Uri::from_static("https://user:pw@as.example:8443/path?api_key=planted");
        let leaky = io::Error::other("cannot reach https://as.example/path?api_key=planted");
        let error = HttpError::of_client(&uri, BoxError::from("client"));
        assert!(error.to_string().starts_with("https://as.example:8443 "));
        let error = HttpError::of_client(&uri, leaky.into());
        let mut redactor = Redactor::new();
        redactor.secret(&"planted".into());
        let error = error.redacted(&redactor);
        let shown = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(!shown.contains("planted"), "{shown}");
    }

    #[derive(Debug)]
    struct Chain(usize);

    impl fmt::Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", if self.0 == 0 { "planted" } else { "a cause" })
        }
    }

    impl StdError for Chain {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            const CHAINS: [Chain; 20] = {
                let mut chains = [const { Chain(0) }; 20];
                let mut at = 0;
                while at < 20 {
                    chains[at] = Chain(at);
                    at += 1;
                }
                chains
            };
            static CAUSES: [Chain; 20] = CHAINS;
            self.0.checked_sub(1).map(|below| &CAUSES[below] as _)
        }
    }

    #[test]
    fn neither_what_is_said_first_nor_the_last_of_many_causes_shows_a_secret() {
        let uri = Uri::from_static("https://as.example/");
        let mut redactor = Redactor::new();
        redactor.secret(&"planted".into());
        let error = HttpError::new(HttpErrorKind::Connect, &uri, "could not: pl%61nted")
            .redacted(&redactor);
        assert_eq!(
            error.to_string(),
            "https://as.example could not: [redacted]"
        );
        let error = HttpError::of_client(&uri, Chain(19).into()).redacted(&redactor);
        assert!(error.source().unwrap().downcast_ref::<Chain>().is_none());
        let kept = HttpError::of_client(&uri, io::Error::other("x").into()).redacted(&redactor);
        assert!(kept.source().unwrap().is::<io::Error>());
    }

    #[test]
    fn only_what_was_certainly_not_sent_is_said_not_to_have_run() {
        let uri = Uri::from_static("http://127.0.0.1:9/");
        let of = |kind: io::ErrorKind| HttpError::of_client(&uri, io::Error::from(kind).into());
        let refused = of(io::ErrorKind::ConnectionRefused);
        assert_eq!(refused.kind(), HttpErrorKind::Connect);
        assert!(!refused.request_may_have_run() && refused.is_transient());
        let reset = of(io::ErrorKind::ConnectionReset);
        assert_eq!(reset.kind(), HttpErrorKind::Interrupted);
        assert!(reset.request_may_have_run());
        let other = HttpError::of_client(&uri, "odd".into());
        assert_eq!(other.kind(), HttpErrorKind::Client);
        assert!(other.request_may_have_run());
    }

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
        let uri = Uri::from_static("https://as.example/token?key=planted");
        let io = |kind: io::ErrorKind| HttpError::of_client(&uri, io::Error::from(kind).into());
        let unread = |error| HttpError::unread(&uri, error);
        for (error, kind, remedy) in [
            (
                HttpError::timed_out(&uri, Duration::from_secs(1)),
                HttpErrorKind::TimedOut,
                "may have run",
            ),
            (
                HttpError::redirected(&uri, StatusCode::FOUND),
                HttpErrorKind::Redirected,
                "give the URL",
            ),
            (
                io(io::ErrorKind::ConnectionRefused),
                HttpErrorKind::Connect,
                "is it running",
            ),
            (
                io(io::ErrorKind::ConnectionReset),
                HttpErrorKind::Interrupted,
                "may have run",
            ),
            (
                unread(ReadError(Unread::Body("x".into()))),
                HttpErrorKind::Interrupted,
                "may have run",
            ),
            (
                unread(ReadError(Unread::TooLarge(9))),
                HttpErrorKind::TooLarge,
                "right URL",
            ),
            (
                unread(ReadError(Unread::Empty)),
                HttpErrorKind::TooLarge,
                "right URL",
            ),
            (
                HttpError::of_client(&uri, "x".into()),
                HttpErrorKind::Client,
                "its error is the source",
            ),
        ] {
            assert_eq!(error.kind(), kind);
            check(&error, remedy);
        }
        check(&ReadError(Unread::TooLarge(9)), "is it the right address?");
        check(&ReadError(Unread::Empty), "is it the right address?");
        check(&ReadError(Unread::Body("x".into())), "try again");
    }
}
