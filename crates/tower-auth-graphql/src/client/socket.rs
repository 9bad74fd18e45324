//! A client's WebSocket.

use super::{Client, Shared, encode};
use crate::{
    Body, BoxError, Error, Reply, Socket, WebSocket,
    ws::{Handshake, Sessions},
};
#[cfg(feature = "ws-http2")]
use http::StatusCode;
use http::{HeaderMap, Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use tower_service::Service;

impl<S> Client<S>
where
    S: Service<Request<Body>, Response = Response<Reply>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    /// The same client, whose subscriptions go over a WebSocket.
    ///
    /// All subscriptions share one connection. It is made when the first one needs it, and again when it is lost, by a
    /// handshake that is an ordinary HTTP request through the stack: what authenticates queries authenticates it, a
    /// refusal renews credentials, and the server's word that they are no longer good (4401, 4403) does so too. The HTTP
    /// client below has to be hyper's, or hand on the extensions of its responses, and speak HTTP/1.1 to the server: over
    /// TLS, one that does not offer `h2`. With the feature `ws-http2` it may speak HTTP/2 instead
    /// ([`WebSocket::opening_handshake`]).
    ///
    /// Needs a tokio runtime. The connection lives in a task of the runtime that it was first needed in.
    ///
    /// ```no_run
    /// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
    /// use tower_auth_core::Bearer;
    /// use tower_auth_graphql::{Client, WebSocket};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = Hyper::builder(TokioExecutor::new()).build_http();
    /// let client = Client::builder("https://api.example.com/graphql")?
    ///     .auth(Bearer::new("token")?)?
    ///     .build(http)
    ///     .websocket(WebSocket::new());
    /// let mut news = client.query("subscription { news }").subscribe().await?;
    /// while let Some(response) = news.next().await {
    ///     println!("{:?}", response?.decode::<serde_json::Value>()?.data);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn websocket(mut self, options: WebSocket) -> Self {
        let options = Arc::new(options);
        let service = Mutex::new(self.service.clone());
        let shared = Arc::clone(&self.shared);
        let told = Arc::clone(&options);
        let open = move |connecting| {
            let service = service
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let handshake = Handshake::new(Arc::clone(&told), connecting);
            let head = request(&shared, &told);
            let answer: std::pin::Pin<Box<dyn Future<Output = _> + Send>> =
                Box::pin(async move { open(service, head?, handshake?).await });
            answer
        };
        self.sessions = Some(Sessions::new(Arc::new(open), options));
        self
    }
}

/// Everything but what makes it ask for a WebSocket.
fn request(shared: &Shared, options: &WebSocket) -> Result<http::request::Parts, Error> {
    let told = encode::Options::default();
    let mut request = encode::finish(shared, &HeaderMap::new(), &told, Body::empty())?;
    if let Some(endpoint) = options.endpoint_uri() {
        *request.uri_mut() = endpoint.clone();
    }
    Ok(request.into_parts().0)
}

async fn open<S>(
    mut service: S,
    head: http::request::Parts,
    #[cfg_attr(not(feature = "ws-http2"), allow(unused_mut))] mut handshake: Handshake,
) -> Result<Socket, Error>
where
    S: Service<Request<Body>, Response = Response<Reply>>,
    S::Error: Into<BoxError>,
{
    let was_stale = handshake.is_stale();
    let mut again = was_stale;
    loop {
        std::future::poll_fn(|cx| service.poll_ready(cx))
            .await
            .map_err(|error| Error::from_stack(error.into()))?;
        let mut request = Request::from_parts(head.clone(), Body::empty());
        handshake.ask(&mut request)?;
        let answer = service.call(request).await;
        let response = answer.map_err(|error| failed(error.into(), &handshake))?;
        let version = response.version();
        #[cfg(feature = "ws-http2")]
        let status = response.status();
        let body = response.into_body();
        #[cfg(feature = "ws-http2")]
        if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            if let Some(over) = handshake.over(version) {
                handshake = over;
                continue;
            }
        }
        return match body {
            Reply::Socket(socket) => Ok(*socket),
            // There are no other credentials: whether these are good after all is for the server to say.
            Reply::NotGraphQl(error) if again && !error.may_have_been_executed() => {
                again = false;
                continue;
            }
            Reply::NotGraphQl(error) => Err(error.of_handshake(version, handshake.connects())),
            Reply::Single(response) => match response.into_data() {
                Err(error) => Err(error),
                Ok(_) => Err(Error::protocol(
                    "the server answered to a handshake with data",
                )),
            },
            _ => Err(Error::protocol(
                "the server answered to a handshake with something else",
            )),
        };
    }
}

fn failed(error: BoxError, handshake: &Handshake) -> Error {
    let error = Error::from_stack(error);
    if handshake.connects() {
        error.of_connect()
    } else {
        error
    }
}
