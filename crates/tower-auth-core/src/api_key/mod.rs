//! API keys, in a header or in the query.

mod header;
mod query;

pub use self::{header::HeaderApiKey, query::QueryApiKey};
pub(crate) use self::{header::header_name, query::check};
