//! From an HTTP request to a socket that the server has acknowledged.

use super::{
    Socket, Subprotocol, WebSocket, init,
    opening::By,
    params::Connecting,
    protocol::Incoming,
    serve::MOST_ECHOED,
    socket::{lost, over},
};
use crate::{AuthDetector, AuthFailure, Closed, Error, ErrorKind, Timeout, headers::insert};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    response::Parts,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

/// What the service at the bottom has to know of a handshake: an extension of its request.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    pub(super) options: Arc<WebSocket>,
    pub(super) connecting: Connecting,
    key: HeaderValue,
    by: By,
    /// Where it was sent.
    origin: Option<Origin>,
    /// The credentials are known to be no longer good: others are wanted before anything is sent.
    stale: Arc<AtomicBool>,
    pub(crate) message_size: usize,
}

impl Handshake {
    pub(crate) fn new(options: Arc<WebSocket>, connecting: Connecting) -> Result<Self, Error> {
        let key = HeaderValue::try_from(generate_key())
            .map_err(|error| Error::request("the key is no header").with_source(error))?;
        let stale = connecting.refused;
        Ok(Self {
            by: options.opening.first(),
            origin: None,
            options,
            connecting,
            key,
            stale: Arc::new(AtomicBool::new(stale)),
            message_size: 0,
        })
    }

    /// The same over HTTP/2, when the answer came over HTTP/2, and that may be done.
    #[cfg(feature = "ws-http2")]
    pub(crate) fn over(&self, answered: http::Version) -> Option<Self> {
        let again = self.options.opening == super::OpeningHandshake::Either
            && self.by == By::Upgrade
            && answered == http::Version::HTTP_2;
        again.then(|| Self {
            by: By::Connect,
            ..self.clone()
        })
    }

    /// Whether it is asked for by extended `CONNECT`.
    pub(crate) fn connects(&self) -> bool {
        self.by != By::Upgrade
    }

    /// Whether an answer with this status is a WebSocket.
    pub(crate) fn succeeds_with(&self, status: StatusCode) -> bool {
        self.by.succeeds_with(status)
    }

    /// Makes a request ask for a WebSocket.
    pub(crate) fn ask<B>(&self, request: &mut Request<B>) -> Result<(), Error> {
        let names: Vec<_> = self
            .options
            .subprotocols
            .iter()
            .map(|one| one.name())
            .collect();
        let names = HeaderValue::try_from(names.join(", "))
            .map_err(|error| Error::request("the subprotocols are no header").with_source(error))?;
        let headers = request.headers_mut();
        insert(headers, SEC_WEBSOCKET_PROTOCOL, names)?;
        insert(
            headers,
            SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        )?;
        match self.by {
            By::Upgrade => self.ask_to_upgrade(request)?,
            #[cfg(feature = "ws-http2")]
            By::Connect => Self::ask_to_connect(request),
        }
        let asked = Self {
            origin: origin(request.uri()),
            ..self.clone()
        };
        request.extensions_mut().insert(asked);
        Ok(())
    }

    /// Whether it was carried on to another server, by a redirect for example.
    pub(crate) fn is_elsewhere(&self, uri: &Uri) -> bool {
        self.origin != origin(uri)
    }

    /// RFC 6455 section 4.1.
    fn ask_to_upgrade<B>(&self, request: &mut Request<B>) -> Result<(), Error> {
        *request.method_mut() = Method::GET;
        let headers = request.headers_mut();
        insert(headers, CONNECTION, HeaderValue::from_static("Upgrade"))?;
        insert(headers, UPGRADE, HeaderValue::from_static("websocket"))?;
        insert(headers, SEC_WEBSOCKET_KEY, self.key.clone())
    }

    /// RFC 8441 section 5: no hop-by-hop headers, and no key, since nobody could take the answer for another one.
    #[cfg(feature = "ws-http2")]
    fn ask_to_connect<B>(request: &mut Request<B>) {
        *request.method_mut() = Method::CONNECT;
        // Over HTTP/1.1 it would be a tunnel through a proxy: better an error.
        *request.version_mut() = http::Version::HTTP_2;
        let protocol = hyper::ext::Protocol::from_static("websocket");
        request.extensions_mut().insert(protocol);
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// Whether to say at once that the credentials were refused. Only the first to ask is told so.
    pub(crate) fn takes_stale(&self) -> bool {
        self.stale.swap(false, Ordering::Relaxed)
    }

    /// Whether the server switches protocols as it was asked to.
    fn verify_upgrade(&self, head: &Parts) -> Result<(), Error> {
        let has = |name, wanted: &str| {
            let mut values = head.headers.get_all(name).iter();
            values.any(|value: &HeaderValue| {
                let mut words = value.as_bytes().split(|byte| *byte == b',');
                words.any(|word| word.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
            })
        };
        let wrong = |what| Err(Error::protocol(what));
        if !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") {
            return wrong("the server switches to another protocol than WebSocket");
        }
        let expected = derive_accept_key(self.key.as_bytes());
        let mut accept = head.headers.get_all(SEC_WEBSOCKET_ACCEPT).iter();
        if accept
            .next()
            .is_none_or(|value| value.as_bytes() != expected.as_bytes())
            || accept.next().is_some()
        {
            return wrong("`Sec-WebSocket-Accept` does not belong to this handshake");
        }
        Ok(())
    }

    /// Whether the server does what it was asked to do. Which subprotocol it picked.
    fn verify(&self, head: &Parts) -> Result<Subprotocol, Error> {
        if self.by == By::Upgrade {
            self.verify_upgrade(head)?;
        }
        let wrong = |what| Err(Error::protocol(what));
        if head.headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return wrong("the server wants an extension that was not offered");
        }
        let mut picked = head.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let Some(name) = picked.next() else {
            return wrong("the server picked no subprotocol; does it know one that was offered?");
        };
        let offered = self.options.subprotocols.iter();
        let one = offered
            .copied()
            .find(|one| one.name().as_bytes() == name.as_bytes());
        match (one, picked.next()) {
            (Some(one), None) => Ok(one),
            _ => wrong("the server picked a subprotocol that was not offered"),
        }
    }

