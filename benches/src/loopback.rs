//! Whole requests: through a layer and hyper-util, over loopback, to a server and back.

use crate::{BoxError, Subject};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use tower_layer::Layer;
use tower_service::Service;

/// The client at the bottom.
pub type Hyper = Client<HttpConnector, Full<Bytes>>;

/// A [`Subject`]: requests through one service, over one connection that is kept alive.
pub struct Loopback<S> {
    runtime: Runtime,
    service: S,
    uri: String,
    requests: Vec<Request<Full<Bytes>>>,
    seen: Seen,
}

/// The head of the last request.
type Seen = Arc<Mutex<String>>;

impl<S> Loopback<S> {
    /// Requests through `layer` and a client of its own, to a server of its own.
    ///
    /// # Errors
    ///
    /// When the server cannot be started.
    pub fn new<L>(layer: L) -> Result<Self, BoxError>
    where
        L: Layer<Hyper, Service = S>,
    {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let seen = Seen::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let uri = format!("http://{}/v1/items?page=2", listener.local_addr()?);
        runtime.spawn(serve(listener, Arc::clone(&seen)));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self {
            runtime,
            service: layer.layer(client),
            uri,
            requests: Vec::new(),
            seen,
        })
    }
}

async fn serve(listener: TcpListener, seen: Seen) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&seen)));
    }
}

/// Answers every head with a 200, on one connection.
async fn answer(mut stream: TcpStream, seen: Seen) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buffer[..read]);
        if head.ends_with(b"\r\n\r\n") {
            keep(&seen, &head);
            head.clear();
            let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(ok).await?;
        }
    }
}

fn keep(seen: &Seen, head: &[u8]) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.clear();
    seen.push_str(&String::from_utf8_lossy(head));
}

impl<S, B> Subject for Loopback<S>
where
    S: Service<Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: fmt::Debug,
    B: http_body::Body,
{
    fn prepare(&mut self, calls: usize) {
        self.requests.clear();
        self.requests.extend((0..calls).map(|_| {
            Request::get(&self.uri)
                .header("accept", "application/json")
                .body(Full::default())
                .expect("a constant request")
        }));
    }

    fn run(&mut self) {
        self.runtime.block_on(async {
            for request in self.requests.drain(..) {
                std::future::poll_fn(|cx| self.service.poll_ready(cx))
                    .await
                    .expect("a client is always ready");
                let response = self.service.call(request).await.expect("an answer");
                assert_eq!(response.status(), 200);
                // To its end, so that the connection is used again.
                assert!(response.into_body().collect().await.is_ok());
            }
        });
    }

    fn outcome(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<_> = seen
            .lines()
            .filter(|line| !line.starts_with("host:") && !line.is_empty())
            .collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

impl<S> fmt::Debug for Loopback<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback").finish_non_exhaustive()
    }
}
