//! `async fn(http::Request<Body>) -> Result<http::Response<Reply>, Error>`: GraphQL over any tower HTTP client, below all
//! layers that authenticate.
//!
//! ```text
//! Client --encodes--> http::Request<Body> --schemes--> GraphQlService<C> --C: any HTTP client--> the wire
//!                                                      decodes into http::Response<Reply>
//! ```
//!
//! Encoding comes first, so that signatures cover what is sent, the scope of a scheme sees the endpoint, and headers of
//! a request are ordinary headers. Decoding comes last, at the bottom: only who reads the body can know that a `200 OK`
//! means "log in first". The [`GraphQlService`] marks such a response, and the schemes above renew their credentials as
//! after a 401. A mutation is sent again only when the answer proves that it did not run.
//!
//! # A query
//!
//! ```no_run
//! use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
//! use serde::Deserialize;
//! use serde_json::json;
//! use tower_auth_core::Bearer;
//! use tower_auth_graphql::Client;
//!
//! #[derive(Deserialize)]
//! struct Data {
//!     hero: Hero,
//! }
//!
//! #[derive(Deserialize)]
//! struct Hero {
//!     name: String,
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://api.example.com/graphql")?
//!     .auth(Bearer::new("mF_9.B5f-4.1JqM")?)?
//!     .build(Hyper::builder(TokioExecutor::new()).build_http());
//!
//! let response = client
//!     .query("query Hero($id: ID!) { hero(id: $id) { name } }")
//!     .variables(json!({"id": 1000}))
//!     .send::<Data>()
//!     .await?;
//! for error in &response.errors {
//!     eprintln!("{error} at {:?}", error.path);
//! }
//! if let Some(data) = response.data {
//!     println!("{}", data.hero.name);
//! }
//! # Ok(()) }
//! ```
//!
//! [`Call::data`] is shorter: it takes errors for errors.
//!
//! # Operations of other crates
//!
//! [`Client::operation`] sends anything that serializes to `{"query": …}`, and decodes into anything that deserializes.
//! With [cynic] and [graphql_client], which check operations against a schema at compile time, that is
//!
//! ```text
//! client.operation(&Hello::build(variables)).data::<Hello>() // cynic's `Operation`
//! client.operation(&Hello::build_query(variables)).data::<hello::ResponseData>() // graphql_client's `QueryBody`
//! ```
//!
//! `cargo run --example cynic_operation` and `cargo run --example graphql_client_query` show them whole.
//!
//! [cynic]: https://docs.rs/cynic
//! [graphql_client]: https://docs.rs/graphql_client
//!
//! # What there is
//!
//! | | | feature |
//! | --- | --- | --- |
//! | queries and mutations, by POST or GET, batches | [`Client`], [`Call`], [`Batch`] | |
//! | the same without the front, below any stack of layers | [`GraphQlService`], [`Body`], [`Reply`] | |
//! | which errors mean that credentials were not accepted | [`AuthDetector`] | |
//! | logins by GraphQL, CollectiveAccess | `GraphQlLogin`, `VariableAuth` | `login` |
//! | files (multipart request specification) | `Upload` | `uploads`; those on disk: `files` |
//! | `@defer` and `@stream`, both formats | `Incremental` | `incremental` |
//! | subscriptions over WebSockets, both protocols | `Subscription`, `Client::websocket` | `ws` |
//! | … over HTTP/2 (extended CONNECT, RFC 8441) | `OpeningHandshake` | `ws-http2` |
//! | subscriptions over server-sent events | `Subscription` | `events` |
//! | many of them on one connection | `Client::single_event_stream` | `sse` |
//! | subscriptions over multipart answers (Apollo) | `Subscription` | `multipart` |
//! | automatic persisted queries | `ClientBuilder::persisted_queries` | `persisted` |
//! | cookies | `CookieJar`, `CookieLayer` | `cookies` |
//! | compressed answers | `ClientBuilder::build_compressed` | `compression` |
//!
//! # Subscriptions
//!
//! The request that opens a subscription goes through the same layers as every other, so whatever writes headers
//! authenticates it: Basic, API keys, bearer tokens, OAuth 2, SigV4, cookies. Those that say their credentials in
//! `connection_init` instead find them there (`WebSocket::params` and its like).
//!
//! | over | servers that it was driven against | connection parameters | header | cookie | the token expires meanwhile |
//! | --- | --- | --- | --- | --- | --- |
//! | `graphql-transport-ws` | graphql-ws 6.4, async-graphql 7.2 | yes | yes | yes | 4403: made again with a new token, and resubscribed |
//! | `graphql-ws`, the older one | subscriptions-transport-ws 0.11, async-graphql 7.2 | yes | yes | yes | as above |
//! | both, by extended CONNECT | async-graphql 7.2 and axum 0.8 | yes | yes | yes | as above |
//! | server-sent events | graphql-sse 2.6, graphql-yoga 5.24 | | yes | yes | the last result says so; the next subscription has a new token |
//! | … on one connection | graphql-sse 2.6 | | yes | yes | as above |
//! | multipart | a server that sends what Apollo's router sends | | yes | yes | as above |
//!
//! "Yes" means that it was let in with the right credentials and refused with wrong ones, by `interop/graphql-yoga` and
//! the tests. Over a WebSocket, queries and mutations can go too (`WebSocket::all_operations`).
//!
//! # Errors
//!
//! [`Error::kind`] tells them apart: a network that failed or a gateway that answered, a malformed answer, errors of
//! GraphQL, credentials that were not accepted, time-outs, limits, data that are not what was expected. See
//! [`ErrorKind`].
//!
//! # Limits
//!
//! An answer has at most 16 MiB after decompression, a part of a stream 4 MiB; an answer takes at most 30 seconds, a
//! stream is silent for at most 60. That can be changed on the [`ClientBuilder`] or the [`GraphQlService`]. Data are
//! nested at most 127 levels deep, and there are at most 10,000 errors. An answer that comes in one piece is decoded
//! from the very memory that the HTTP client read it into; of several pieces one text is made.
//!
//! # Runtimes
//!
//! Time-outs are tokio's. Without them (`timeout(None)`, `idle_timeout(None)`, `first_event(None)`) any runtime will do.
//! WebSockets, and server-sent events on a single connection, live in a task of tokio's.
//!
//! # Coming from
//!
//! `coming_from` has pages for those who know aiogqlc or aiographql-client.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
#[cfg(feature = "subscriptions")]
mod closed;
#[cfg(feature = "cookies")]
mod cookies;
mod date;
mod endpoint;
mod error;
#[cfg(feature = "events")]
mod events;
mod head;
mod headers;
#[cfg(any(feature = "events", feature = "incremental", feature = "multipart"))]
mod incoming;
#[cfg(any(feature = "incremental", feature = "multipart"))]
mod incremental;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "multipart")]
mod multipart;
mod pace;
#[cfg(feature = "persisted")]
mod persisted;
mod request;
mod response;
mod scan;
mod service;
mod settings;
#[cfg(feature = "subscriptions")]
mod subscription;
#[cfg(feature = "uploads")]
mod upload;
#[cfg(feature = "ws")]
mod ws;