    fn config(&self) -> WebSocketConfig {
        let size = self.options.message_size.unwrap_or(self.message_size);
        let least = 64 * 1024;
        WebSocketConfig::default()
            .read_buffer_size(32 * 1024)
            .write_buffer_size(least)
            // Room for one more operation when so much waits that it has to be sent first.
            .max_write_buffer_size(self.options.most_written().saturating_add(2 * least))
            .max_message_size(Some(size))
            .max_frame_size(Some(size))
    }

    /// Makes a socket of an answer, and begins the protocol on it.
    pub(crate) async fn open(
        self,
        head: Parts,
        headers: HeaderMap,
        elsewhere: bool,
        detector: AuthDetector,
    ) -> Result<Socket, Error> {
        if elsewhere && self.options.params.are_own() {
            return Err(Error::request(
                "the handshake was redirected to another origin, which does not get the connection parameters",
            ));
        }
        let subprotocol = self.verify(&head)?;
        let mut response = Response::from_parts(head, ());
        if response.extensions().get::<OnUpgrade>().is_none() {
            return Err(Error::protocol(
                "the connection cannot be had: the HTTP client, or a layer that made a response of its own, does not \
                 hand on the extensions of hyper's",
            ));
        }
        let upgraded = hyper::upgrade::on(&mut response).await.map_err(lost)?;
        let options = Arc::clone(&self.options);
        let config = self.config();
        let renew_at = expiry(&headers, &options);
        let payload = options.params.json(self.connecting, &headers).await?;
        let init = subprotocol.init(payload.as_ref().map(|json| &json[..]));
        let init = zeroize::Zeroizing::new(init);
        let mut stream = TokioIo::new(upgraded);
        let begin = async {
            init::send(&mut stream, &init).await.map_err(lost)?;
            let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
            let mut socket = Socket::new(stream, subprotocol, detector);
            socket.renew_at = renew_at;
            acknowledged(&mut socket).await?;
            Ok(socket)
        };
        match tokio::time::timeout(options.ack_timeout, begin).await {
            Ok(begun) => begun,
            Err(_) => Err(Error::new(
                ErrorKind::Timeout(Timeout::Acknowledgement),
                "the server did not acknowledge the connection in time; give it longer with `ack_timeout`",
            )),
        }
    }
}

type Origin = (Option<http::uri::Scheme>, Option<http::uri::Authority>);

fn origin(uri: &Uri) -> Option<Origin> {
    Some((uri.scheme().cloned(), uri.authority().cloned()))
}

/// Waits for the acknowledgement. Whatever ends the connection before it is a refusal.
async fn acknowledged(socket: &mut Socket) -> Result<(), Error> {
    loop {
        let text = match socket.receive().await? {
            Message::Text(text) => text,
            Message::Close(frame) => return Err(refused(over(frame))),
            Message::Binary(_) => return Err(Error::protocol("the server sent a binary message")),
            _ => continue,
        };
        match socket.subprotocol.read(&text)? {
            Incoming::Acknowledged => return Ok(()),
            Incoming::ConnectionError => {
                return Err(refused(Closed::new(None, "connection_error")));
            }
            Incoming::Ping(payload) => {
                let payload = payload.filter(|payload| payload.len() <= MOST_ECHOED);
                let pong = Subprotocol::pong(payload.as_deref());
                socket.send(Message::Text(pong)).await?;
            }
            Incoming::Pong | Incoming::KeepAlive => {}
            _ => {
                return Err(Error::protocol(
                    "the server sent something else before it acknowledged the connection",
                ));
            }
        }
    }
}

/// Servers refuse connection parameters with 4403, 4401, 1002, 1008, 1011, or without any reason, 1000. What is no refusal
/// has a code of its own.
fn refused(closed: Closed) -> Error {
    if matches!(
        closed.code(),
        Some(1001 | 1012..=1014 | 4400 | 4406 | 4408 | 4429 | 4500)
    ) {
        return Error::of_closed(closed);
    }
    let how = match closed.code() {
        Some(_) => closed.to_string(),
        None => "by a `connection_error`".to_owned(),
    };
    Error::new(
        ErrorKind::Auth(AuthFailure::Refused),
        format!("the server refused the connection before it acknowledged it ({how})"),
    )
    .with_closed(closed)
}

/// When the credentials of this handshake end, as far as that can be told.
fn expiry(headers: &HeaderMap, options: &WebSocket) -> Option<tokio::time::Instant> {
    let age = options.max_age.or_else(|| {
        let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let expires = tower_auth_jose::UnverifiedTimes::of(token).expires_at()?;
        let left = expires.duration_since(options.clock.now()).ok()?;
        // Whether it is good at all is for the server to say.
        let early = left.checked_sub(options.early)?;
        (!early.is_zero()).then_some(early)
    })?;
    tokio::time::Instant::now().checked_add(age)
}

/// An answer that says, instead of the server, that the credentials are no longer good.
pub(crate) fn stale() -> Response<crate::Reply> {
    let error = Error::new(
        ErrorKind::Auth(AuthFailure::Expired),
        "the server has ended a connection with these credentials",
    );
    let mut response = Response::new(crate::Reply::NotGraphQl(error.unsent()));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let mark = tower_auth_core::NotAuthenticated::not_executed();
    response.extensions_mut().insert(mark);
    response
}
