//! Response futures next to the inner service's.

use crate::{Body, Group, Size, Wire, future_size};
use http::Request;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use tower_auth_core::{
    Basic, Bearer, HeaderApiKey, Schemes,
    service::{DeferredAuth, InstantAuth},
};

pub(super) const GROUP: Group = Group {
    name: "sizes",
    cases: || Ok(Vec::new()),
    sizes,
};

type Hyper = Client<HttpConnector, Body>;
type KeyAndBasic = <HeaderApiKey as std::ops::Add<Basic>>::Output;

fn sizes() -> Vec<Size> {
    vec![
        size::<InstantAuth<Hyper, Basic>, Hyper>("`Basic` over hyper-util's `ResponseFuture`"),
        size::<InstantAuth<Hyper, KeyAndBasic>, Hyper>(
            "`HeaderApiKey + Basic` over hyper-util's `ResponseFuture`",
        ),
        size::<InstantAuth<Wire, Bearer>, Wire>(
            "`Bearer` over `Ready<Result<Response<()>, Infallible>>`",
        ),
        size::<DeferredAuth<Hyper, Schemes<Body>>, Hyper>(
            "`Schemes` over hyper-util's `ResponseFuture`",
        ),
    ]
}

fn size<S, I>(name: &str) -> Size
where
    S: tower_service::Service<Request<Body>>,
    I: tower_service::Service<Request<Body>>,
{
    Size {
        name: name.to_owned(),
        ours: future_size::<S, Request<Body>>(),
        inner: future_size::<I, Request<Body>>(),
    }
}
