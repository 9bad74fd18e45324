//! `async fn(http::Request<B>) -> Result<http::Response<T>, Error<E>>`: authenticated HTTP for every tower client.
//!
//! This crate gathers the `tower-auth` family behind features, all of them off: with none, it is
//! [`tower_auth_core`], and a user of [`Basic`] compiles no JSON parser, no TLS and no RSA.
//!
//! # In one minute
//!
#![doc = include_str!("../docs/first.md")]
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
//! | a token of an OAuth 2 authorization server | `oauth2::OAuth2` (feature `oauth2`; `rustls` for a client that fetches it) | finisher, or key |
//! | … that is found by its issuer, or is a known one | `oauth2::ServerMetadata`, `oauth2::Provider` | |
//! | … that a person permits, in a browser or with a code on another device | `OAuth2::authorization_code` (feature `oauth2-browser`), `OAuth2::device_authorization` | |
//! | … by a signed assertion, as Google's service accounts do | `OAuth2::jwt_bearer` (feature `oauth2-jwt`) | |
//! | … that is bound to a key (DPoP, RFC 9449) | `OAuth2Builder::dpop` (feature `oauth2-dpop`) | finisher |
//! | a token that you fetch, and that expires | `token::TokenAuth` (feature `token`; stores with `token-file`, `token-keyring`) | finisher, or key |
//! | a signature by OAuth 1.0a (RFC 5849), and the three legs to a token | `oauth1::OAuth1`, `oauth1::ThreeLegs` (features `oauth1`, `oauth1-legs`; `oauth1-rsa` for RSA) | finisher |
//! | HTTP Digest (RFC 7616) | `digest::Digest` (feature `digest`), with [`replay`](SchemeExt::replay) | finisher |
//! | what `.netrc` has for the host | `netrc::Netrc` (feature `netrc`) | finisher |
//! | an AWS signature | `aws::SigV4` (feature `aws`; `aws-sigv4a` for several regions); `Signer::presign` for URLs | finisher |
//! | … by credentials that are found as AWS's own tools find them | `aws::credentials` (features `aws-credentials`, `aws-rustls`; `aws-s3-express`) | finisher |
//! | a login by GraphQL | `graphql::GraphQlLogin` (feature `graphql-login`) | finisher, or key |
//! | cookies, in GraphQL | `graphql::CookieLayer` (feature `graphql-cookies`) | a layer |
//! | something of its own | yours: [`Scheme`] and [`scheme!`] | you say |
//! | what a configuration file says | [`BoxScheme`], [`Schemes`] | finisher |
//! | something else than its neighbour: one scheme for each origin | [`ByOrigin`] | finisher |
//!
//! # Which layer
//!
//! A scheme is a layer as it is. What changes one, or goes beside it:
//!
//! | to | there is | where |
//! | --- | --- | --- |
//! | say where credentials may go | [`only_to`](SchemeExt::only_to), [`danger_allow_plaintext`](SchemeExt::danger_allow_plaintext) | on a scheme |
//! | send a refused request once more | [`replay`](SchemeExt::replay) with [`replay::Cloned`] | on a scheme |
//! | speak gRPC, where a refusal is a field and an error a status | [`for_grpc`](AuthLayer::for_grpc): [`grpc`] | after those, last |
//! | let the caller's own credentials stand | [`keep_existing`](SchemeExt::keep_existing) | on a scheme |
//! | leave one request out, or give it credentials of its own | [`NoAuth`], [`RequestAuth`] | on a request |
//! | read a body into memory, to sign or replay it | [`BufferBody`], which makes [`BodyBytes`] | above |
//! | take off what the caller of a proxy sent | [`StripCredentials`] | above |
//! | make URIs absolute, in a proxy or for a tonic client | [`SetOrigin`] | above |
//! | add up layers of others with `+` | [`Layered`] | |
//! | make requests as with reqwest, or put reqwest below | `reqwest_client::Client`, `reqwest_client::ReqwestService` (feature `reqwest`) | around; below |
//! | speak GraphQL, with uploads and subscriptions | `graphql::Client` over `graphql::GraphQlService` (features `graphql`, `graphql-…`) | around; below |
//! | send a person to a page and wait for the answer | `browser::Browser` (feature `browser`) | not a layer |
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
//! | a tonic channel | [`for_grpc`](AuthLayer::for_grpc) makes refusals and errors what they are in gRPC. Generated clients send paths only: give them their origin with `with_origin`. It has to be the origin of the channel's endpoint: the channel sends everything there whatever the origin says, so `https` there and `http` at the endpoint sends credentials in the clear | `tonic.rs` |
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
//! shows a secret. Where a server was asked for credentials and did not give any, it tells what is known of that:
//! [`status`](AuthError::status), [`retry_after`](AuthError::retry_after), [`is_transient`](AuthError::is_transient),
//! [`grpc_status`](AuthError::grpc_status). What a crate knows more is in its own error, further down:
//! `oauth2::TokenError::of`, or [`cause_of`] for any type.
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
    dynamic, fixed_scheme, grpc, insert_header, replay, scheme, sensitive_header, service, sum,
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

/// The examples of the README. One of them is over reqwest.
#[cfg(all(doctest, feature = "reqwest"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
