//! Browsers that say what they are told to, byte for byte.

#![allow(dead_code)] // not every test needs all of it

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use tower_auth_browser::{
    Answer, Browser, BrowserBuilder, BrowserError, BrowserErrorKind, Listener, Verdict, Visit,
};

pub(crate) const STATE: &str = "5f3c";

/// What came of a visit.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The server said that it did not work.
    Refused(String),
    Browser(BrowserError),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Browser(error) => error.fmt(f),
        }
    }
}

impl From<BrowserError> for Outcome {
    fn from(error: BrowserError) -> Self {
        Self::Browser(error)
    }
}

impl Outcome {
    pub(crate) fn kind(&self) -> BrowserErrorKind {
        match self {
            Self::Refused(why) => panic!("refused: {why}"),
            Self::Browser(error) => error.kind(),
        }
    }
}

/// Takes a code with the right state, or an error.
pub(crate) fn judge(answer: &Answer) -> Verdict<String, Outcome> {
    match answer.one("state") {
        Ok(Some(state)) if state.expose() == STATE => {}
        _ => return Verdict::NotExpected,
    }
    match (answer.one("code"), answer.one("error")) {
        (Ok(Some(code)), _) => Verdict::Accepted(code.expose().to_owned()),
        (Err(_), _) => Verdict::Refused(Outcome::Refused("two codes".to_owned())),
        (_, Ok(Some(error))) => Verdict::Refused(Outcome::Refused(error.expose().to_owned())),
        _ => Verdict::NotExpected,
    }
}

/// A visit under way, and where its browser has to go.
pub(crate) struct Waiting {
    pub(crate) port: u16,
    pub(crate) redirect_uri: String,
    pub(crate) outcome: JoinHandle<Result<String, Outcome>>,
}

/// At any port, with an opener that does nothing.
pub(crate) fn builder() -> BrowserBuilder {
    Browser::builder()
        .any_port()
        .timeout(Duration::from_secs(20))
        .opener(|_: &Visit| Ok(()))
}

pub(crate) async fn listener(builder: BrowserBuilder) -> Listener {
    builder.build().unwrap().listen().await.unwrap()
}

pub(crate) async fn wait(builder: BrowserBuilder) -> Waiting {
    visit(listener(builder).await)
}

pub(crate) fn visit(listener: Listener) -> Waiting {
    let page = "https://as.example/authorize?client_id=c&state=5f3c".parse();
    Waiting {
        port: listener.port(),
        redirect_uri: listener.redirect_uri(),
        outcome: tokio::spawn(listener.visit(page.unwrap(), judge)),
    }
}

impl Waiting {
    /// Sends these bytes, and returns everything that comes back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        raw(self.port, bytes).await.unwrap()
    }

    pub(crate) async fn get(&self, target: &str) -> String {
        self.raw(get(self.port, target).as_bytes()).await
    }

    pub(crate) async fn post(&self, target: &str, body: &str) -> String {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        self.raw(head.as_bytes()).await
    }

    /// The real browser comes.
    pub(crate) async fn come_back(self) -> String {
        let page = self.get("/?code=C1&state=5f3c").await;
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        assert!(page.contains("You are authenticated"), "{page}");
        self.outcome.await.unwrap().unwrap()
    }

    pub(crate) async fn error(self) -> Outcome {
        self.outcome.await.unwrap().unwrap_err()
    }
}

pub(crate) fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")
}

pub(crate) async fn connect(port: u16) -> io::Result<TcpStream> {
    connect_at(IpAddr::V4(Ipv4Addr::LOCALHOST), port).await
}

pub(crate) async fn connect_at(address: IpAddr, port: u16) -> io::Result<TcpStream> {
    TcpStream::connect(SocketAddr::new(address, port)).await
}

pub(crate) async fn raw(port: u16, bytes: &[u8]) -> io::Result<String> {
    let mut stream = connect(port).await?;
    // A server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// An opener that tells which page it was to open.
pub(crate) fn telling() -> (
    impl Fn(&Visit) -> io::Result<()> + Send + Sync,
    oneshot::Receiver<String>,
) {
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let opener = move |visit: &Visit| {
        if let Some(tell) = tell.lock().unwrap().take() {
            let _ = tell.send(visit.uri().to_string());
        }
        Ok(())
    };
    (opener, told)
}
