//! A net in which every name leads here: clients are seen to connect where they would, and what they send is read.

use hyper_util::rt::TokioIo;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::Service;

/// Where a client connects to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) secure: bool,
    pub(crate) host: String, // lower case
    pub(crate) port: u16,
}

impl Place {
    pub(crate) fn new(secure: bool, host: &str, port: u16) -> Self {
        Self {
            secure,
            host: host.to_ascii_lowercase(),
            port,
        }
    }

    /// As hyper-util's `HttpConnector` and hyper-rustls read a URI: other schemes are none of theirs, and a port that
    /// cannot be read is the default one.
    fn of_hyper(uri: &http::Uri) -> io::Result<Self> {
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(io::Error::other("unsupported scheme")),
        };
        let host = uri
            .host()
            .ok_or_else(|| io::Error::other("invalid URL, host is missing"))?;
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self::new(secure, host, port))
    }
}

/// One request: where it went, and all of its head.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) place: Place,
    pub(crate) head: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What answers a request, of which it gets the place and the target.
pub(crate) type Answer = Arc<dyn Fn(&Place, &str) -> String + Send + Sync>;

/// The net.
#[derive(Clone)]
pub(crate) struct Net {
    sent: Arc<Mutex<Vec<Sent>>>,
    answer: Answer,
}

impl Net {
    pub(crate) fn new(answer: impl Fn(&Place, &str) -> String + Send + Sync + 'static) -> Self {
        Self {
            sent: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    /// Everything since the last time.
    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Reads heads of requests and answers each, until the connection ends. `CONNECT` leads on.
    async fn serve(&self, mut stream: TcpStream, place: Option<Place>) -> io::Result<()> {
        let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let end = loop {
                if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                let read = stream.read(&mut buffer).await?;
                if read == 0 {
                    return Ok(());
                }
                text.extend_from_slice(&buffer[..read]);
            };
            let head = String::from_utf8_lossy(&text[..end]).into_owned();
            text.clear(); // bodies are empty here, or come along
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            // To a proxy, the target says where it goes.
            let place = match &place {
                Some(place) => place.clone(),
                None if head.starts_with("CONNECT ") => {
                    let (host, port) = target.rsplit_once(':').unwrap_or((&target, "443"));
                    Place::new(true, host, port.parse().unwrap())
                }
                None => Place::of_hyper(&target.parse().map_err(io::Error::other)?)?,
            };
            let answer = if head.starts_with("CONNECT ") {
                "HTTP/1.1 502 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
            } else {
                (self.answer)(&place, &target)
            };
            self.sent.lock().unwrap().push(Sent { place, head });
            stream.write_all(answer.as_bytes()).await?;
        }
    }

    /// A proxy through which every request goes.
    #[cfg(feature = "reqwest")]
    pub(crate) async fn proxy(&self) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let net = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let net = net.clone();
                tokio::spawn(async move { net.serve(stream, None).await });
            }
        });
        address
    }
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

/// As a connector of hyper-util's client. What would be TLS is in the clear, to be read.
impl Service<http::Uri> for Net {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Connecting {
        let net = self.clone();
        Box::pin(async move {
            let place = Place::of_hyper(&uri)?;
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let stream = TcpStream::connect(listener.local_addr()?).await?;
            let (other, _) = listener.accept().await?;
            tokio::spawn(async move { net.serve(other, Some(place)).await });
            Ok(TokioIo::new(stream))
        })
    }
}

/// A bare answer.
pub(crate) fn ok() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
}
