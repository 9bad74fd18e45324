//! `@defer` and `@stream`: responses that come in parts.

mod merge;
mod mixed;
mod parts;

pub(crate) use self::mixed::Splitter;
pub use self::{merge::Incremental, parts::Parts};

use http::HeaderValue;

/// Both formats, and a plain response from servers that know neither.
pub(crate) const ACCEPT_INCREMENTAL: HeaderValue = HeaderValue::from_static(
    "multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824, \
     application/graphql-response+json;q=0.9, application/json;q=0.8",
);
