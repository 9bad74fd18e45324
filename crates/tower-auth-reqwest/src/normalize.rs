//! URIs as reqwest sends them, before anybody signs them.

use crate::uri;
use http::Request;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that writes the URI of each request as reqwest would write it.
///
/// It belongs above (outside) the authentication layer, so that what is judged and signed is what is sent, and below
/// (inside) a layer that follows redirects, so that it sees every hop. Dots in the path are resolved
/// (`/a/../b` becomes `/b`), characters escaped (`'` in a query becomes `%27`), the host is written in lower case and
/// without a default port. Nothing that is already escaped is changed, and a URI that reqwest cannot send stays as it
/// is; [`ReqwestService`](crate::ReqwestService) refuses it.
///
/// ```
/// use http::Request;
/// use tower::{ServiceExt, service_fn};
/// use tower_auth_reqwest::NormalizeUri;
/// use tower_layer::Layer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let echo = service_fn(async |request: Request<()>| Ok::<_, std::io::Error>(request.uri().clone()));
/// let client = NormalizeUri::new().layer(echo);
///
/// let sent = client.oneshot(Request::get("https://API.example.com:443/a/../b?q='x'").body(())?).await?;
/// assert_eq!(sent.to_string(), "https://api.example.com/b?q=%27x%27");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NormalizeUri {}

impl NormalizeUri {
    /// The layer.
    pub const fn new() -> Self {
        Self {}
    }
}

impl<S> Layer<S> for NormalizeUri {
    type Service = NormalizedUri<S>;

    fn layer(&self, inner: S) -> NormalizedUri<S> {
        NormalizedUri { inner }
    }
}

/// The service of [`NormalizeUri`]. Its errors and responses are the inner service's.
#[derive(Clone, Debug)]
pub struct NormalizedUri<S> {
    inner: S,
}

impl<S> NormalizedUri<S> {
    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, by value.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for NormalizedUri<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(normalized) = uri::normalized(request.uri()) {
            *request.uri_mut() = normalized;
        }
        self.inner.call(request)
    }
}
