//! `async fn(http::Request<B>) -> Result<http::Response<T>, Error<E>>`: authenticated HTTP for every tower client.
//!
//! This crate gathers the `tower-auth` family behind features, all of them off: with none, it is
//! [`tower_auth_core`], and a user of [`Basic`] compiles no JSON parser, no TLS and no RSA.
//!
//! # In one minute
//!
//! A scheme is a value. It is a layer. Schemes add up.
//!
//! ```
//! use http_body_util::Full;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_auth::{Basic, HeaderApiKey, QueryApiKey, SchemeExt};
//!
//! let auth = Basic::new("user", "password")?           // Authorization: Basic dXNlcjpwYXNzd29yZA==
//!     + HeaderApiKey::new("key-1")?                    // X-API-Key: key-1
//!     + QueryApiKey::new("key-2")?.in_parameter("k")?; // ?k=key-2
//!
//! let client = ServiceBuilder::new()
//!     .layer(auth.only_to("https://api.example.com")?)
//!     .service(Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>());
//! # Ok::<(), tower_auth::AuthError>(())
//! ```
//!
//! # Which scheme
//!
//! | the service wants | scheme | place in a sum |
//! | --- | --- | --- |
//! | a user name and a password (RFC 7617) | [`Basic`] | finisher |
//! | an API key in a header | [`HeaderApiKey`] | key |
//! | an API key in the query | [`QueryApiKey`] | key |
//! | a fixed bearer token (RFC 6750), or `Authorization: Token …` | [`Bearer`] | finisher |
//! | a token in a header of its own, or in the query | [`Bearer::in_header`], [`Bearer::in_query`] | key |
//! | an AWS signature | `aws::SigV4` (feature `aws`) | finisher |
//! | something of its own | yours: [`Scheme`] and [`scheme!`] | you say |
//! | what a configuration file says | [`BoxScheme`], [`Schemes`] | finisher |
//!
//! # Where credentials go
//!
//! [`only_to`](SchemeExt::only_to) names the origins; to all others, requests pass without credentials. Over unencrypted
//! http they go to this machine only, unless [`danger_allow_plaintext`](SchemeExt::danger_allow_plaintext) says
//! otherwise. A request without scheme and host is an error. [`NoAuth`] and [`RequestAuth`] are for single requests.
//!
//! Put the layer *inside* whatever follows redirects or retries. Outside of it, credentials go wherever a redirect
//! leads:
//!
//! | order, top to bottom | `Authorization` at another origin | an API key in a header there |
//! | --- | --- | --- |
//! | `FollowRedirect`, scheme with `only_to`, client | not sent | not sent |
//! | `FollowRedirect`, scheme without `only_to`, client | **sent** | **sent** |
//! | scheme, `FollowRedirect`, client | taken off by tower-http | **sent** |
//!
//! # When credentials are refused
//!
//! Schemes whose credentials can be renewed see every response. With [`replay`](SchemeExt::replay) they send a refused
//! request once more, with other credentials. Fixed credentials do not get better, so for them it does not compile.
//!
//! # Errors
//!
//! [`Error`] is either the client's own error, as it was, or an [`AuthError`] with a [kind](AuthError::kind). Neither
//! shows a secret.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use tower_auth_core::*;

#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
pub use tower_auth_aws as aws;

/// The commands and the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
