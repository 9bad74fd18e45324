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
//! | a token of an OAuth 2 authorization server | `oauth2::OAuth2` (feature `oauth2`) | finisher, or key |
//! | a token in a header of its own, or in the query | [`Bearer::in_header`], [`Bearer::in_query`] | key |
//! | a signature by OAuth 1.0a (RFC 5849), and the three legs to a token | `oauth1::OAuth1`, `oauth1::ThreeLegs` (features `oauth1`, `oauth1-legs`; `oauth1-rsa` for RSA) | finisher |
//! | HTTP Digest (RFC 7616) | `digest::Digest` (feature `digest`), with [`replay`](SchemeExt::replay) | finisher |
//! | what `.netrc` has for the host | `netrc::Netrc` (feature `netrc`) | finisher |
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
//! # Which client
//!
//! | client | what to know | example |
//! | --- | --- | --- |
//! | hyper-util's `Client` | nothing: it is a service of `http::Request` | `hyper.rs` |
//! | reqwest | through `tower_auth::reqwest_client` (feature `reqwest`), which turns off redirects below the layers and refuses a URI that reqwest would rewrite after it was signed | `reqwest.rs` |
//! | a tonic channel | generated clients send paths only: give them their origin with `with_origin`. It has to be the origin of the channel's endpoint: the channel sends everything there whatever the origin says, so `https` there and `http` at the endpoint sends credentials in the clear | `tonic.rs` |
//! | a boxed service | box the finished stack: `BoxCloneSyncService::new(stack)` | `boxed.rs` |
//! | the upstream side of an axum proxy | make the URI absolute first; the caller's own `Authorization` is replaced | `axum_proxy.rs` |
//!
//! The examples are in the repository; `cargo run --example hyper` and so on runs them.
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
//!
//! # What each feature costs
//!
#![doc = include_str!("../docs/features.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use tower_auth_core::{
    AuthError, AuthLayer, Authorize, Basic, Bearer, BodyBytes, BoxError, BoxScheme, BufferBody,
    ByOrigin, Claim, Clock, Deferred, Error, ErrorKind, Fixed, HeaderApiKey, InnerError,
    IntoOrigins, KeepExisting, Layered, Mode, Never, NoAuth, NotAuthenticated, Observe, Origin,
    QueryApiKey, Renewable, RequestAuth, RequestHead, ResponseHead, Scheme, SchemeExt, Schemes,
    Secret, SetOrigin, Step, StripCredentials, Sum, Verdict, bearer, body, cause_of, causes, clock,
    dynamic, fixed_scheme, insert_header, replay, scheme, sensitive_header, service, sum,
};

#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
#[doc(inline)]
pub use tower_auth_aws as aws;
#[cfg(feature = "browser")]
#[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
#[doc(inline)]
pub use tower_auth_browser as browser;
#[cfg(feature = "digest")]
#[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
#[doc(inline)]
pub use tower_auth_digest as digest;
#[cfg(feature = "graphql")]
#[cfg_attr(docsrs, doc(cfg(feature = "graphql")))]
#[doc(inline)]
pub use tower_auth_graphql as graphql;
#[cfg(feature = "netrc")]
#[cfg_attr(docsrs, doc(cfg(feature = "netrc")))]
#[doc(inline)]
pub use tower_auth_netrc as netrc;
#[cfg(feature = "oauth1")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth1")))]
#[doc(inline)]
pub use tower_auth_oauth1 as oauth1;
#[cfg(feature = "oauth2")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth2")))]
#[doc(inline)]
pub use tower_auth_oauth2 as oauth2;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
#[doc(inline)]
pub use tower_auth_reqwest as reqwest_client; // not `reqwest`: a glob import would hide the crate
#[cfg(feature = "token")]
#[cfg_attr(docsrs, doc(cfg(feature = "token")))]
#[doc(inline)]
pub use tower_auth_token as token;

/// The commands and the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
