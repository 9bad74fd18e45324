//! Assertions (RFC 7523), signed by `tower-auth-jose`.

mod assertion;

pub use self::assertion::Assertion;

#[cfg(test)]
mod tests;
