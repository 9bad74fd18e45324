//! Logins by GraphQL itself.

mod builder;
mod collective_access;
mod inject;
mod jwt;
mod query;
mod source;
mod variable;

pub use self::{builder::LoginBuilder, source::GraphQlLogin, variable::VariableAuth};
