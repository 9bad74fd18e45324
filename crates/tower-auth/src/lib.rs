pub use tower_auth_core::*;

#[cfg(feature = "reqwest")]
pub mod reqwest;
