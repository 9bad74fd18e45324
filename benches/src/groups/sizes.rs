//! Response futures next to the inner service's.

use crate::{Body, Group, Size, future_size};
use http::{Request, Response};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use std::{convert::Infallible, future::Ready};
use tower_auth_core::{
    Basic, HeaderApiKey, Schemes,
    service::{DeferredAuth, FixedAuth, FixedFuture},
};

pub(super) const GROUP: Group = Group {
    sizes,
    ..Group::new("sizes", || Ok(Vec::new()))
};

type AtOnce = Ready<Result<Response<Body>, Infallible>>;
type Hyper = Client<HttpConnector, Body>;
type KeyAndBasic = <HeaderApiKey as std::ops::Add<Basic>>::Output;

fn sizes() -> Vec<Size> {
    vec![
        size::<FixedAuth<Hyper, Basic>, Hyper>("`Basic` over hyper-util's `ResponseFuture`"),
        size::<FixedAuth<Hyper, KeyAndBasic>, Hyper>(
            "`HeaderApiKey + Basic` over hyper-util's `ResponseFuture`",
        ),
        Size {
            name: "`Bearer` over `Ready<Result<Response<Body>, Infallible>>`".to_owned(),
            ours: size_of::<FixedFuture<AtOnce>>(),
            inner: size_of::<AtOnce>(),
        },
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
