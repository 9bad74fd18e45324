//! The layer, and the two services that it makes: one above the scheme, one below.

use super::{
    body::GrpcBody,
    future::{GrpcFuture, WatchedFuture},
    observed::{Observed, Watch},
};
use crate::{
    AuthLayer, Authorize, BoxError, Error, Scheme,
    replay::{NoReplay, Policy},
    service::{CloneService, DeferredAuth},
};
use http::{Request, Response};
use http_body::Body;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A scheme over gRPC: `grpc-status: 16` is a refusal, and errors of the scheme are statuses. See the
/// [module](super).
///
/// From [`for_grpc`](AuthLayer::for_grpc), which comes last: after [`only_to`](AuthLayer::only_to) and
/// [`replay`](AuthLayer::replay).
#[derive(Clone, Debug)]
pub struct GrpcLayer<A, R = NoReplay>(AuthLayer<Observed<A>, R>);

impl<A, R> AuthLayer<A, R> {
    /// The same for gRPC, where a refusal is an answer of status 200: see [`grpc`](crate::grpc).
    ///
    /// A call costs an allocation more than without, and the client below has to be `Clone`, as tonic's channels are.
    pub fn for_grpc(self) -> GrpcLayer<A, R> {
        GrpcLayer(self.map_scheme(Observed))
    }
}

impl<A, R, S> Layer<S> for GrpcLayer<A, R>
where
    A: Scheme<Sent: Send + Sync + 'static>,
    R: Clone,
{
    type Service = GrpcService<S, A, R>;

    fn layer(&self, inner: S) -> Self::Service {
        GrpcService(self.0.layer(Watched(inner)))
    }
}

/// The service of a [`GrpcLayer`].
#[derive(Clone, Debug)]
pub struct GrpcService<S, A, R = NoReplay>(DeferredAuth<Watched<S>, Observed<A>, R>);

impl<S, A, R> GrpcService<S, A, R> {
    /// The client below.
    pub fn get_ref(&self) -> &S {
        &self.0.get_ref().0
    }

    /// The client below, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.0.get_mut().0
    }

    /// The client below, by value.
    pub fn into_inner(self) -> S {
        self.0.into_inner().0
    }
}

impl<S, A, R, B, T> Service<Request<B>> for GrpcService<S, A, R>
where
    S: Service<Request<B>, Response = Response<T>, Error: Into<BoxError>> + CloneService,
    A: Authorize<B, Sent: Send + Sync + 'static>,
    R: Policy<B> + Clone,
    T: Body,
{
    type Response = Response<GrpcBody<T>>;
    type Error = Error<S::Error>;
    type Future =
        GrpcFuture<<DeferredAuth<Watched<S>, Observed<A>, R> as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        GrpcFuture::new(self.0.call(request))
    }
}

/// The client of a [`GrpcService`], below its scheme: marks what refuses the credentials.
#[derive(Clone, Debug)]
pub struct Watched<S>(S);

impl<S, B, T> Service<Request<B>> for Watched<S>
where
    S: Service<Request<B>, Response = Response<T>>,
    T: Body,
{
    type Response = Response<GrpcBody<T>>;
    type Error = S::Error;
    type Future = WatchedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let watch = request.extensions_mut().remove::<Watch>();
        WatchedFuture::new(self.0.call(request), watch)
    }
}
