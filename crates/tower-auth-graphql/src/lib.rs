//! GraphQL.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
mod error;
#[cfg(feature = "persisted")]
mod persisted;
mod request;
mod response;
mod scan;
mod service;

pub use self::{
    body::Body,
    client::{AuthMode, Batch, Call, CallerFirst, Client, ClientBuilder},
    error::{AuthFailure, Error, ErrorKind, Limit, Timeout},
    request::Request,
    response::{AuthDetector, Data, GraphQlError, Location, Reply, Response},
    scan::OperationKind,
    service::{Exchange, GraphQlService},
};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
