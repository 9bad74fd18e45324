//! Nonces that the client makes (`cnonce`, RFC 7616 section 3.4).

use crate::algorithm::hex;
use std::{fmt, sync::Arc};

/// Where client nonces come from: 128 random bits from the operating system by default.
pub trait ClientNonces: fmt::Debug + Send + Sync {
    /// The next one: printable ASCII without quotes and backslashes.
    fn nonce(&self) -> String;
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Source {
    #[default]
    Random,
    Custom(Arc<dyn ClientNonces>),
}

impl Source {
    pub(crate) fn next(&self) -> Result<String, getrandom::Error> {
        match self {
            Self::Random => {
                let mut random = [0; 16];
                getrandom::fill(&mut random)?;
                Ok(hex(&random).to_string())
            }
            Self::Custom(source) => Ok(source.nonce()),
        }
    }
}
