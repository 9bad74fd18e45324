//! By which version of HTTP a connection is asked for.

use http::StatusCode;

/// How a WebSocket is asked for: see [`WebSocket::opening_handshake`](crate::WebSocket::opening_handshake).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[cfg_attr(not(feature = "ws-http2"), allow(unreachable_pub))] // nobody need choose then
pub enum OpeningHandshake {
    /// `GET` with `Upgrade: websocket`, over HTTP/1.1 (RFC 6455 section 4.1): the connection becomes the WebSocket.
    #[default]
    Upgrade,
    /// `CONNECT` with `:protocol: websocket`, over HTTP/2 (RFC 8441): the WebSocket is one stream of a connection that
    /// other requests share. It is sent whatever the server's settings say; a server that does not know it resets the
    /// stream.
    #[cfg(feature = "ws-http2")]
    ExtendedConnect,
    /// By `Upgrade`; and when the answer came over HTTP/2, where nothing is upgraded, by extended `CONNECT`. A refusal of
    /// the credentials is the answer, either way. One request more where it is HTTP/2, which is also how the settings of the
    /// server are known before it is asked (RFC 8441 section 3).
    #[cfg(feature = "ws-http2")]
    Either,
}

/// How it is asked for this time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum By {
    Upgrade,
    #[cfg(feature = "ws-http2")]
    Connect,
}

impl OpeningHandshake {
    /// What to begin with.
    pub(super) fn first(self) -> By {
        match self {
            #[cfg(feature = "ws-http2")]
            Self::ExtendedConnect => By::Connect,
            _ => By::Upgrade,
        }
    }
}

impl By {
    /// The status of an answer after which there is a WebSocket.
    pub(super) fn succeeds_with(self, status: StatusCode) -> bool {
        match self {
            Self::Upgrade => status == StatusCode::SWITCHING_PROTOCOLS,
            #[cfg(feature = "ws-http2")]
            Self::Connect => status.is_success(),
        }
    }
}
