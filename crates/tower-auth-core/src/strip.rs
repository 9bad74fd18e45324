//! What a proxy does not pass on of its caller.

use crate::query;
use http::{
    HeaderMap, HeaderName, Request,
    header::{
        AUTHORIZATION, CONNECTION, COOKIE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Takes off what the caller of a proxy sent and the upstream must not see: a layer, to be put **above** authentication.
///
/// * `Authorization` and `Proxy-Authorization`;
/// * every `x-amz-*` header and query parameter, so that nothing of the caller's is signed by SigV4 as if it were ours;
/// * `Cookie`, unless [`keep_cookies`](Self::keep_cookies) is called;
/// * the hop-by-hop headers (RFC 9110 section 7.6.1): `Connection` and all that it names, `Keep-Alive`,
///   `Proxy-Connection`, `Proxy-Authenticate`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade`;
/// * the names that are given by [`header`](Self::header) and [`query`](Self::query); by default the header `X-API-Key`
///   and the query parameters `api_key` and `access_token` (RFC 6750 section 2.3).
///
/// `Host` stays; [`SetOrigin`](crate::SetOrigin) takes it off.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_auth_core::{Basic, SchemeExt, SetOrigin, StripCredentials};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.uri().to_string()))
/// });
/// let origin = "https://api.example.com";
/// let client = ServiceBuilder::new()
///     .layer(StripCredentials::new())
///     .layer(SetOrigin::new(origin)?)
///     .layer(Basic::new("user", "password")?.only_to(origin)?)
///     .service(http);
///
/// let response = client.oneshot(Request::get("/x?a=1&api_key=callers").body(())?).await?;
/// assert_eq!(response.into_body(), "https://api.example.com/x?a=1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct StripCredentials(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    headers: Vec<HeaderName>,
    query: Vec<String>,
    cookies: bool,
}

impl StripCredentials {
    /// All of the above.
    pub fn new() -> Self {
        Self(Arc::new(Settings {
            headers: vec![HeaderName::from_static("x-api-key")],
            query: vec!["api_key".into(), "access_token".into()],
            cookies: false,
        }))
    }

    /// Takes off this header, too.
    pub fn header(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.0).headers.push(name);
        self
    }

    /// Takes off this query parameter, too, in whatever way it is encoded.
    pub fn query(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).query.push(name.into());
        self
    }

    /// Passes cookies on, where they are the upstream's own.
    pub fn keep_cookies(mut self) -> Self {
        Arc::make_mut(&mut self.0).cookies = true;
        self
    }

    fn strip<B>(&self, request: &mut Request<B>) {
        let headers = request.headers_mut();
        strip_hop_by_hop(headers);
        headers.remove(AUTHORIZATION);
        headers.remove(PROXY_AUTHORIZATION);
        if !self.0.cookies {
            headers.remove(COOKIE);
        }
        for name in &self.0.headers {
            headers.remove(name);
        }
        let amz = headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-amz-"));
        for name in amz.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
        query::remove(request.uri_mut(), |name| {
            let amz = name
                .get(..6)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"));
            amz || self.0.query.iter().any(|known| known.as_bytes() == name)
        });
    }
}

impl Default for StripCredentials {
    fn default() -> Self {
        Self::new()
    }
}

/// RFC 9110 section 7.6.1.
fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(CONNECTION).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let named: Vec<_> = names
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

impl<S> Layer<S> for StripCredentials {
    type Service = StripCredentialsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        StripCredentialsService {
            inner,
            strip: self.clone(),
        }
    }
}

/// The service of [`StripCredentials`].
#[derive(Clone, Debug)]
pub struct StripCredentialsService<S> {
    inner: S,
    strip: StripCredentials,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for StripCredentialsService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.strip.strip(&mut request);
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_callers_credentials_and_connection_goes_on() {
        let mut request = Request::get(
            "/x?a=1&%61pi_key=k;API_KEY=kept&X-Amz-Signature=s&access_token=t&mine=m;b=2",
        )
        .header("authorization", "Bearer t")
        .header("proxy-authorization", "Basic t")
        .header("cookie", "a=b")
        .header("x-api-key", "k")
        .header("x-mine", "m")
        .header("x-amz-acl", "public-read")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        .header("connection", "close, X-Named")
        .header("connection", "x-other")
        .header("x-named", "1")
        .header("x-other", "1")
        .header("keep-alive", "timeout=5")
        .header("te", "trailers")
        .header("upgrade", "h2c")
        .header("host", "proxy.example")
        .header("accept", "text/html")
        .body(())
        .unwrap();
        let strip = StripCredentials::new()
            .header(HeaderName::from_static("x-mine"))
            .query("mine");
        strip.strip(&mut request);
        let mut left: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "host"]);
        assert_eq!(request.uri(), "/x?a=1;API_KEY=kept;b=2");

        let mut request = Request::get("https://h/?api_key=k")
            .header("cookie", "a=b")
            .body(())
            .unwrap();
        StripCredentials::new().keep_cookies().strip(&mut request);
        assert!(request.headers().contains_key(COOKIE));
        assert_eq!(request.uri(), "https://h/");
    }
}
