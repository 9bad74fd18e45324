//! A signature as it is sent.

use std::fmt;

/// A signature in hexadecimal digits: 64 of an HMAC, up to 144 of an ECDSA signature.
#[derive(Clone, Copy)]
pub(crate) struct SignatureText {
    digits: [u8; 144],
    length: u8,
}

impl SignatureText {
    /// None yet.
    pub(crate) const NONE: Self = Self {
        digits: [0; 144],
        length: 0,
    };

    #[inline]
    pub(crate) fn set(&mut self, digits: &[u8]) {
        let length = digits.len().min(144);
        self.digits[..length].copy_from_slice(&digits[..length]);
        self.length = length as u8;
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[..usize::from(self.length)]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default() // made of digits only
    }
}

impl fmt::Debug for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