pub use self::{
    body::Body,
    client::{Batch, BoxClient, BoxStack, Call, Client, ClientBuilder},
    error::{AuthFailure, Error, ErrorKind, Limit, Timeout},
    request::Request,
    response::{AuthDetector, Data, GraphQlError, Location, Reply, Response},
    scan::OperationKind,
    service::{Exchange, GraphQlService},
};

/// The types of the layers that a [`ClientBuilder`] makes of schemes: nobody has to write them.
pub mod layers {
    pub use crate::client::{AcquireRest, AuthMode, CallerFirst, SentRest};
    #[cfg(feature = "compression")]
    pub use crate::service::{Unpacked, Unpacking};
}

#[cfg(feature = "cookies")]
pub use self::cookies::{CookieJar, CookieLayer, CookieService, Cookies};
#[cfg(feature = "sse")]
pub use self::events::{EventStream, single::SingleEventStream};
#[cfg(feature = "incremental")]
pub use self::incremental::{Incremental, Parts};
#[cfg(feature = "login")]
pub use self::login::{GraphQlLogin, LoginBuilder, VariableAuth};
#[cfg(feature = "compression")]
pub use self::service::Unpack;
#[cfg(feature = "uploads")]
pub use self::upload::Upload;
#[cfg(feature = "ws-http2")]
pub use self::ws::OpeningHandshake;
#[cfg(feature = "ws")]
pub use self::ws::{Connecting, Socket, Subprotocol, WebSocket};
#[cfg(feature = "subscriptions")]
pub use self::{
    closed::{CloseKind, Closed},
    subscription::{End, Event, Reconnected, Subscription},
};

/// For those who know other libraries.
#[cfg(all(feature = "cookies", feature = "login", feature = "ws"))]
pub mod coming_from {
    #[doc = include_str!("../docs/aiogqlc.md")]
    pub mod aiogqlc {}
    #[doc = include_str!("../docs/aiographql_client.md")]
    pub mod aiographql_client {}
}

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
