//! `async fn(http::Request<B>) -> Result<http::Response<T>, Error<E>>`: authentication of outgoing HTTP requests, for
//! every tower client.
//!
//! An authentication *scheme* is a value: [`Basic`], [`HeaderApiKey`], [`QueryApiKey`], [`Bearer`], and those of the
//! other `tower-auth` crates. Every scheme is a [`tower_layer::Layer`]; schemes add up with `+` (or `&`), and a sum is
//! again a scheme and a layer. Below it may sit any `Service<http::Request<B>>`: hyper-util's client, a tonic channel,
//! the upstream side of a proxy.
//!
//! ```
//! use http_body_util::Full;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_auth_core::{Basic, HeaderApiKey, SchemeExt};
//!
//! let auth = Basic::new("user", "password")? + HeaderApiKey::new("key")?;
//! let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
//!
//! let client = ServiceBuilder::new()
//!     .layer(auth.only_to("https://api.example.com")?)
//!     .service(hyper);
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! # What holds for every scheme
//!
//! * **Order cannot be wrong.** In a [`Sum`], what writes `Authorization` or signs in it runs after the keys, and what
//!   seals all of it runs last; two of either do not compile.
//! * **Credentials stay at home.** [`only_to`](SchemeExt::only_to) limits them to origins; elsewhere requests pass
//!   *without* them. They never go over plaintext to another machine by accident, and a request that does not say where
//!   it goes is an error.
//! * **The caller's headers lose**, so that a proxy does not pass on what it was sent;
//!   [`keep_existing`](SchemeExt::keep_existing) turns that round. One request can opt out ([`NoAuth`]) or bring its own
//!   credentials ([`RequestAuth`]).
//! * **Secrets are redacted** when printed, marked sensitive in headers, and wiped from memory when dropped.
//! * **Fixed credentials cost nothing** but the insertion of a header: no allocation, no `Clone` of the client.
//! * **Errors are told apart** by [`ErrorKind`], and the client's own errors stay as they are in [`Error::Inner`].
//!
//! # Where to put the layer
//!
//! Innermost, next to the client: below whatever follows redirects, retries, or adds headers that a signature should
//! cover. Every hop and every retry is then judged and authenticated afresh. *Outside* a layer that follows redirects,
//! credentials go wherever the redirect leads: tower-http and reqwest take `Authorization` off then, and leave an API
//! key on.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_key;
mod basic;
pub mod bearer;
pub mod body;
mod buffer;
mod by_origin;
pub mod challenge;
pub mod clock;
pub mod dynamic;
pub mod endpoint;
mod error;
pub mod grpc;
mod head;
mod insert;
mod keep_existing;
mod layer;
mod layered;
mod mode;
mod nonce;
mod origin;
mod query;
pub mod replay;
mod request_auth;
mod scheme;
mod scope;
mod secret;
pub mod service;
mod set_origin;
mod strip;
pub mod sum;

pub use self::{
    api_key::{HeaderApiKey, QueryApiKey},
    basic::Basic,
    bearer::Bearer,
    buffer::{BodyBytes, BufferBody, BufferBodyFuture, BufferBodyService},
    by_origin::{AcquireOf, ByOrigin, OfOrigin},
    clock::Clock,
    dynamic::{BoxScheme, Schemes},
    error::{AuthError, BoxError, Error, ErrorKind, InnerError, cause_of, causes},
    head::{NotAuthenticated, RequestHead, ResponseHead},
    insert::{append_header, insert_header, insert_header_if_absent},
    keep_existing::KeepExisting,
    layer::{AuthLayer, SchemeExt},
    layered::Layered,
    mode::{Deferred, Fixed, Mode, Renewable},
    nonce::NonceSource,
    origin::{IntoOrigins, Origin},
    request_auth::{NoAuth, RequestAuth},
    scheme::{Authorize, Claim, Never, Observe, Scheme, Step, Verdict},
    secret::{Secret, sensitive_header},
    set_origin::{SetOrigin, SetOriginService},
    strip::{StripCredentials, StripCredentialsService},
    sum::Sum,
};

/// What the macros name.
#[doc(hidden)]
pub mod __private {
    pub use tower_layer::Layer;
}
