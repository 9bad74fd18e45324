//! Nonces that the client makes (`cnonce`, RFC 7616 section 3.4).

use crate::algorithm::hex;
use std::sync::Arc;
use tower_auth_core::NonceSource;

#[derive(Clone, Debug, Default)]
pub(crate) enum Source {
    #[default]
    Random,
    Custom(Arc<dyn NonceSource>),
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
