//! A client that people know from reqwest, over a stack of layers.

use crate::{Content, Error, RequestBuilder, ReqwestService, SendError};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use reqwest::ResponseBuilderExt as _;
use std::{
    error::Error as StdError,
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tower_layer::Layer;
use tower_service::Service;

/// reqwest's way to make requests, over a stack of layers `S`.
///
/// [`Client::new`] is reqwest alone, [`layer`](Self::layer) puts a layer on top, and [`get`](Self::get),
/// [`post`](Self::post) and the others begin a request. What a [`RequestBuilder`] sends passes every layer.
///
/// ```
/// use tower_auth_core::{Basic, HeaderApiKey, SchemeExt};
/// use tower_auth_reqwest::Client;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = axum::Router::new().fallback(async |headers: axum::http::HeaderMap| {
/// #     format!("{:?}", headers["x-api-key"].to_str().unwrap())
/// # });
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let origin = format!("http://{}", listener.local_addr()?);
/// # tokio::spawn(async { axum::serve(listener, app).await });
/// let auth = Basic::new("user", "password")? + HeaderApiKey::new("key")?;
/// let client = Client::new(reqwest::Client::builder())?.layer(auth.only_to(&origin)?);
///
/// let response = client.get(format!("{origin}/users/me")).send().await?.error_for_status()?;
/// assert_eq!(response.text().await?, r#""key""#);
/// # Ok(())
/// # }
/// ```
///
/// A layer that is put on later meets requests earlier: put the scheme on first, then what follows redirects or retries.
/// Clones share one pool of connections. Redirects are not followed; see the [crate's documentation](crate).
#[derive(Clone)]
pub struct Client<S = ReqwestService> {
    builder: reqwest::Client, // makes request builders; what they send goes through the stack
    stack: S,
}

impl Client {
    /// reqwest, with redirects turned off whatever the builder says.
    ///
    /// # Errors
    ///
    /// As [`ReqwestService::new`].
    pub fn new(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        let service = ReqwestService::new(builder)?;
        Ok(Self {
            builder: service.get_ref().clone(),
            stack: service,
        })
    }
}

impl<S> Client<S> {
    /// One more layer on top.
    pub fn layer<L: Layer<S>>(self, layer: L) -> Client<L::Service> {
        Client {
            builder: self.builder,
            stack: layer.layer(self.stack),
        }
    }

    /// The stack, for requests of the crate `http`: streams, for example.
    pub fn get_ref(&self) -> &S {
        &self.stack
    }

    /// The stack, by value.
    pub fn into_inner(self) -> S {
        self.stack
    }
}

impl<S: Clone> Client<S> {
    /// Begins a request. A URL that cannot be read is an error of [`send`](RequestBuilder::send).
    pub fn request(&self, method: Method, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        RequestBuilder::new(self.builder.request(method, url), self.stack.clone())
    }

    /// Begins a `GET`.
    pub fn get(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::GET, url)
    }

    /// Begins a `POST`.
    pub fn post(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::POST, url)
    }

    /// Begins a `PUT`.
    pub fn put(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::PUT, url)
    }

    /// Begins a `PATCH`.
    pub fn patch(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::PATCH, url)
    }

    /// Begins a `DELETE`.
    pub fn delete(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::DELETE, url)
    }

    /// Begins a `HEAD`.
    pub fn head(&self, url: impl reqwest::IntoUrl) -> RequestBuilder<S> {
        self.request(Method::HEAD, url)
    }

    /// Sends a request that was built already.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`].
    pub async fn execute<B>(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, SendError>
    where
        S: Service<Request<Content>, Response = Response<B>>,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        send(self.stack.clone(), request).await
    }
}

/// Through the stack, as the request that it is.
pub(crate) async fn send<S, B>(
    mut stack: S,
    mut request: reqwest::Request,
) -> Result<reqwest::Response, SendError>
where
    S: Service<Request<Content>, Response = Response<B>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    let url = request.url().clone();
    let content = match request.body_mut().take() {
        None => Content::default(),
        Some(body) => in_memory(body).ok_or_else(SendError::streaming)?,
    };
    let request = Request::try_from(request)
        .map_err(Error::from)?
        .map(|_| content);
    poll_fn(|cx| stack.poll_ready(cx))
        .await
        .map_err(SendError::from_stack)?;
    let response = stack.call(request).await.map_err(SendError::from_stack)?;
    let mut response = response.map(crate::body::into_reqwest);
    // As the caller wrote it: what the layers added to it may be secret.
    if let Some(with_url) = Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(mem::take(with_url));
    }
    Ok(response.into())
}

/// The bytes of a body that reqwest made of bytes, which it hands out in one piece.
fn in_memory(mut body: reqwest::Body) -> Option<Content> {
    if body.as_bytes()?.is_empty() {
        return Some(Content::default());
    }
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().ok().map(Content::from),
        _ => None,
    }
}

/// Without the default headers, which may be secret, and without the layers.
impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
