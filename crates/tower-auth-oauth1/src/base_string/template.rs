//! What is the same in every request of a layer, written once.

use super::Protocol;
use std::fmt;

/// Stand for nonce and timestamp in what is written beforehand. Neither can occur in an escaped text.
const NONCE: &str = "<";
const TIMESTAMP: &str = ">";

/// The protocol parameters of a request that brings nothing of its own.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) base_string: Gaps,
    pub(crate) header: Gaps,
}

/// A text with a gap for the nonce, and one for the timestamp behind it.
#[derive(Clone)]
pub(crate) struct Gaps([Box<str>; 3]);

/// It holds the token.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Template {
    /// From the parameters of some request. `realm` is escaped as a quoted string.
    pub(crate) fn new(protocol: Protocol<'_>, realm: Option<&str>) -> Option<Self> {
        let protocol = Protocol {
            nonce: NONCE,
            timestamp: TIMESTAMP,
            template: None,
            ..protocol
        };
        let mut base_string = Vec::new();
        protocol.push_sorted(&mut base_string);
        let mut header = Vec::new();
        protocol.push_header(&mut header, realm);
        // A realm is not escaped, and may hold anything.
        let without_realm = realm.is_none_or(|realm| !realm.contains(['<', '>']));
        Some(Self {
            base_string: Gaps::new(base_string)?,
            header: Gaps::new(header).filter(|_| without_realm)?,
        })
    }
}

impl Gaps {
    fn new(text: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(text).ok()?;
        let (first, rest) = text.split_once(NONCE)?;
        let (second, third) = rest.split_once(TIMESTAMP)?;
        Some(Self([first.into(), second.into(), third.into()]))
    }

    pub(crate) fn fill(&self, out: &mut Vec<u8>, nonce: &str, timestamp: &str) {
        let [first, second, third] = &self.0;
        for piece in [first, nonce, second, timestamp, third] {
            out.extend_from_slice(piece.as_bytes());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }
}
