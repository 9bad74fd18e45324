//! A client's stream of events for all subscriptions.

use super::{Client, Shared, encode};
use crate::{
    Body, BoxError, Error, Reply, SingleEventStream,
    events::{
        ACCEPT_EVENTS, OneForAll,
        single::{ACCEPT_JSON, Streams, TOKEN, Wish},
    },
    headers::insert,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header::ACCEPT};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};
use tower_service::Service;

impl<S> Client<S>
where
    S: Service<Request<Body>, Response = Response<Reply>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    /// The same client, whose subscriptions share one connection of server-sent events ([GraphQL over SSE][spec], single
    /// connection mode): for servers, or the way to them, that allow only a few connections.
    ///
    /// The stream is made when the first subscription needs it, and closed when there is none for a while; it and every
    /// operation is an ordinary request through the stack, so the layers authenticate each of them. A stream that drops
    /// ends all its subscriptions with an error.
    ///
    /// Needs a tokio runtime.
    ///
    /// [spec]: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#single-connection-mode
    #[must_use]
    pub fn single_event_stream(mut self, options: SingleEventStream) -> Self {
        let service = Mutex::new(self.service.clone());
        let shared = Arc::clone(&self.shared);
        let send = move |wish: Wish| {
            let mut service = service
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let request = request(&shared, wish);
            let answer: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
                let request = request?;
                std::future::poll_fn(|cx| service.poll_ready(cx))
                    .await
                    .map_err(|error| Error::from_stack(error.into()))?;
                service
                    .call(request)
                    .await
                    .map_err(|error| Error::from_stack(error.into()))
            });
            answer
        };
        self.stream = Some(Streams::new(Arc::new(send), options));
        self
    }
}

fn request(shared: &Shared, wish: Wish) -> Result<Request<Body>, Error> {
    let told = encode::Options::default();
    let mut request = encode::finish(shared, &HeaderMap::new(), &told, Body::empty())?;
    match wish {
        Wish::Reserve => {
            *request.method_mut() = Method::PUT;
            insert(
                request.headers_mut(),
                ACCEPT,
                HeaderValue::from_static("text/plain"),
            )?;
        }
        Wish::Open(token) => {
            *request.method_mut() = Method::GET;
            insert(request.headers_mut(), ACCEPT, ACCEPT_EVENTS)?;
            insert(request.headers_mut(), TOKEN, token)?;
            request.extensions_mut().insert(OneForAll);
        }
        Wish::Cancel(token, id) => {
            *request.method_mut() = Method::DELETE;
            *request.uri_mut() = with_operation(&shared.endpoint, id)?;
            insert(request.headers_mut(), ACCEPT, ACCEPT_JSON)?;
            insert(request.headers_mut(), TOKEN, token)?;
        }
    }
    Ok(request)
}

fn with_operation(endpoint: &Uri, id: u64) -> Result<Uri, Error> {
    let separator = if endpoint.query().is_some() { '&' } else { '?' };
    format!("{endpoint}{separator}operationId={id}")
        .parse()
        .map_err(|error| Error::request("the endpoint cannot have a query").with_source(error))
}
