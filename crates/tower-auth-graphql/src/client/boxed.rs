//! A stack without its type.

use super::Client;
use crate::{Body, BoxError, Error, Reply};
use http::{Request, Response};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_service::Service;

/// A [`Client`] whose stack has no type: for the field of a struct, or a choice between stacks. [`Client::boxed`] makes
/// one.
///
/// ```
/// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
/// use tower_auth_core::Bearer;
/// use tower_auth_graphql::{BoxClient, Client};
///
/// #[derive(Clone)]
/// struct App {
///     heroes: BoxClient,
/// }
///
/// let http = Hyper::builder(TokioExecutor::new()).build_http();
/// let heroes = Client::builder("https://api.example.com/graphql")?
///     .auth(Bearer::new("token")?)?
///     .build(http)
///     .boxed();
/// let app = App { heroes };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type BoxClient = Client<BoxStack>;

/// A stack with a [`GraphQlService`](crate::GraphQlService) at its bottom, whatever is above. One allocation for each
/// clone, and one for each call.
pub struct BoxStack(Box<dyn Stack>);

/// The response future of a [`BoxStack`].
type Answer = Pin<Box<dyn Future<Output = Result<Response<Reply>, Error>> + Send>>;

trait Stack: Send + Sync {
    fn clone_box(&self) -> Box<dyn Stack>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;
    fn call(&mut self, request: Request<Body>) -> Answer;
}

impl<S> Stack for S
where
    S: Service<Request<Body>, Response = Response<Reply>, Error: Into<BoxError>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    fn clone_box(&self) -> Box<dyn Stack> {
        Box::new(self.clone())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::poll_ready(self, cx).map_err(|error| Error::from_stack(error.into()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let answer = Service::call(self, request);
        Box::pin(async move {
            answer
                .await
                .map_err(|error| Error::from_stack(error.into()))
        })
    }
}

impl<S> Client<S>
where
    S: Service<Request<Body>, Response = Response<Reply>, Error: Into<BoxError>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    /// The same client, without the type of its stack.
    pub fn boxed(self) -> BoxClient {
        Client {
            service: BoxStack(Box::new(self.service)),
            shared: self.shared,
            #[cfg(feature = "ws")]
            sessions: self.sessions,
            #[cfg(feature = "sse")]
            stream: self.stream,
        }
    }
}

impl Service<Request<Body>> for BoxStack {
    type Response = Response<Reply>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Reply>, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

impl Clone for BoxStack {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl fmt::Debug for BoxStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxStack").finish_non_exhaustive()
    }
}
