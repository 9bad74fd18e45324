//! Everybody who knocks.

use crate::{
    Answer, DisplaySettings,
    gate::{Door, Gate},
    pages::{Page, respond},
    visit::{Arrived, LONGEST, Reply},
};
use http::{Method, Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tower_auth_http::{Body, read};

/// So many connections are there at once. When there is another, the oldest that has asked for nothing yet has to go:
/// browsers connect ahead of time, and whatever else runs here may hold connections as long as it likes.
const MOST: usize = 64;

/// How long a request may take to arrive, and a page to be fetched.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the last page may take once the answer is there. The page is small: it is a matter of milliseconds.
const LAST: Duration = Duration::from_secs(1);

/// What every connection knows.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    pub(crate) gate: Gate,
    pub(crate) display: Arc<DisplaySettings>,
    pub(crate) arrived: mpsc::Sender<Arrived>,
}

/// The connections that are open. Dropped, it closes them.
pub(crate) struct Connections {
    doorkeeper: Arc<Doorkeeper>,
    tasks: JoinSet<()>,
    open: VecDeque<Open>,
}

struct Open {
    task: AbortHandle,
    has_asked: Arc<AtomicBool>,
}

impl Connections {
    pub(crate) fn new(doorkeeper: Doorkeeper) -> Self {
        Self {
            doorkeeper: Arc::new(doorkeeper),
            tasks: JoinSet::new(),
            open: VecDeque::new(),
        }
    }

    /// Serves one.
    pub(crate) fn serve<S>(
        &mut self,
        stream: impl Future<Output = std::io::Result<S>> + Send + 'static,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|open| !open.task.is_finished());
        if self.open.len() >= MOST {
            let is_idle = |open: &Open| !open.has_asked.load(Ordering::Relaxed);
            let oldest = self.open.iter().position(is_idle).unwrap_or(0);
            if let Some(open) = self.open.remove(oldest) {
                open.task.abort();
            }
        }
        let has_asked = Arc::new(AtomicBool::new(false));
        let served = serve(stream, Arc::clone(&self.doorkeeper), Arc::clone(&has_asked));
        let task = self.tasks.spawn(async move {
            // Whoever is slower than that is not a browser.
            if timeout(PATIENCE, served).await.is_err() {
                tracing::debug!("a connection took too long");
            }
        });
        self.open.push_back(Open { task, has_asked });
    }

    /// Sends out the last pages, for a moment.
    pub(crate) async fn finish(mut self) {
        for open in &self.open {
            if !open.has_asked.load(Ordering::Relaxed) {
                open.task.abort();
            }
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(LAST, all).await.is_err() {
            tracing::debug!("a browser did not take its page in time");
        }
    }
}

async fn serve<S>(
    stream: impl Future<Output = std::io::Result<S>>,
    doorkeeper: Arc<Doorkeeper>,
    has_asked: Arc<AtomicBool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = match stream.await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            return;
        }
    };
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let doorkeeper = Arc::clone(&doorkeeper);
        async move { Ok::<_, Infallible>(doorkeeper.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE / 2)
        .max_buf_size(LONGEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // What is not HTTP, and who goes away, is nothing to anybody else.
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection broke off");
    }
}

impl Doorkeeper {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let door = self
            .gate
            .door(request.method(), request.uri(), request.headers());
        let page = match door {
            Door::Callback => self.callback(request).await,
            Door::Favicon => Page::Favicon,
            Door::NotFound => Page::NotFound,
            Door::BadMethod => Page::BadMethod,
            Door::BadHost => Page::BadHost,
        };
        respond(page, &self.display)
    }

    async fn callback(&self, request: Request<Incoming>) -> Page {
        let answer = if request.method() == Method::POST {
            match read(request.into_body(), LONGEST).await {
                Ok(form) => Answer::parse(&form),
                Err(_) => return Page::TooLarge,
            }
        } else {
            let query = request.uri().query().unwrap_or_default();
            if self.gate.is_bare(query) {
                // A browser keeps what is behind the `#` for itself.
                return Page::Fragment;
            }
            Answer::parse(query.as_bytes())
        };
        let (reply, page) = oneshot::channel();
        let arrived = Arrived {
            answer,
            reply: Reply::Browser(reply),
        };
        if self.arrived.send(arrived).await.is_err() {
            return Page::Over;
        }
        page.await.unwrap_or(Page::Over)
    }
}
