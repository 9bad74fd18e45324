//! reqwest as the service at the bottom.
//!
//! A `reqwest::Client` takes `reqwest::Request`s; [`Client`] makes it take [`http::Request`]s, as the layers above do,
//! and answer with [`http::Response`]s.
//!
//! ```
//! use http::Request;
//! use http_body_util::Full;
//! use tower::{Service, ServiceBuilder};
//! use tower_auth::{Basic, HeaderApiKey, SchemeExt, reqwest::{Client, NormalizeUri}};
//!
//! let auth = Basic::new("user", "password")? + HeaderApiKey::new("key")?;
//!
//! let client = ServiceBuilder::new()
//!     .layer(NormalizeUri::new())
//!     .layer(auth.only_to("https://api.example.com")?)
//!     .service(Client::new(reqwest::Client::builder())?);
//! # fn is_client(_: impl Service<Request<Full<bytes::Bytes>>>) {}
//! # is_client(client);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What reqwest does below the layers
//!
//! * **Redirects.** By itself reqwest follows them, out of sight of every layer: it takes `Authorization` off when the
//!   origin changes, and sends an API key wherever the redirect leads. [`Client::new`] turns that off. For redirects,
//!   put tower-http's `FollowRedirect` above the authentication layer.
//! * **URIs.** reqwest writes them anew by the rules of browsers: `/a/../b?q='x'` becomes `/b?q=%27x%27`. A signature
//!   that was made for the one is wrong for the other, and a host that is written anew may be another host than the one
//!   that was judged. So [`Client`] refuses to send what reqwest would change, and [`NormalizeUri`], above the
//!   authentication layer, changes it before.
//! * **User names in URIs.** `https://user:password@host/` is refused. Over HTTP/1.1 they would not be sent at all, and
//!   over HTTP/2 in `:authority`, where they must not be (RFC 9113 section 8.3.1). Use [`Basic`](crate::Basic).
//! * **Headers.** reqwest adds `Accept`, `Host` and the headers of
//!   [`ClientBuilder::default_headers`](::reqwest::ClientBuilder::default_headers) where the request has none. They
//!   come after everything that a signature covers, and those of `default_headers` go to every origin: no place for
//!   credentials.
//! * **Proxies.** A proxy reads what is sent unencrypted, also when it is addressed to this machine, which a scope
//!   takes for private. Where reqwest finds proxies by itself, [`no_proxy`](::reqwest::ClientBuilder::no_proxy) turns
//!   them off.

mod body;
mod client;
mod error;
mod normalize;
mod uri;

pub use self::{
    client::{Client, ResponseFuture},
    error::{Error, UriError},
    normalize::{NormalizeUri, NormalizedUri},
};
