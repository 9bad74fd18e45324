//! gRPC, which says in a field of its own what HTTP says with a status.
//!
//! A gRPC server answers `200 OK` to a call whose credentials it refuses, with `grpc-status: 16` (`UNAUTHENTICATED`) in the
//! headers, where it sends nothing else, or in the trailers. To a scheme that is a success, and it goes on with a token that
//! was revoked. [`GrpcLayer`] is a scheme that knows better, and whose own errors are gRPC's:
//!
//! ```
//! use tower::{Layer, ServiceBuilder};
//! use tower_auth_core::{Bearer, SchemeExt};
//! # use {http::{Request, Response}, std::convert::Infallible};
//! # let channel = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
//!
//! let auth = Bearer::new("token")?.only_to("https://grpc.example.com")?;
//! let client = ServiceBuilder::new()
//!     .layer(auth.for_grpc())
//!     .service(channel); // a tonic channel, or any other client
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! | the server answers | what becomes of the credentials | sent once more, with [`replay`](crate::SchemeExt::replay) |
//! | --- | --- | --- |
//! | `grpc-status: 16` in the headers, and no body | refused | yes |
//! | the same, and a body | refused | no |
//! | `grpc-status: 16` in trailers | refused, for the next call | no: the caller has the answer already |
//! | any other status, `PERMISSION_DENIED` included | nothing | no |
//!
//! A call without an answer from the server is one with a status all the same: what
//! [`AuthError::grpc_status`](crate::AuthError::grpc_status) says, as an answer that consists of headers only. So tonic and
//! generated clients tell a token endpoint that is down (`UNAVAILABLE`) from a wrong secret (`UNAUTHENTICATED`) and need not
//! know these crates. The error itself is an
//! [extension](http::Response::extensions) of the answer. Errors of the client below stay what they are.
//!
//! tonic's bodies cannot be copied, so `replay` has them read into memory first; that is for calls that send one message,
//! as a stream of messages would be waited for to its end:
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_auth_core::{Bearer, BodyBytes, BufferBody, SchemeExt};
//! # use {http::{Request, Response}, std::convert::Infallible};
//! # let channel = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
//! # struct Body; impl Body { fn new(_: BodyBytes) -> String { String::new() } } // `tonic::body::Body`
//!
//! # let auth = Bearer::new("token")?.only_to("https://grpc.example.com")?;
//! let unary = ServiceBuilder::new()
//!     .layer(BufferBody::new(4 << 20)) // 4 MiB, the most that tonic takes for one message
//!     .layer(auth.for_grpc()) // `.replay(Cloned).for_grpc()` for tokens that are fetched
//!     .map_request(|request: Request<BodyBytes>| request.map(Body::new))
//!     .service(channel);
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```

mod body;
mod future;
mod layer;
mod observed;
mod status;

pub use self::{
    body::GrpcBody,
    future::{GrpcFuture, WatchedFuture},
    layer::{GrpcLayer, GrpcService, Watched},
    observed::{Observed, SentObserved},
    status::GrpcStatus,
};
