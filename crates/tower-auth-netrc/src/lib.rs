//! User names and passwords from `.netrc`, for every tower client: [`Netrc`].
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_auth_core::SchemeExt;
//! use tower_auth_netrc::Netrc;
//! # let http = tower::service_fn(async |_: http::Request<()>| Ok::<_, std::convert::Infallible>(http::Response::new(())));
//!
//! let netrc = Netrc::parse("machine api.example.com login Aladdin password \"open sesame\"")?;
//! let client = ServiceBuilder::new()
//!     .layer(netrc.only_to("https://api.example.com")?) // Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
//!     .service(http);
//! # let _ = tower::ServiceExt::<http::Request<()>>::oneshot(client, http::Request::new(()));
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! [`Netrc::from_env`] reads the user's own file, once: what `NETRC` names, else `.netrc` in the home directory. It is
//! read as curl reads it (but for what [`Netrc`] lists), and on Unix refused when others than its owner can read or write it. Passwords are redacted in
//! `Debug`, absent from errors, and wiped when they are dropped.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod file;
mod parse;
mod scheme;

pub use self::scheme::Netrc;
