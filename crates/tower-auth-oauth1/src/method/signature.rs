//! A signature, as the text that goes on the wire.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// Base64 of 64 bytes, the longest HMAC here.
const INLINE: usize = 88;

/// Short ones need no allocation.
pub(crate) enum Signature {
    Inline([u8; INLINE], usize),
    Text(Zeroizing<String>),
}

impl Signature {
    pub(crate) fn base64(bytes: &[u8]) -> Self {
        let mut inline = [0; INLINE];
        match STANDARD.encode_slice(bytes, &mut inline) {
            Ok(length) => Self::Inline(inline, length),
            Err(_) => Self::Text(Zeroizing::new(STANDARD.encode(bytes))),
        }
    }

    pub(crate) fn text(text: Zeroizing<String>) -> Self {
        Self::Text(text)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline(bytes, length) => &bytes[..*length],
            Self::Text(text) => text.as_bytes(),
        }
    }
}
