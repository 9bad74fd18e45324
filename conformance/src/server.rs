//! What stands around our code here: a server that answers as it is told and remembers what it was sent, a browser that
//! comes back at once, and a client below a layer.

use crate::{case::Why, record::text};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use std::{
    convert::Infallible,
    future::{Ready, ready},
    io,
    sync::{Arc, Mutex},
};
use tower::{Layer, Service, ServiceExt, service_fn, util::ServiceFn};
use tower_auth_core::{AuthError, AuthLayer, Authorize, Error, Mode, Scheme, replay::NoReplay};
use tower_auth_oauth2::{
    Body, Grant, HttpClient, OAuth2Builder,
    browser::{Browser, BrowserBuilder, Visit},
};

pub(crate) type Sent = Request<Bytes>;

/// What was sent, or opened, in order.
#[derive(Debug)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Log<T> {
    pub(crate) fn push(&self, sent: T) {
        self.0.lock().expect("held for moments").push(sent);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().expect("held for moments"))
    }

    /// The only one.
    pub(crate) fn one(&self) -> Result<T, Why> {
        let one = <[T; 1]>::try_from(self.take());
        let [one] = one.map_err(|all| format!("{} requests instead of one", all.len()))?;
        Ok(one)
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A client of a server that answers like this.
pub(crate) fn answering(
    answer: impl Fn(&Sent) -> Response<Bytes> + Clone + Send + Sync + 'static,
) -> (HttpClient, Log<Sent>) {
    let log = Log::default();
    let kept = log.clone();
    let service = service_fn(move |request: Request<Body>| {
        let (answer, log) = (answer.clone(), kept.clone());
        async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let sent = Request::from_parts(parts, body.to_bytes());
            let response = answer(&sent).map(Full::new);
            log.push(sent);
            Ok::<_, Infallible>(response)
        }
    });
    (HttpClient::new(service), log)
}

/// An answer with JSON.
pub(crate) fn json(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

/// The only request that a scheme sends for its token, which it gets.
pub(crate) async fn asked<G: Grant>(builder: OAuth2Builder<G>) -> Result<Sent, Why> {
    let (http, log) = answering(|_| json(200, &serde_json::json!({"access_token": "a"})));
    builder.http_client(http).build()?.token().await?;
    log.one()
}

/// Names and values, decoded.
pub(crate) type Pairs = Vec<(String, String)>;

/// The fields of a form, in order.
pub(crate) fn form(body: &[u8]) -> Pairs {
    form_urlencoded::parse(body).into_owned().collect()
}

pub(crate) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let named = form.iter().find(|(known, _)| known == name);
    named.map(|(_, value)| &**value)
}

/// The value of a header, as text.
pub(crate) fn header<T>(request: &Request<T>, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// A browser of somebody who is sent back at once, with this answer and the `state` of the page; and the pages.
pub(crate) fn browser(
    settings: impl FnOnce(BrowserBuilder) -> BrowserBuilder,
    answer: impl Fn(&Pairs) -> Pairs + Send + Sync + 'static,
) -> Result<(Browser, Log<String>), AuthError> {
    let log = Log::default();
    let kept = log.clone();
    let open = move |visit: &Visit| {
        let page = visit.uri().to_string();
        let query = form(visit.uri().query().unwrap_or_default().as_bytes());
        kept.push(page);
        let mut back = form_urlencoded::Serializer::new(String::new());
        back.extend_pairs(query.iter().filter(|(name, _)| name == "state"));
        back.extend_pairs(answer(&query));
        visit.answer(&back.finish()).map_err(io::Error::other)
    };
    let builder = settings(Browser::builder().any_port()).opener(open);
    Ok((builder.build()?, log))
}

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

/// A runtime of its own for each case.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Why> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(text)
}
