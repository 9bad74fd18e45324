//! What signing gives.

use crate::{remembered::Moment, signature_text::SignatureText};
use std::{fmt, sync::Arc};

/// What signing one request gave: the beginning of the chain that signs the parts of a stream.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) text: SignatureText,
    pub(crate) moment: Arc<Moment>,
}

impl Signature {
    /// The signature in hexadecimal digits.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
