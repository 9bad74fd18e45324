//! One request, as reqwest builds it.

use crate::{Content, Error, SendError, client};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use std::{error::Error as StdError, fmt, time::Duration};
use tower_service::Service;

/// A request that is being built, with the methods of reqwest's own builder. [`send`](Self::send) sends it through the
/// layers.
///
/// Comes from [`Client`](crate::Client). What is missing here, [`with`](Self::with) does with reqwest's own builder.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<S> {
    inner: reqwest::RequestBuilder,
    stack: S,
}

impl<S> RequestBuilder<S> {
    pub(crate) fn new(inner: reqwest::RequestBuilder, stack: S) -> Self {
        Self { inner, stack }
    }

    /// What reqwest's own builder makes of it.
    pub fn with(
        self,
        build: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Self {
        Self {
            inner: build(self.inner),
            stack: self.stack,
        }
    }

    /// Adds a header. The headers that a scheme writes are replaced by it.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.with(|inner| inner.header(name, value))
    }

    /// Sets headers, replacing those of the same name.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.with(|inner| inner.headers(headers))
    }

    /// Adds query parameters; those of the URL stay.
    #[cfg(feature = "query")]
    #[cfg_attr(docsrs, doc(cfg(feature = "query")))]
    pub fn query<T: serde::Serialize + ?Sized>(self, query: &T) -> Self {
        self.with(|inner| inner.query(query))
    }

    /// A body of JSON, with its `Content-Type`.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.with(|inner| inner.json(json))
    }

    /// A body of a form, with its `Content-Type`.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: serde::Serialize + ?Sized>(self, form: &T) -> Self {
        self.with(|inner| inner.form(form))
    }

    /// A body in memory.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.with(|inner| inner.body(body))
    }

    /// How long the request may take below the layers, from the connection to the end of the answer. A replay begins
    /// anew.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|inner| inner.timeout(timeout))
    }

    /// The request, unsent and unauthenticated.
    ///
    /// # Errors
    ///
    /// What reqwest could not make of what the builder was given: a URL or a header that is none, a value that cannot be
    /// serialized.
    pub fn build(self) -> Result<reqwest::Request, Error> {
        Ok(self.inner.build()?)
    }

    /// Sends the request through the layers. The answer is reqwest's, whose [`json`](reqwest::Response::json),
    /// [`text`](reqwest::Response::text) and [`error_for_status`](reqwest::Response::error_for_status) work as ever.
    /// Its [`url`](reqwest::Response::url) is the one that was asked for, without what the layers added to it, such as an
    /// API key.
    ///
    /// # Errors
    ///
    /// [`SendError`]: what the builder was given, no credentials, no connection, or an error of another layer. A body
    /// that is a stream (a file, a multipart form) is one too: it can be neither signed nor sent again. Send it as a
    /// request of the crate `http` with the service that [`Client::get_ref`](crate::Client::get_ref) has.
    pub async fn send<B>(self) -> Result<reqwest::Response, SendError>
    where
        S: Service<Request<Content>, Response = Response<B>>,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let request = self.inner.build().map_err(Error::from)?;
        client::send(self.stack, request).await
    }
}

/// Nothing of the request: its URL and headers may be secret.
impl<S> fmt::Debug for RequestBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}
