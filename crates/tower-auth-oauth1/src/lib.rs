//! OAuth 1.0a (RFC 5849) for every tower client.
//!
//! * [`OAuth1`] signs requests: a scheme, a layer, and the finisher of a sum.
//! * [`ThreeLegs`] gets the token that it signs with: temporary credentials, the user's consent, token credentials.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use tower::ServiceBuilder;
//! use tower_auth_core::SchemeExt;
//! use tower_auth_oauth1::{Method, OAuth1};
//! # let http = tower::service_fn(async |_: http::Request<Full<Bytes>>| Ok::<_, std::convert::Infallible>(http::Response::new(())));
//!
//! let oauth = OAuth1::new("client key", "client secret")?
//!     .token("token", "token secret")
//!     .method(Method::HMAC_SHA256);
//! let client = ServiceBuilder::new()
//!     .layer(oauth.only_to("https://api.example.com")?)
//!     .service(http);
//! # let _ = tower::ServiceExt::<http::Request<Full<Bytes>>>::oneshot(client, http::Request::new(Full::default()));
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! # Features
//!
//! * `rsa`: `RSA-SHA1`, `RSA-SHA256` and `RSA-SHA512`, with the `rsa` crate.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod base_string;
mod body;
mod body_hash;
mod buffer;
mod credentials;
mod error;
mod escape;
mod extra;
mod form;
mod legs;
mod method;
mod nonce;
mod placement;
mod realm;
mod scheme;
mod timestamp;

#[cfg(feature = "rsa")]
#[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
pub use self::method::RsaKey;
pub use self::{
    body::{BodyBytes, DEFAULT_LIMIT, Declared, InMemory, ReadBody},
    buffer::{BufferForms, BufferedForms},
    credentials::TokenCredentials,
    error::SignError,
    extra::{Callback, Verifier},
    legs::{LegError, TemporaryCredentials, ThreeLegs, TokenAnswer},
    method::{Method, Sign, SigningKey},
    placement::{InBody, InHeader, InQuery, Place, Placement},
    scheme::OAuth1,
};
pub use tower_auth_core::NonceSource;
