//! Our code as the vectors see it: a request goes into a layer, and what comes out below is looked at.

use http::{Request, Response};
use std::{
    convert::Infallible,
    future::{Ready, ready},
};
use tower::{Layer, Service, ServiceExt, service_fn, util::ServiceFn};
use tower_auth_core::{AuthError, AuthLayer, Authorize, Error, Mode, Scheme, replay::NoReplay};

/// Stands in for a client: answers with the request that it was to send.
pub(crate) type Echo<B> = ServiceFn<fn(Request<B>) -> Ready<Echoed<B>>>;
type Echoed<B> = Result<Response<Request<B>>, Infallible>;
/// The service that a scheme becomes around it.
type Layered<A, B> = <<A as Scheme>::Mode as Mode>::Service<Echo<B>, A, NoReplay>;

/// What a client below the layer of this scheme gets to send.
///
/// The whole path is taken: layer, service, future. Plaintext is allowed, because vectors are about what goes on the
/// wire; where credentials may go is tested elsewhere.
pub(crate) async fn send<A, B>(scheme: A, request: Request<B>) -> Result<Request<B>, AuthError>
where
    A: Authorize<B>,
    Layered<A, B>: Service<Request<B>, Response = Response<Request<B>>, Error = Error<Infallible>>,
{
    let echo: fn(Request<B>) -> Ready<Echoed<B>> = |request| ready(Ok(Response::new(request)));
    let response = AuthLayer::new(scheme)
        .danger_allow_plaintext()
        .layer(service_fn(echo))
        .oneshot(request)
        .await;
    match response {
        Ok(response) => Ok(response.into_body()),
        Err(Error::Auth(error)) => Err(error),
        Err(Error::Inner(never)) => match *never {},
    }
}
