//! Assertions (RFC 7523), signed by `tower-auth-jose`.

mod assertion;

pub use self::assertion::Assertion;
pub use tower_auth_jose::{Algorithm, KeyError, KeyErrorKind, SigningKey};

#[cfg(test)]
mod tests;
