//! GraphQL.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
#[cfg(feature = "cookies")]
mod cookies;
mod error;
#[cfg(feature = "incremental")]
mod incremental;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "persisted")]
mod persisted;
mod request;
mod response;
mod scan;
mod service;
#[cfg(feature = "uploads")]
mod upload;

pub use self::{
    body::Body,
    client::{AuthMode, Batch, Call, CallerFirst, Client, ClientBuilder},
    error::{AuthFailure, Error, ErrorKind, Limit, Timeout},
    request::Request,
    response::{AuthDetector, Data, GraphQlError, Location, Reply, Response},
    scan::OperationKind,
    service::{Exchange, GraphQlService},
};

#[cfg(feature = "cookies")]
pub use self::cookies::{CookieJar, CookieLayer, CookieService, Cookies};
#[cfg(feature = "incremental")]
pub use self::incremental::{Incremental, Parts};
#[cfg(feature = "login")]
pub use self::login::{GraphQlLogin, LoginBuilder, VariableAuth};
#[cfg(feature = "uploads")]
pub use self::upload::Upload;

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
