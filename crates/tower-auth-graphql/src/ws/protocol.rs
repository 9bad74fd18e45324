//! The two protocols: `graphql-transport-ws` of the package `graphql-ws`, and the older one that is itself called
//! `graphql-ws`, of `subscriptions-transport-ws`.

use crate::{Error, Response, response::in_message, subscription::message::Message};
use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A protocol for GraphQL over WebSockets.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Subprotocol {
    /// `graphql-transport-ws`, of the package `graphql-ws`: today's.
    TransportWs,
    /// `graphql-ws`, of the package `subscriptions-transport-ws`: the older one.
    Legacy,
}

/// What a server sends.
#[derive(Debug)]
pub(super) enum Incoming {
    Acknowledged,
    /// Before the acknowledgement, or about a message that could not be read.
    ConnectionError,
    Ping(Option<Bytes>),
    Pong,
    KeepAlive,
    Result(u64, Bytes),
    /// A result without errors, to be looked into by whoever wants it.
    Data(u64, Response),
    Failed(u64, Bytes),
    Complete(u64),
    /// About an operation that is none of ours.
    Unknown,
}

impl Subprotocol {
    /// What it is called in `Sec-WebSocket-Protocol`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TransportWs => "graphql-transport-ws",
            Self::Legacy => "graphql-ws",
        }
    }

    pub(super) fn init(self, payload: Option<&[u8]>) -> Vec<u8> {
        message("connection_init", None, payload)
    }

    pub(super) fn start(self, id: u64, request: &[u8]) -> Utf8Bytes {
        let kind = match self {
            Self::TransportWs => "subscribe",
            Self::Legacy => "start",
        };
        text(message(kind, Some(id), Some(request)))
    }

    pub(super) fn stop(self, id: u64) -> Utf8Bytes {
        let kind = match self {
            Self::TransportWs => "complete",
            Self::Legacy => "stop",
        };
        text(message(kind, Some(id), None))
    }

    pub(super) fn pong(payload: Option<&[u8]>) -> Utf8Bytes {
        text(message("pong", None, payload))
    }

    pub(super) fn ping() -> Utf8Bytes {
        Utf8Bytes::from_static("{\"type\":\"ping\"}")
    }

    /// Whose result this is, when it is written as nearly every server writes it, and begins with data.
    fn plain(self, message: &[u8]) -> Option<u64> {
        let (first, then, last): (&[u8], &[u8], &[u8]) = match self {
            Self::TransportWs => (
                br#"{"type":"next","id":""#,
                br#"","payload":{"data":{"#,
                br#"","type":"next","payload":{"data":{"#,
            ),
            Self::Legacy => (
                br#"{"type":"data","id":""#,
                br#"","payload":{"data":{"#,
                br#"","type":"data","payload":{"data":{"#,
            ),
        };
        let (rest, after) = match message.strip_prefix(first) {
            Some(rest) => (rest, then),
            None => (message.strip_prefix(br#"{"id":""#)?, last),
        };
        let mut id = 0_u64;
        let mut digits = 0;
        for digit in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
            id = id.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            digits += 1;
        }
        (digits > 0 && rest[digits..].starts_with(after)).then_some(id)
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// When it is none of this protocol.
    pub(super) fn read(self, text: &Utf8Bytes) -> Result<Incoming, Error> {
        let invalid = || Error::protocol("the server sent a message that is none of the protocol");
        let bytes: &Bytes = text.as_ref();
        if let Some(id) = self.plain(bytes) {
            if let Some(response) = in_message(bytes) {
                return Ok(Incoming::Data(id, response));
            }
        }
        let message: Message<'_> =
            serde_json::from_str(text).map_err(|error| invalid().with_source(error))?;
        let payload = message
            .payload
            .map(|json| bytes.slice_ref(json.get().as_bytes()));
        let id = || message.id.as_deref().and_then(|id| id.parse().ok());
        let kind = message.kind.as_deref().ok_or_else(invalid)?;
        Ok(match (self, kind) {
            (_, "connection_ack") => Incoming::Acknowledged,
            // Of the older protocol, but some servers know it by both names.
            (_, "connection_error") => Incoming::ConnectionError,
            (Self::TransportWs, "ping") => Incoming::Ping(payload),
            (Self::TransportWs, "pong") => Incoming::Pong,
            (Self::Legacy, "ka") => Incoming::KeepAlive,
            (Self::TransportWs, "next") | (Self::Legacy, "data") => match (id(), payload) {
                (Some(id), Some(payload)) => Incoming::Result(id, payload),
                (None, Some(_)) => Incoming::Unknown,
                (_, None) => return Err(invalid()),
            },
            (_, "error") => match id() {
                Some(id) => Incoming::Failed(id, payload.unwrap_or_default()),
                None => Incoming::Unknown,
            },
            (_, "complete") => id().map_or(Incoming::Unknown, Incoming::Complete),
            // AppSync says so before the first result.
            (Self::Legacy, "start_ack") => Incoming::Unknown,
            _ => return Err(invalid()),
        })
    }
}

fn text(json: Vec<u8>) -> Utf8Bytes {
    // What serde_json wrote is a text.
    Utf8Bytes::try_from(json).unwrap_or_default()
}

fn message(kind: &str, id: Option<u64>, payload: Option<&[u8]>) -> Vec<u8> {
    let room = 64 + payload.map_or(0, <[u8]>::len);
    let mut json = Vec::with_capacity(room);
    json.extend_from_slice(b"{\"type\":\"");
    json.extend_from_slice(kind.as_bytes());
    json.push(b'"');
    if let Some(id) = id {
        json.extend_from_slice(b",\"id\":\"");
        json.extend_from_slice(id.to_string().as_bytes());
        json.push(b'"');
    }
    if let Some(payload) = payload {
        json.extend_from_slice(b",\"payload\":");
        json.extend_from_slice(payload);
    }
    json.push(b'}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(protocol: Subprotocol, text: &str) -> Option<String> {
        let text = Utf8Bytes::from(text);
        Some(format!("{:?}", protocol.read(&text).ok()?))
    }

    #[test]
    fn messages_are_read_in_any_order_of_their_members() {
        let new = |text| read(Subprotocol::TransportWs, text);
        let old = |text| read(Subprotocol::Legacy, text);
        let result = Some(r#"Result(7, b"{\"data\":{}}")"#.to_owned());
        assert_eq!(
            new(r#"{"payload":{"data":{}},"id":"7","type":"next"}"#),
            result
        );
        // What begins so need not end so.
        for more in [
            r#"{"type":"next","id":"7","payload":{"data":{}},"x":{"y":{"z":{}}}}"#,
            r#"{"id":"7","type":"next","payload":{"data":{}}}"#,
            r#"{"type":"next","id":"7","payload":{"data":{"a":"\"errors\""}}}"#,
            r#"{"type":"next","id":"7","payload":{"data":{},"errors":[{"message":"m"}]}}"#,
        ] {
            let text = Utf8Bytes::from(more);
            let response = match Subprotocol::TransportWs.read(&text).unwrap() {
                Incoming::Result(7, payload) => crate::response::parse(&payload, false).unwrap(),
                Incoming::Data(7, response) => response,
                other => panic!("{other:?}"),
            };
            assert_eq!(response.errors.len(), usize::from(more.ends_with("]}}")));
            let data = response.data.unwrap();
            assert!(data.json().unwrap().starts_with('{') && data.json().unwrap().ends_with('}'));
            let decoded = data
                .decode::<serde_json::Map<String, serde_json::Value>>()
                .unwrap();
            assert!(decoded.len() <= 1 && !decoded.contains_key("x"));
        }
        assert_eq!(
            new(r#"{"type":"ne\u0078t","x":[1],"id":"7","payload":{"data":{}}}"#),
            result
        );
        let plain = old(r#"{"type":"data","id":"7","payload":{"data":{}}}"#).unwrap();
        assert!(plain.starts_with("Data(7, "), "{plain}");
        assert_eq!(
            new(r#"{"type":"connection_ack","payload":null}"#).as_deref(),
            Some("Acknowledged")
        );
        assert_eq!(
            new(r#"{"type":"complete","id":"x"}"#).as_deref(),
            Some("Unknown")
        );
        assert_eq!(old(r#"{"type":"ka"}"#).as_deref(), Some("KeepAlive"));
        assert_eq!(
            old(r#"{"type":"complete","id":"1","payload":null}"#).as_deref(),
            Some("Complete(1)")
        );
        for garbage in [
            "",
            "1",
            "[]",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"next","id":"1"}"#,
            r#"{"type":"data"}"#,
            r#"{"type":"ka"}"#,
        ] {
            assert_eq!(new(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn messages_are_written_as_the_protocols_want_them() {
        let start = Subprotocol::TransportWs.start(1, br#"{"query":"{a}"}"#);
        assert_eq!(
            start.as_str(),
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#
        );
        assert_eq!(
            Subprotocol::Legacy.start(1, b"{}").as_str(),
            r#"{"type":"start","id":"1","payload":{}}"#
        );
        assert_eq!(
            Subprotocol::Legacy.stop(2).as_str(),
            r#"{"type":"stop","id":"2"}"#
        );
        assert_eq!(
            Subprotocol::TransportWs.stop(2).as_str(),
            r#"{"type":"complete","id":"2"}"#
        );
        assert_eq!(
            Subprotocol::TransportWs.init(None),
            br#"{"type":"connection_init"}"#
        );
    }
}
