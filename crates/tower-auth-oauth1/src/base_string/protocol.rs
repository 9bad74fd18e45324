//! The protocol parameters of one request (RFC 5849 section 3.1).

use super::Template;
use crate::escape;

/// All but the signature; every value escaped once.
#[derive(Debug)]
pub(crate) struct Protocol<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) version: Option<&'a str>,
    pub(crate) signature_method: &'a str,
    pub(crate) consumer_key: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) callback: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) body_hash: Option<&'a str>,
    /// Whether they go into the `Authorization` header.
    pub(crate) in_header: bool,
    /// The same, written beforehand, for requests that bring nothing of their own.
    pub(crate) template: Option<&'a Template>,
}

type Pairs<'a> = [(&'static str, Option<&'a str>); 9];

impl<'a> Protocol<'a> {
    /// In the order of the base string.
    pub(crate) fn sorted(&self) -> Pairs<'a> {
        [
            ("oauth_body_hash", self.body_hash),
            ("oauth_callback", self.callback),
            ("oauth_consumer_key", Some(self.consumer_key)),
            ("oauth_nonce", Some(self.nonce)),
            ("oauth_signature_method", Some(self.signature_method)),
            ("oauth_timestamp", Some(self.timestamp)),
            ("oauth_token", self.token),
            ("oauth_verifier", self.verifier),
            ("oauth_version", self.version),
        ]
    }

    /// In the order in which they are usually written, which no server minds.
    pub(crate) fn wire(&self) -> Pairs<'a> {
        [
            ("oauth_nonce", Some(self.nonce)),
            ("oauth_timestamp", Some(self.timestamp)),
            ("oauth_version", self.version),
            ("oauth_signature_method", Some(self.signature_method)),
            ("oauth_consumer_key", Some(self.consumer_key)),
            ("oauth_token", self.token),
            ("oauth_callback", self.callback),
            ("oauth_verifier", self.verifier),
            ("oauth_body_hash", self.body_hash),
        ]
    }

    /// Appends all, joined and escaped again, as they stand in the base string.
    pub(crate) fn push_sorted(&self, out: &mut Vec<u8>) {
        let plain_nonce = !self.nonce.contains('%');
        if let Some(template) = self.template.filter(|_| plain_nonce) {
            template.base_string.fill(out, self.nonce, self.timestamp);
            return;
        }
        let mut separator: &[u8] = b"";
        for (name, value) in self.sorted() {
            let Some(value) = value else { continue };
            out.extend_from_slice(separator);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"%3D");
            escape::push_again(out, value.as_bytes());
            separator = b"%26";
        }
    }

    /// Appends `OAuth name="value", …, oauth_signature="`. The realm is escaped as a quoted string.
    pub(crate) fn push_header(&self, out: &mut Vec<u8>, realm: Option<&str>) {
        if let Some(template) = self.template {
            template.header.fill(out, self.nonce, self.timestamp);
            return;
        }
        out.extend_from_slice(b"OAuth ");
        let mut push = |name: &str, value: &str| {
            for piece in [name, "=\"", value, "\", "] {
                out.extend_from_slice(piece.as_bytes());
            }
        };
        if let Some(realm) = realm {
            push("realm", realm);
        }
        for (name, value) in self.wire() {
            if let Some(value) = value {
                push(name, value);
            }
        }
        out.extend_from_slice(b"oauth_signature=\"");
    }

    /// How many bytes [`push_header`](Self::push_header) appends.
    pub(crate) fn header_length(&self, realm: Option<&str>) -> usize {
        if let Some(template) = self.template {
            return template.header.len() + self.nonce.len() + self.timestamp.len();
        }
        let pair = |name: &str, value: &str| name.len() + value.len() + "=\"\", ".len();
        let mut length = "OAuth oauth_signature=\"".len();
        length += realm.map_or(0, |realm| pair("realm", realm));
        for (name, value) in self.wire() {
            length += value.map_or(0, |value| pair(name, value));
        }
        length
    }

    /// The parameter of this name, when it is sent.
    pub(crate) fn sends(&self, name: &[u8]) -> Option<&'static str> {
        if name == b"oauth_signature" {
            return Some("oauth_signature");
        }
        self.sorted()
            .into_iter()
            .find(|(sent, value)| sent.as_bytes() == name && value.is_some())
            .map(|(sent, _)| sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sorted_order_is_sorted_and_both_orders_hold_the_same() {
        let protocol = Protocol {
            nonce: "a",
            timestamp: "b",
            version: Some("c"),
            signature_method: "d",
            consumer_key: "e",
            token: Some("f"),
            callback: Some("g"),
            verifier: Some("h"),
            body_hash: Some("i"),
            in_header: true,
            template: None,
        };
        let sorted = protocol.sorted();
        assert!(sorted.is_sorted());
        let mut wire = protocol.wire();
        wire.sort_unstable();
        assert_eq!(sorted, wire);
    }
}
