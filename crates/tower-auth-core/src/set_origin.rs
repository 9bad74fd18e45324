//! Requests that only have a path, made absolute.

use crate::{AuthError, Origin};
use http::{
    Method, Request, Uri,
    header::HOST,
    uri::{Authority, PathAndQuery, Scheme},
};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Sends every request to one origin: a layer.
///
/// What a proxy takes in (axum) and what some clients make (tonic's generated ones) has a path only, and authentication
/// refuses to guess where it goes. This layer, **above** the authentication, writes scheme, host and port into the URI;
/// path and query stay as they are. Whatever origin a request had is replaced, so nobody who calls a proxy can choose
/// where it connects; a `Host` header is taken off, as it named the proxy, and clients set it from the URI. A `CONNECT`
/// passes unchanged.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_auth_core::{Basic, SchemeExt, SetOrigin};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.uri().to_string()))
/// });
/// let origin = "https://api.example.com";
/// let client = ServiceBuilder::new()
///     .layer(SetOrigin::new(origin)?)
///     .layer(Basic::new("user", "password")?.only_to(origin)?)
///     .service(http);
///
/// let response = client.oneshot(Request::get("/orders?open").body(())?).await?;
/// assert_eq!(response.into_body(), "https://api.example.com/orders?open");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SetOrigin {
    scheme: Scheme,
    authority: Authority,
}

impl SetOrigin {
    /// To this origin, like `https://api.example.com`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when it is none.
    pub fn new(origin: impl AsRef<str>) -> Result<Self, AuthError> {
        let origin = origin.as_ref();
        let origin: Origin = origin.parse()?;
        let uri: Uri = origin.to_string().parse().map_err(|_| not_one())?;
        let parts = uri.into_parts();
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority)) => Ok(Self { scheme, authority }),
            _ => Err(not_one()),
        }
    }
}

fn not_one() -> AuthError {
    AuthError::configuration("origin", "not a URI; write it like https://api.example.com")
}

impl<S> Layer<S> for SetOrigin {
    type Service = SetOriginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SetOriginService {
            inner,
            origin: self.clone(),
        }
    }
}

/// The service of [`SetOrigin`].
#[derive(Clone, Debug)]
pub struct SetOriginService<S> {
    inner: S,
    origin: SetOrigin,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for SetOriginService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if request.method() != Method::CONNECT {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            let target = parts.path_and_query.take();
            // `*` and nothing at all are no paths.
            let target = target.filter(|target| target.as_str().starts_with(['/', '?']));
            parts.scheme = Some(self.origin.scheme.clone());
            parts.authority = Some(self.origin.authority.clone());
            parts.path_and_query = Some(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
            // All three are there, so this succeeds; the URI `/` would have no origin, and not be authenticated.
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
            request.headers_mut().remove(HOST);
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use std::convert::Infallible;
    use tower::ServiceExt;

    #[tokio::test]
    async fn every_request_goes_to_the_origin_whatever_it_says() {
        let http = tower::service_fn(async |request: Request<()>| {
            assert!(!request.headers().contains_key(HOST));
            Ok::<_, Infallible>(Response::new(request.uri().to_string()))
        });
        let client = SetOrigin::new("https://A.example:8443")
            .unwrap()
            .layer(http);
        for (uri, sent) in [
            ("/", "https://a.example:8443/"),
            ("/a//b?c=/d", "https://a.example:8443/a//b?c=/d"),
            ("//evil.example/x", "https://a.example:8443//evil.example/x"),
            ("*", "https://a.example:8443/"),
            ("http://u:p@evil.example:1/x", "https://a.example:8443/x"),
            ("http://evil.example", "https://a.example:8443/"),
        ] {
            let request = Request::get(uri)
                .header(HOST, "evil.example")
                .body(())
                .unwrap();
            let response = client.clone().oneshot(request).await.unwrap();
            assert_eq!(response.into_body(), sent, "{uri}");
        }
        assert!(SetOrigin::new("https://a.example/path").is_err());
    }
}
