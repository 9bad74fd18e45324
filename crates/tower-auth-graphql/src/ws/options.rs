//! What a WebSocket is told.

use super::{
    OpeningHandshake, Subprotocol,
    params::{Connecting, Params},
};
use crate::{BoxError, Error, subscription::mailbox::Room};
use http::{HeaderName, Uri};
use serde::Serialize;
use serde_json::Value;
use std::{fmt, future::Future, sync::Arc, time::Duration};
use tower_auth_core::clock::Clock;
use zeroize::Zeroizing;

/// How operations go over a WebSocket: see [`Client::websocket`](crate::Client::websocket).
///
/// | | default |
/// | --- | --- |
/// | asked for by | `Upgrade`, over HTTP/1.1 |
/// | subprotocols | `graphql-transport-ws`, and no other |
/// | connection parameters | none |
/// | the server acknowledges within | 10 seconds |
/// | a ping when the server was silent for | 20 seconds, answered within 10 |
/// | a connection that was lost is made again | 5 times, after 0.5 seconds, doubled each time up to 30, more or less a third |
/// | results that wait to be taken | 256 of each operation, 16 MiB together |
/// | the largest message | that of [`max_part_size`](crate::ClientBuilder::max_part_size), 4 MiB |
/// | what waits to be sent | 1 MiB |
/// | operations at a time | 10,000 |
/// | the connection is closed when nothing is under way for | 3 seconds |
#[derive(Clone, Debug)]
#[must_use]
pub struct WebSocket {
    pub(super) endpoint: Option<Elsewhere>,
    pub(super) opening: OpeningHandshake,
    pub(super) subprotocols: Arc<[Subprotocol]>,
    pub(super) params: Params,
    pub(super) ack_timeout: Duration,
    pub(super) ping_interval: Option<Duration>,
    pub(super) pong_timeout: Duration,
    pub(super) keep_alive_timeout: Option<Duration>,
    pub(super) attempts: u32,
    pub(super) delays: (Duration, Duration),
    pub(super) room: Room,
    pub(super) message_size: Option<usize>,
    pub(super) write_buffer: usize,
    pub(super) operations: usize,
    pub(super) linger: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) early: Duration,
    pub(super) all: bool,
    pub(super) resend: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) clock: Clock,
}

/// An endpoint. Its query may be a signature or a token, and is not shown.
#[derive(Clone)]
pub(super) struct Elsewhere(Uri);

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self
            .0
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.0.path())
    }
}

impl Default for WebSocket {
    fn default() -> Self {
        Self {
            endpoint: None,
            opening: OpeningHandshake::default(),
            subprotocols: Arc::new([Subprotocol::TransportWs]),
            params: Params::None,
            ack_timeout: Duration::from_secs(10),
            ping_interval: Some(Duration::from_secs(20)),
            pong_timeout: Duration::from_secs(10),
            keep_alive_timeout: None,
            attempts: 5,
            delays: (Duration::from_millis(500), Duration::from_secs(30)),
            room: Room::default(),
            message_size: None,
            write_buffer: 1 << 20,
            operations: 10_000,
            linger: Duration::from_secs(3),
            max_age: None,
            early: Duration::from_secs(30),
            all: false,
            resend: false,
            timeout: Some(Duration::from_secs(30)),
            clock: Clock::default(),
        }
    }
}

impl WebSocket {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the server listens, when that is not the endpoint of the client. `wss` stands for `https`, and `ws` for
    /// `http`. The scope of the client's schemes stays what it is: another origin gets no credentials of theirs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when it is no absolute URI.
    pub fn endpoint(mut self, endpoint: impl TryInto<Uri>) -> Result<Self, Error> {
        self.endpoint = Some(Elsewhere(crate::endpoint::endpoint(endpoint)?));
        Ok(self)
    }

    pub(crate) fn endpoint_uri(&self) -> Option<&Uri> {
        self.endpoint.as_ref().map(|Elsewhere(endpoint)| endpoint)
    }

    /// How the connection is asked for. Over HTTP/2 it is one stream beside others, so a proxy or a server that speaks
    /// HTTP/2 only can be had, and all of it goes over one connection.
    ///
    /// The HTTP client has to be hyper's, or hand on the extensions of its requests, as reqwest does not. It has to speak
    /// HTTP/2: by what is agreed on with TLS (ALPN), or by prior knowledge (`http2_only`).
    ///
    /// ```
    /// use tower_auth_graphql::{OpeningHandshake, WebSocket};
    ///
    /// let websocket = WebSocket::new().opening_handshake(OpeningHandshake::Either);
    /// ```
    #[cfg(feature = "ws-http2")]
    pub fn opening_handshake(mut self, opening: OpeningHandshake) -> Self {
        self.opening = opening;
        self
    }

