//! How authentication schemes fetch: token endpoints, metadata servers, logins.
//!
//! | piece | what it is |
//! | --- | --- |
//! | [`HttpClient`] | any tower HTTP client, under limits of time and size; redirects are errors; itself a `tower::Service`, so that the layers of this family authenticate what is fetched |
//! | [`ClientBuilder`] (features `client`, `rustls`, `http2`) | the default client: hyper-util, rustls with aws-lc, the certificates that the machine trusts |
//! | [`read`] | a body in memory, bounded in bytes and in empty frames |
//! | [`Retry`] | how often, after what, how long |
//! | [`HttpError`] | what went wrong, where, whether the request may have run, and what to do |
//! | [`retry_after`], [`http_date`] | the dates of RFC 9110 in all their forms |
//! | [`Redactor`] | takes secrets out of what others wrote, in every spelling |
//! | [`environment`] (feature `environment`) | variables, files and child processes, replaceable in tests |
//!
//! # A client of your own
//!
//! Every scheme that fetches takes an [`HttpClient`], and [`HttpClient::new`] takes any service of
//! [`http::Request`]`<`[`Body`]`>`. hyper-util's client and the one of `tower-auth-reqwest` are such services as they
//! are; for a client over another body, say how to make it:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use std::convert::Infallible;
//! use tower::{ServiceBuilder, service_fn};
//! use tower_auth_http::{Body, HttpClient};
//!
//! # let client = service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = ServiceBuilder::new()
//!     .map_request(|request: Request<Body>| request.map(|body| Full::new(body.into_bytes())))
//!     .service(client);
//! let http = HttpClient::new(service);
//! ```
//!
//! It should not follow redirects: what is sent carries credentials.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
mod date;
#[cfg(feature = "environment")]
#[cfg_attr(docsrs, doc(cfg(feature = "environment")))]
pub mod environment;
mod error;
#[cfg(feature = "client")]
mod hyper;
mod reader;
mod redact;
mod retry;
#[cfg(feature = "rustls")]
mod tls_error;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use self::hyper::ClientBuilder;
pub use self::{
    body::Body,
    client::{Exchange, HttpClient},
    date::{http_date, retry_after},
    error::{HttpError, HttpErrorKind},
    reader::{ReadError, ReadErrorKind, read},
    redact::{Redactor, is_secret_name, printable},
    retry::Retry,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
