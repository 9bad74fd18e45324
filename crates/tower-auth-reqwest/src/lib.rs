//! reqwest below the layers of `tower-auth`, and reqwest's way to make requests above them.
//!
//! [`Client`] is for people who know reqwest: the same request builders and responses, with every request
//! authenticated on its way.
//!
//! ```
//! use tower_auth_core::{Bearer, SchemeExt};
//! use tower_auth_reqwest::Client;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(reqwest::Client::builder())?
//!     .layer(Bearer::new("mF_9.B5f-4.1JqM")?.only_to("https://api.example.com")?);
//!
//! let response = client.get("https://api.example.com/users/me").send().await?.error_for_status()?;
//! println!("{}", response.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! (reqwest speaks https with its feature `default-tls`; this crate turns on none of its features but the ones that its
//! own `json`, `form` and `query` name.)
//!
//! [`ReqwestService`] is for people who know tower: a `reqwest::Client` takes `reqwest::Request`s; it makes it take
//! [`http::Request`]s, with any body, as the layers above do, and answer with [`http::Response`]s.
//!
//! ```
//! use http::Request;
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder};
//! use tower_auth_core::{Basic, HeaderApiKey, SchemeExt};
//! use tower_auth_reqwest::{NormalizeUri, ReqwestService};
//!
//! let auth = Basic::new("user", "password")? + HeaderApiKey::new("key")?;
//!
//! let client = ServiceBuilder::new()
//!     .layer(NormalizeUri::new())
//!     .layer(auth.only_to("https://api.example.com")?)
//!     .service(ReqwestService::new(reqwest::Client::builder())?);
//! # fn is_client(_: impl Service<Request<Full<bytes::Bytes>>>) {}
//! # is_client(client);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate is apart from the others because reqwest's types are in its API: a new version of reqwest is a new
//! version of this crate, and of no other.
//!
//! # What reqwest does below the layers
//!
//! * **Redirects.** By itself reqwest follows them, out of sight of every layer: it takes `Authorization` off when the
//!   origin changes, and sends an API key wherever the redirect leads. [`ReqwestService::new`] turns that off. For redirects,
//!   put tower-http's `FollowRedirect` above the authentication layer.
//! * **URIs.** reqwest writes them anew by the rules of browsers: `/a/../b?q='x'` becomes `/b?q=%27x%27`. A signature
//!   that was made for the one is wrong for the other, and a host that is written anew may be another host than the one
//!   that was judged. So [`ReqwestService`] refuses to send what reqwest would change, and [`NormalizeUri`], above the
//!   authentication layer, changes it before.
//! * **User names in URIs.** `https://user:password@host/` is refused. Over HTTP/1.1 they would not be sent at all, and
//!   over HTTP/2 in `:authority`, where they must not be (RFC 9113 section 8.3.1). Use [`Basic`](tower_auth_core::Basic).
//!   The request builders of [`Client`] are reqwest's, which make a header `Authorization` of them before anybody can
//!   refuse: it goes out as one that the caller wrote, to whatever host, and also unencrypted.
//! * **Headers.** reqwest adds `Accept`, `Host` and the headers of
//!   [`ClientBuilder::default_headers`](reqwest::ClientBuilder::default_headers) where the request has none. They
//!   come after everything that a signature covers, and those of `default_headers` go to every origin: no place for
//!   credentials.
//! * **Proxies.** A proxy reads what is sent unencrypted, also when it is addressed to this machine, which a scope
//!   takes for private. Where reqwest finds proxies by itself, [`no_proxy`](reqwest::ClientBuilder::no_proxy) turns
//!   them off.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
mod content;
mod error;
mod normalize;
mod request;
mod send_error;
mod service;
mod uri;

pub use self::{
    client::Client,
    content::Content,
    error::{Error, UriError},
    normalize::{NormalizeUri, NormalizedUri},
    request::RequestBuilder,
    send_error::{SendError, SendErrorKind},
    service::{ReqwestService, ResponseFuture},
};