    /// The subprotocols to offer, the best first. The server picks one.
    pub fn subprotocols(mut self, subprotocols: impl IntoIterator<Item = Subprotocol>) -> Self {
        self.subprotocols = subprotocols.into_iter().collect();
        self
    }

    /// Fixed connection parameters: the payload of `connection_init`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when they do not serialize to an object.
    pub fn params(mut self, params: impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_string(&params).map_err(|error| {
            Error::request("the connection parameters are no JSON").with_source(error)
        })?;
        let json = Zeroizing::new(json);
        if !json.starts_with('{') {
            return Err(Error::request("the connection parameters are no object"));
        }
        self.params = Params::Fixed(Arc::new(json));
        Ok(self)
    }

    /// Repeats these headers of the handshake in the connection parameters, `{"headers": {"Authorization": …}}`: for
    /// servers that do not look at the handshake. What the layers of the stack wrote is there, freshly for each
    /// connection.
    pub fn params_from_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.params = Params::Headers(names.into_iter().collect());
        self
    }

    /// Asks for the connection parameters anew for each connection: says how often it was tried, and how the last one
    /// ended. An error ends the attempt.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_auth_graphql::WebSocket;
    /// # async fn token(_: bool) -> Result<String, std::io::Error> { Ok(String::new()) }
    ///
    /// let websocket = WebSocket::new().params_with(|connecting| async move {
    ///     let token = token(connecting.refused).await?;
    ///     Ok::<_, std::io::Error>(Some(json!({"authToken": token})))
    /// });
    /// ```
    pub fn params_with<F, R, E>(mut self, callback: F) -> Self
    where
        F: Fn(Connecting) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<Value>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.params = Params::callback(callback);
        self
    }

    /// How long the server may take to acknowledge a connection.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// A ping is sent when the server was silent for so long. `None`: never.
    pub fn ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.ping_interval = interval.into();
        self
    }

    /// A connection on which nothing comes for so long after a ping is lost.
    pub fn pong_timeout(mut self, timeout: Duration) -> Self {
        self.pong_timeout = timeout;
        self
    }

    /// With the older protocol: once the server has said that it is alive, it has to say so, or anything else, at least
    /// so often. Default: whenever it wants.
    pub fn keep_alive_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.keep_alive_timeout = timeout.into();
        self
    }

    /// How often a lost connection is tried to be made again, in a row. 0: never.
    pub fn reconnect(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long to wait before the first attempt, and at most before any.
    pub fn reconnect_delay(mut self, first: Duration, longest: Duration) -> Self {
        self.delays = (first, longest.max(first));
        self
    }

    /// How many results of an operation may wait to be taken. One more ends that operation, and no other.
    pub fn buffer(mut self, results: usize) -> Self {
        self.room.events = results.max(1);
        self
    }

    /// How many bytes the results of an operation may have that wait to be taken. One more ends that operation, and no
    /// other; a result that waits alone may be larger.
    pub fn buffered_bytes(mut self, bytes: usize) -> Self {
        self.room.bytes = bytes;
        self
    }

    /// The largest message that is read, in bytes.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.message_size = Some(bytes);
        self
    }

    /// The most that waits to be sent, in bytes, at least 128 KiB; operations wait for room, and one that is larger is an
    /// error.
    pub fn max_write_buffer(mut self, bytes: usize) -> Self {
        self.write_buffer = bytes;
        self
    }

    pub(super) fn most_written(&self) -> usize {
        self.write_buffer.max(128 * 1024)
    }

    /// The most operations at a time.
    pub fn max_operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// How long a connection is kept on which nothing is under way.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Makes the connection anew when it is so old, before the server ends it. By default that is done when the bearer
    /// token of the handshake is a JWT, 30 seconds before it [expires](Self::early_expiry).
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// How long before the token of the handshake expires the connection is made anew.
    pub fn early_expiry(mut self, early: Duration) -> Self {
        self.early = early;
        self
    }

    /// Queries and mutations go over the socket too, and not by POST. Those with files and batches go by POST all the
    /// same.
    pub fn all_operations(mut self, all: bool) -> Self {
        self.all = all;
        self
    }

    /// How long a query or mutation over the socket may take, from the call on. Default: 30 seconds.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// A mutation is sent again when the connection is lost before its answer came. **It may then be executed twice.**
    pub fn danger_resend_mutations(mut self, resend: bool) -> Self {
        self.resend = resend;
        self
    }

    /// The clock by which tokens expire.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_secret_is_shown() {
        let options = WebSocket::new()
            .endpoint("wss://h.example/graphql?X-Amz-Signature=planted")
            .unwrap()
            .params(serde_json::json!({"password": "planted"}))
            .unwrap();
        let shown = format!("{options:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(shown.contains("https://h.example/graphql"), "{shown}");
    }
}
