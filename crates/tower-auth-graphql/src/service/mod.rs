//! The service at the bottom of a GraphQL stack.

mod future;
mod gather;
#[cfg(any(
    feature = "events",
    feature = "incremental",
    feature = "multipart",
    feature = "ws"
))]
mod held;
#[cfg(feature = "compression")]
mod unpacked;

pub use self::future::Exchange;
#[cfg(feature = "compression")]
pub use self::unpacked::{Unpack, Unpacked, Unpacking};

use crate::{
    Body, BoxError, Error, OperationKind, Reply,
    headers::{insert, overwrite},
    response::Sent,
    settings::{Settings, settings},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// `Accept`, for a server of which nothing is known (GraphQL over HTTP, section 5.1).
pub(crate) const ACCEPT_RESPONSE: HeaderValue =
    HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9");

/// `async fn(http::Request<Body>) -> Result<http::Response<Reply>, Error>`: GraphQL over any HTTP service.
///
/// It sends what it is given, reads the answer under limits, and decodes it. Authentication goes *above* it, as above
/// any client; see the [crate's documentation](crate).
///
/// | answer | becomes |
/// | --- | --- |
/// | `application/graphql-response+json`, any status | a response |
/// | `application/json`, 2xx | a response; [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if it is none |
/// | `application/json`, other status | a response if it is one beyond doubt; else [`Reply::NotGraphQl`] |
/// | `multipart/mixed`; `text/event-stream`, 2xx | a stream (with the features `incremental` and `events`), whose first result is judged |
/// | anything else | [`Reply::NotGraphQl`], with the status and at most 4 KiB of the body |
///
/// `Accept` and `Content-Type` are added when they are missing.
///
/// Redirects are not followed: they would send a mutation twice, or headers to somebody else. A layer that follows them
/// belongs *above* this service and its schemes, so that every hop is judged anew; *below*, between this service and the
/// wire, it carries what the caller put on the request (an `X-API-Key`, say) to wherever the server points, since only
/// the best-known headers are dropped on the way by such layers.
#[derive(Clone, Debug)]
#[must_use]
pub struct GraphQlService<C> {
    inner: C,
    settings: Arc<Settings>,
}

impl<C> GraphQlService<C> {
    /// GraphQL over this HTTP client, with the default limits.
    pub fn new(inner: C) -> Self {
        Self::with_settings(inner, Settings::default())
    }

    pub(crate) fn with_settings(inner: C, settings: Settings) -> Self {
        Self {
            inner,
            settings: Arc::new(settings),
        }
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    settings!(settings);

    /// The HTTP client.
    pub fn get_ref(&self) -> &C {
        &self.inner
    }

    /// The HTTP client, mutably.
    pub fn get_mut(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The HTTP client, by value.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

/// Headers that the caller gave for one request: they win over those of the layers in between.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    pub(crate) headers: HeaderMap,
    /// Where they may go: nowhere else, should a layer redirect the request.
    pub(crate) endpoint: Uri,
}

impl Pinned {
    fn apply(self, uri: &Uri, headers: &mut HeaderMap) -> Result<(), Error> {
        if self.endpoint.authority() != uri.authority() || self.endpoint.scheme() != uri.scheme() {
            // What a redirect carried on. What belongs to no server in particular is set anew below.
            for name in self.headers.keys() {
                headers.remove(name);
            }
            return Ok(());
        }
        overwrite(headers, &self.headers)
    }
}

impl<C, RB> Service<Request<Body>> for GraphQlService<C>
where
    C: Service<Request<Body>, Response = Response<RB>>,
    C::Error: Into<BoxError>,
    RB: http_body::Body + Send + 'static,
    RB::Data: Send,
    RB::Error: Into<BoxError>,
{
    type Response = Response<Reply>;
    type Error = Error;
    type Future = Exchange<C::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner
            .poll_ready(cx)
            .map_err(|error| Error::transport(error.into()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let settings = Arc::clone(&self.settings);
        if let Err(error) = complete(&mut request) {
            return Exchange::failed(error, settings);
        }
        let sent = Sent {
            kind: request.extensions().get::<OperationKind>().copied(),
            is_get: request.method() == Method::GET,
            operations: request.body().operations(),
        };
        #[cfg(feature = "sse")]
        let shared = request
            .extensions()
            .get::<crate::events::OneForAll>()
            .is_some();
        #[cfg(feature = "ws")]
        let opening = match future::Opening::of(&request) {
            Some(opening) if opening.handshake.takes_stale() => {
                return Exchange::answered(crate::ws::stale(), settings);
            }
            opening => opening,
        };
        let exchange = Exchange::new(self.inner.call(request), sent, settings);
        #[cfg(feature = "ws")]
        let exchange = exchange.opening(opening);
        #[cfg(feature = "sse")]
        let exchange = exchange.for_many(shared);
        exchange
    }
}

/// The caller's headers, and those that a request needs.
fn complete(request: &mut Request<Body>) -> Result<(), Error> {
    if let Some(pinned) = request.extensions_mut().remove::<Pinned>() {
        let uri = request.uri().clone();
        pinned.apply(&uri, request.headers_mut())?;
    }
    let has_body = !matches!(*request.method(), Method::GET | Method::CONNECT);
    let headers = request.headers_mut();
    // Mostly they are there, and to look is less than to make an entry.
    if !headers.contains_key(ACCEPT) {
        insert(headers, ACCEPT, ACCEPT_RESPONSE)?;
    }
    if has_body && !headers.contains_key(CONTENT_TYPE) {
        let json = HeaderValue::from_static("application/json");
        insert(headers, CONTENT_TYPE, json)?;
    }
    Ok(())
}
