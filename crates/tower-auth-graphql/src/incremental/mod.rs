//! Responses that come in parts: `@defer` and `@stream`.

#[cfg(feature = "incremental")]
mod merge;
mod mixed;
#[cfg(feature = "incremental")]
mod parts;

pub(crate) use self::mixed::{Splitter, boundary_of};
#[cfg(feature = "incremental")]
pub use self::{merge::Incremental, parts::Parts};

/// Both formats, and a plain response from servers that know neither.
#[cfg(feature = "incremental")]
pub(crate) const ACCEPT_INCREMENTAL: http::HeaderValue = http::HeaderValue::from_static(
    "multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824, \
     application/graphql-response+json;q=0.9, application/json;q=0.8",
);
