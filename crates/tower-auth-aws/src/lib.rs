//! AWS Signature Version 4 for every tower client.

mod identity;

pub use self::identity::Credentials;
