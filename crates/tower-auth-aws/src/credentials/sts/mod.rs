//! The Security Token Service: a role, for other credentials or for a token.

mod answer;
mod assume_role;
mod form;
mod service;
mod sign;
mod url;

pub use self::assume_role::AssumeRole;
pub(super) use self::{form::encode, service::Sts};

/// A role to assume.
#[derive(Clone, Debug, Default)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    /// Seconds.
    pub(super) duration: Option<u64>,
}

/// A role to assume with the token in a file.
#[derive(Debug)]
pub(super) struct WebIdentityRole {
    pub(super) role: Role,
    pub(super) token_file: String,
}
