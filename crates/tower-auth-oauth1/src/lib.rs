//! OAuth 1.0a (RFC 5849) for every tower client.
//!
//! * [`OAuth1`] signs requests: a scheme, a layer, and the finisher of a sum.
//! * `ThreeLegs` (feature `legs`) gets the token that it signs with: temporary credentials, the user's consent, token
//!   credentials.
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
//! None is on by default: signing alone brings no HTTP client, no JSON and no RSA.
//!
//! | feature | adds |
//! | --- | --- |
//! | `legs` | `ThreeLegs`, over a client of your own |
//! | `rustls` | the default client of the legs, of hyper-util and rustls (which needs a C compiler) |
//! | `client` | the same for plain http to this machine only |
//! | `http2` | HTTP/2 where the server offers it |
//! | `rsa` | `RSA-SHA1`, `RSA-SHA256` and `RSA-SHA512`, with the `rsa` crate |
//! | `full` | all of these |

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
#[cfg(feature = "legs")]
mod legs;
mod method;
mod nonce;
mod placement;
mod realm;
mod scheme;
mod timestamp;

#[cfg(feature = "legs")]
#[cfg_attr(docsrs, doc(cfg(feature = "legs")))]
pub use self::legs::{LegError, LegErrorKind, TemporaryCredentials, ThreeLegs, TokenAnswer};
#[cfg(feature = "rsa")]
#[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
pub use self::method::RsaKey;
pub use self::{
    body::{DEFAULT_LIMIT, Declared, DeclaredBody, InMemory, ReadBody},
    buffer::{BufferForms, BufferedForms},
    credentials::TokenCredentials,
    error::{SignError, SignErrorKind},
    extra::{Callback, Verifier},
    method::{Method, Sign, SigningKey},
    placement::{
        PlaceSignature, SignatureInBody, SignatureInHeader, SignatureInQuery, SignaturePlacement,
    },
    scheme::OAuth1,
};
pub use tower_auth_core::NonceSource;
#[cfg(all(feature = "client", feature = "legs"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "client", feature = "legs"))))]
pub use tower_auth_http::ClientBuilder;
#[cfg(feature = "legs")]
#[cfg_attr(docsrs, doc(cfg(feature = "legs")))]
pub use tower_auth_http::{Body, HttpClient, HttpError, HttpErrorKind};
