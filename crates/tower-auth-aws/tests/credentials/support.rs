//! A server on loopback that records what it is sent, and a machine that consists of a map and a directory.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header::LOCATION};
use std::{
    collections::BTreeMap,
    fmt::Write,
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tower::{ServiceExt, service_fn};
use tower_auth_aws::credentials::{
    Body as Sent, CredentialsError, Env, HttpClient, HttpError, ProviderContext,
};
use tower_auth_core::clock::{Clock, ManualClock};

/// What the server was sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// `PUT /path?query`
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.uri)
    }

    /// A parameter of a form.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let form: BTreeMap<String, String> = form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect();
        form.get(name).cloned()
    }
}

/// What the server does.
pub(crate) enum Answer {
    Now(Response),
    /// Takes the request, and says nothing.
    Never,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Now(response)
    }
}

pub(crate) fn text(status: u16, body: impl Into<String>) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer::Now((status, body.into()).into_response())
}

pub(crate) fn redirect(to: &str) -> Answer {
    Answer::Now((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to.to_owned())]).into_response())
}

pub(crate) fn with_header(answer: Answer, name: &'static str, value: &str) -> Answer {
    match answer {
        Answer::Now(mut response) => {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value.parse().unwrap());
            Answer::Now(response)
        }
        Answer::Never => Answer::Never,
    }
}

/// A head, and then a body that does not come.
pub(crate) fn stalled_body() -> Answer {
    let body = Body::new(Stalled);
    Answer::Now(Response::new(body))
}

struct Stalled;

impl http_body::Body for Stalled {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `answer` gets each request, and how many there were before it.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Seen) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let record = Arc::clone(&seen);
        let app = Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let request = Seen {
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            let before = {
                let mut seen = record.lock().unwrap();
                seen.push(request.clone());
                seen.len() - 1
            };
            match answer(before, &request) {
                Answer::Now(response) => response,
                Answer::Never => pending().await,
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// A client that sends everything here, wherever it should go; what it should be is in `x-meant`.
    pub(crate) fn everywhere(&self) -> HttpClient {
        let address = self.address;
        let client = HttpClient::default();
        HttpClient::new(service_fn(move |mut request: http::Request<Sent>| {
            let meant = request.uri().to_string();
            let path = request.uri().path_and_query().unwrap().as_str();
            *request.uri_mut() = format!("http://{address}{path}").parse().unwrap();
            request
                .headers_mut()
                .insert("x-meant", meant.parse().unwrap());
            let sent = client.clone().oneshot(request);
            async { Ok::<_, HttpError>(sent.await?.map(Sent::from)) }
        }))
    }
}

/// A machine of its own: a home directory, variables, a clock that stands still.
pub(crate) struct Machine {
    pub(crate) home: TempDir,
    pub(crate) hands: ManualClock,
    env: BTreeMap<String, String>,
}

/// 2026-01-31T12:00:00Z
pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_860_800)
}

impl Machine {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let env = BTreeMap::from([("HOME".into(), home.path().to_str().unwrap().into())]);
        let hands = ManualClock::at(noon());
        Self { home, hands, env }
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Writes a file below the home directory.
    pub(crate) fn file(self, path: &str, contents: &str) -> Self {
        self.write(path, contents);
        self
    }

    pub(crate) fn write(&self, path: &str, contents: &str) {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.home.path().join(path)).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> String {
        self.home.path().join(path).to_str().unwrap().to_owned()
    }

    /// With the default HTTP client, which gets nowhere but where the variables lead.
    pub(crate) fn context(&self) -> ProviderContext {
        ProviderContext::new()
            .with_env(Env::from_iter(self.env.clone()))
            .with_clock(Clock::new(self.hands.clone()))
    }
}

/// An error with all its causes.
pub(crate) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, " <- {error} {error:?}").unwrap();
        cause = error.source();
    }
    text
}

pub(crate) fn told_of<T: std::fmt::Debug>(result: Result<T, CredentialsError>) -> String {
    told(&result.unwrap_err())
}
