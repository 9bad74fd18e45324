//! How authorization servers are reached: any tower HTTP client, under limits.

#[cfg(feature = "client")]
mod hyper;
mod sent;

use crate::error::{BoxError, TokenError, What};
use bytes::{Buf as _, Bytes};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tower_service::Service;
use zeroize::Zeroizing;

type Exchange = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TokenError>> + Send>>;

/// The answer of an authorization server is no larger than this.
const MAX_ANSWER: usize = 1 << 20;

/// Any HTTP client, as the one that talks to authorization servers. Cheap to clone.
///
/// Whatever client it is: an answer may have at most 1 MiB, an exchange may take at most [60 s](Self::with_timeout), and
/// answers that redirect are errors. A client that follows redirects by itself would carry the client's credentials
/// elsewhere, so pass one that does not.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use std::convert::Infallible;
/// use tower_auth_oauth2::HttpClient;
///
/// let service = tower::service_fn(async |_: Request<Full<Bytes>>| {
///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(r#"{"access_token":"a"}"#)))
/// });
/// let client = HttpClient::new(service);
/// ```
#[derive(Clone)]
pub struct HttpClient {
    send: Arc<dyn Send_>,
    timeout: Duration,
}

impl HttpClient {
    /// A client of the user's own: hyper-util's, reqwest's, one that shows a certificate (mutual TLS), one that goes
    /// through a proxy. Each exchange takes a clone of it.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self {
            send: Arc::new(Erased(Mutex::new(service))),
            timeout: Duration::from_secs(60),
        }
    }

    /// How long one exchange may take, from the first byte to the last. 60 s by default. Measured on a tokio runtime
    /// only.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long one exchange may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// One exchange, the answer read to its end.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TokenError> {
        self.in_time(self.exchange(request)).await
    }

    /// The same, without a limit to its time.
    pub(crate) async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TokenError> {
        let response = self.send.send(request).await?;
        if response.status().is_redirection() {
            return Err(What::Redirected(response.status()).into());
        }
        Ok(response)
    }

    /// Within the time that an exchange may take.
    pub(crate) async fn in_time<T>(
        &self,
        exchange: impl Future<Output = Result<T, TokenError>>,
    ) -> Result<T, TokenError> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => tokio::time::timeout(self.timeout, exchange)
                .await
                .map_err(|_| What::TimedOut(self.timeout))?,
            // Without a runtime there is no timer; a client that needs none keeps its own time.
            Err(_) => exchange.await,
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

trait Send_: Send + Sync {
    fn send(&self, request: Request<Full<Bytes>>) -> Exchange;
}

/// The lock stands in for `S: Sync`; it is held for a clone.
struct Erased<S>(Mutex<S>);

impl<S, B> Send_ for Erased<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<Full<Bytes>>) -> Exchange {
        let mut service = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            let broken = |error: S::Error, was_sent: fn(&BoxError) -> bool| {
                let cause = error.into();
                let was_sent = was_sent(&cause);
                What::Unreachable { cause, was_sent }
            };
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(|error| broken(error, |_| false))?;
            let answer = service.call(request).await;
            let answer = answer.map_err(|error| broken(error, sent::may_be))?;
            let (parts, body) = answer.into_parts();
            Ok(Response::from_parts(parts, read(body).await?))
        })
    }
}

/// The whole body, in memory that is wiped after use.
async fn read<B>(body: B) -> Result<Bytes, TokenError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let mut read = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| What::Unreachable {
            cause: error.into(),
            was_sent: true,
        })?;
        let Ok(mut data) = frame.into_data() else {
            continue; // trailers
        };
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = read.len() + chunk.len();
            if length > MAX_ANSWER {
                return Err(What::TooLarge(MAX_ANSWER).into());
            }
            if length > read.capacity() {
                // Not by itself: it would leave a copy behind.
                let mut larger = Zeroizing::new(Vec::with_capacity(length * 2));
                larger.extend_from_slice(&read);
                read = larger;
            }
            read.extend_from_slice(chunk);
            let taken = chunk.len();
            data.advance(taken);
        }
    }
    Ok(Bytes::from_owner(read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenErrorKind;
    use std::convert::Infallible;

    fn request() -> Request<Full<Bytes>> {
        Request::post("https://as.example/token")
            .body(Full::default())
            .unwrap()
    }

    fn answering(status: u16, size: usize) -> HttpClient {
        HttpClient::new(tower::service_fn(
            move |_: Request<Full<Bytes>>| async move {
                let body = Full::<Bytes>::from(vec![b'a'; size]);
                Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
            },
        ))
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up() {
        let error = answering(200, MAX_ANSWER + 1)
            .send(request())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::TooLarge);
        assert!(answering(200, MAX_ANSWER).send(request()).await.is_ok());
    }

    /// A body of pieces of 1000 bytes, from the first number to the second.
    struct Pieces(usize, usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            let number = self.0;
            self.0 += 1;
            let piece = || Ok(http_body::Frame::data(vec![number as u8; 1000].into()));
            std::task::Poll::Ready((number < self.1).then(piece))
        }
    }

    #[tokio::test]
    async fn an_answer_in_many_pieces_is_put_together() {
        let whole = read(Pieces(0, 100)).await.unwrap();
        assert_eq!(whole.len(), 100_000);
        for (number, piece) in whole.chunks(1000).enumerate() {
            assert!(piece.iter().all(|byte| *byte == number as u8), "{number}");
        }
        let error = read(Pieces(0, 2000)).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn a_redirect_is_an_error() {
        let error = answering(307, 0).send(request()).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Redirected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up() {
        let silent = tower::service_fn(|_: Request<Full<Bytes>>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        });
        let client = HttpClient::new(silent).with_timeout(Duration::from_secs(7));
        let error = client.send(request()).await.unwrap_err();
        assert!(error.is_transient());
        assert!(error.to_string().contains("7000 ms"), "{error}");
    }
}
