//! HTTP Digest authentication (RFC 7616) for every tower client: [`Digest`].
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use tower::ServiceBuilder;
//! use tower_auth_core::{SchemeExt, replay::Cloned};
//! use tower_auth_digest::Digest;
//! # let http = tower::service_fn(async |_: http::Request<Full<Bytes>>| {
//! #     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::default()))
//! # });
//!
//! let digest = Digest::new("Mufasa", "Circle of Life")?;
//! let client = ServiceBuilder::new()
//!     .layer(digest.only_to("https://api.example.com")?.replay(Cloned))
//!     .service(http);
//! # let _ = tower::ServiceExt::<http::Request<Full<Bytes>>>::oneshot(client, http::Request::new(Full::default()));
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! # Why a parser of its own
//!
//! The crates that parse challenges or compute answers were looked at: `http-auth` takes no realm beyond ASCII and no
//! `Negotiate <token>` in the same header, has no `auth-int`, and counts requests behind `&mut`; `digest_auth` was last
//! released years ago, on hashes of that time. What is left to do, once there are good hashes, is short.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod challenge;
mod cnonce;
mod memory;
mod response;
mod scheme;
mod unanswered;

pub use self::{
    scheme::{Auth, AuthInt, Digest, Protect, Quality, SentTicket, Ticket},
    unanswered::Unanswered,
};
pub use tower_auth_core::NonceSource;
