//! The jar as a layer.

use super::CookieJar;
use http::{Request, Response, Uri, header::COOKIE};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower_auth_core::{AuthError, IntoOrigins, Origin};
use tower_layer::Layer;
use tower_service::Service;

/// Sends the cookies of a jar, and keeps those that come back. Works over every HTTP client, with any body.
///
/// Put it *inside* a layer that follows redirects, so that every hop is seen; and *below* schemes that replay, since
/// from above the cookie of the answer that was refused is never seen. A request that has a `Cookie` header already keeps
/// it.
///
/// Over unencrypted http cookies go to this machine only, and to no other, whether they are `Secure` or not, unless
/// [`danger_allow_plaintext`](Self::danger_allow_plaintext) says so: a session is a credential. Such a request is sent
/// without them. A request whose headers are full is sent without them, too.
///
/// ```
/// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
/// use tower_layer::Layer;
/// use tower_auth_graphql::{Body, Client, CookieJar, CookieLayer};
///
/// let hyper = Hyper::builder(TokioExecutor::new()).build_http::<Body>();
/// let cookies = CookieLayer::new(CookieJar::new()).only_to("https://api.example.com")?;
/// let client = Client::builder("https://api.example.com/graphql")?.build(cookies.layer(hyper));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CookieLayer {
    jar: CookieJar,
    origins: Option<Arc<[Origin]>>,
    plaintext: bool,
}

impl CookieLayer {
    /// This jar, for every origin that sets cookies.
    pub fn new(jar: CookieJar) -> Self {
        Self {
            jar,
            origins: None,
            plaintext: false,
        }
    }

    /// Only for these origins: what others set is not kept, and they get nothing, not even on another port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is no origin.
    pub fn only_to(self, origins: impl IntoOrigins) -> Result<Self, AuthError> {
        Ok(Self {
            origins: Some(origins.into_origins()?.into()),
            ..self
        })
    }

    /// Cookies without `Secure` may go over unencrypted http to another machine. Everybody on the way can read them.
    #[must_use]
    pub fn danger_allow_plaintext(self) -> Self {
        Self {
            plaintext: true,
            ..self
        }
    }
}

impl<S> Layer<S> for CookieLayer {
    type Service = CookieService<S>;

    fn layer(&self, inner: S) -> CookieService<S> {
        CookieService {
            inner,
            layer: self.clone(),
        }
    }
}

/// See [`CookieLayer`].
#[derive(Clone, Debug)]
pub struct CookieService<S> {
    inner: S,
    layer: CookieLayer,
}

impl<S, B, T> Service<Request<B>> for CookieService<S>
where
    S: Service<Request<B>, Response = Response<T>>,
{
    type Response = Response<T>;
    type Error = S::Error;
    type Future = Cookies<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let covered = self
            .layer
            .origins
            .as_ref()
            .is_none_or(|origins| origins.iter().any(|origin| origin.covers(request.uri())));
        let jar = covered.then(|| (self.layer.jar.clone(), request.uri().clone()));
        if let Some((jar, uri)) = &jar {
            if !request.headers().contains_key(COOKIE) {
                if let Some(value) = jar.header_over(uri, self.layer.plaintext) {
                    // No room: this request does without.
                    let _ = request.headers_mut().try_insert(COOKIE, value);
                }
            }
        }
        Cookies {
            future: self.inner.call(request),
            jar,
        }
    }
}

pin_project! {
    /// Response future of [`CookieService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Cookies<F> {
        #[pin]
        future: F,
        jar: Option<(CookieJar, Uri)>,
    }
}

impl<F, T, E> Future for Cookies<F>
where
    F: Future<Output = Result<Response<T>, E>>,
{
    type Output = Result<Response<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        if let Some((jar, uri)) = this.jar {
            jar.keep(uri, response.headers());
        }
        Poll::Ready(Ok(response))
    }
}
