//! Any HTTP client, under limits.

use crate::{Body, BoxError, HttpError, read};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tower_service::Service;

/// The answer of a service that schemes ask is no larger than this, unless [`HttpClient::max_answer`] says otherwise.
const MAX_ANSWER: usize = 1 << 20;
/// How long one exchange may take, unless [`HttpClient::timeout`] says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Any HTTP client, as the one that schemes fetch with. Cheap to clone; clones share the client below.
///
/// Whatever client it is: an answer is read to its end and may have at most [1 MiB](Self::max_answer), an exchange may
/// take at most [60 s](Self::timeout), and an answer that redirects is an error. It is a `tower::Service` itself: put a
/// layer on it, and what is fetched is authenticated.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower_auth_http::{Body, HttpClient};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = tower::service_fn(async |_: Request<Body>| {
///     Ok::<_, Infallible>(Response::new(Body::from(r#"{"access_token":"a"}"#)))
/// });
/// let http = HttpClient::new(service);
///
/// let answer = http.send(Request::get("https://as.example.com/").body(Body::empty())?).await?;
/// assert_eq!(answer.into_body(), r#"{"access_token":"a"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpClient {
    below: Arc<dyn Erased>,
    timeout: Duration,
    max_answer: usize,
}

impl HttpClient {
    /// This client: hyper-util's, reqwest's, one that shows a certificate (mutual TLS), one that goes through a proxy.
    /// Each exchange takes a clone of it. It should not follow redirects, and nothing of it is changed.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self {
            below: Arc::new(Below(Mutex::new(service))),
            timeout: TIMEOUT,
            max_answer: MAX_ANSWER,
        }
    }

    /// How long one exchange may take, from the first byte to the last. 60 s by default. Measured on a tokio runtime
    /// only.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How many bytes an answer may have. 1 MiB by default.
    #[must_use]
    pub fn max_answer(self, bytes: usize) -> Self {
        Self {
            max_answer: bytes,
            ..self
        }
    }

    /// How long one exchange may take.
    pub fn time_limit(&self) -> Duration {
        self.timeout
    }

    /// One exchange: sends the request, and reads the answer to its end, into memory that is wiped.
    ///
    /// # Errors
    ///
    /// [`HttpError`] when there is no whole answer within the limits, or one that redirects. Any other status is an
    /// answer.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri().clone();
        self.in_time(&uri, self.below.send(request, self.max_answer))
            .await
    }

    /// Any work within the time of one exchange, for what has to be done before a request to this URI can be sent.
    ///
    /// # Errors
    ///
    /// Those of the work, and [`HttpError`] when the time is up.
    pub async fn in_time<T, E: From<HttpError>>(
        &self,
        uri: &Uri,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => tokio::time::timeout(self.timeout, work)
                .await
                .map_err(|_| HttpError::timed_out(uri, self.timeout))?,
            // Without a runtime there is no timer; a client that needs none keeps its own time.
            Err(_) => work.await,
        }
    }
}

/// One exchange of an [`HttpClient`] that is used as a service.
pub type Exchange = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send>>;

/// As [`HttpClient::send`]. Always ready: the client below is waited for in the response future.
impl Service<Request<Body>> for HttpClient {
    type Response = Response<Bytes>;
    type Error = HttpError;
    type Future = Exchange;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Exchange {
        let client = self.clone();
        Box::pin(async move { client.send(request).await })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("timeout", &self.timeout)
            .field("max_answer", &self.max_answer)
            .finish_non_exhaustive()
    }
}

trait Erased: Send + Sync {
    fn send(&self, request: Request<Body>, max_answer: usize) -> Exchange;
}

/// The lock stands in for `S: Sync`; it is held for a clone.
struct Below<S>(Mutex<S>);

impl<S, B> Erased for Below<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<Body>, max_answer: usize) -> Exchange {
        let mut service = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            let uri = request.uri().clone();
            let failed = |error: S::Error| HttpError::of_client(&uri, error.into());
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
            let (head, body) = service.call(request).await.map_err(failed)?.into_parts();
            // 304 leads nowhere.
            if head.status.is_redirection() && head.status != StatusCode::NOT_MODIFIED {
                return Err(HttpError::redirected(&uri, head.status));
            }
            let body = read(body, max_answer)
                .await
                .map_err(|error| HttpError::unread(&uri, error))?;
            Ok(Response::from_parts(head, body))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HttpErrorKind;
    use std::convert::Infallible;

    fn get() -> Request<Body> {
        Request::get("https://as.example/token?key=planted")
            .body(Body::empty())
            .unwrap()
    }

    fn answering(status: u16, size: usize) -> HttpClient {
        HttpClient::new(tower::service_fn(move |_: Request<Body>| {
            let body = Body::from(vec![b'a'; size]);
            std::future::ready(Ok::<_, Infallible>(
                Response::builder().status(status).body(body).unwrap(),
            ))
        }))
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_given_up() {
        let client = answering(200, 11).max_answer(10);
        let error = client.send(get()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::TooLarge);
        assert!(answering(200, 10).max_answer(10).send(get()).await.is_ok());
        assert!(answering(500, 10).send(get()).await.is_ok());
    }

    #[tokio::test]
    async fn a_redirect_is_an_error_that_does_not_show_where_the_request_went() {
        let error = answering(307, 0).send(get()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Redirected);
        assert!(
            error
                .to_string()
                .starts_with("https://as.example answered 307")
        );
        assert!(!format!("{error:?}").contains("planted"));
        // Whatever comes with it.
        let large = answering(302, 11).max_answer(10);
        let error = large.send(get()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Redirected);
        let unchanged = answering(304, 0).send(get()).await.unwrap();
        assert_eq!(unchanged.status(), 304);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up() {
        let silent = tower::service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Body>, Infallible>>()
        });
        let client = HttpClient::new(silent).timeout(Duration::from_secs(7));
        let error = client.send(get()).await.unwrap_err();
        assert!(error.is_transient() && error.request_may_have_run());
        assert!(error.to_string().contains("7000 ms"), "{error}");
    }

    #[tokio::test]
    async fn a_layer_authenticates_what_is_fetched() {
        use tower::{Layer, ServiceExt};
        let echo = tower::service_fn(async |request: Request<Body>| {
            let value = request.headers()["authorization"].as_bytes().to_vec();
            Ok::<_, Infallible>(Response::new(Body::from(value)))
        });
        let basic = tower_auth_core::Basic::new("user", "password").unwrap();
        let client = basic.layer(HttpClient::new(echo));
        let answer = client.oneshot(get()).await.unwrap();
        assert_eq!(answer.into_body(), "Basic dXNlcjpwYXNzd29yZA==");
    }
}
