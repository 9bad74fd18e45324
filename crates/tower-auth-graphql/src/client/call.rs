//! One call.

use super::{
    Client,
    encode::{self, Options},
};
use crate::{Body, BoxError, Error, Reply, Request, Response};
use http::{HeaderName, HeaderValue};
use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, fmt};
use tower_auth_core::{NoAuth, RequestAuth};
use tower_service::Service;

/// One call of a [`Client`], to be told more and then [sent](Self::send). What is wrong with it is said when it is sent.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'a, S> {
    client: &'a Client<S>,
    request: Request,
    /// What is wrong with it.
    invalid: Option<Error>,
    options: Options,
    #[cfg(feature = "uploads")]
    uploads: Vec<(Vec<String>, crate::Upload)>,
    #[cfg(feature = "ws")]
    on_reconnect: Option<OnReconnect>,
}

/// Gives new variables for a connection that was made again.
#[cfg(feature = "ws")]
type OnReconnect = Box<dyn Fn(&crate::Reconnected) -> Option<serde_json::Value> + Send + Sync>;

/// What single calls and batches have in common.
macro_rules! call_options {
    () => {
        /// A header for this call. It wins over those of the request, of the scheme, and of the client.
        ///
        /// It is an ordinary header of the HTTP request: a layer that follows redirects *above* the service, and drops
        /// the extensions of the request on the way, decides itself whether to carry it to another origin; so does one
        /// that stands below the service.
        pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
            let value = crate::request::guarded(&name, value);
            if let Err(error) = crate::headers::insert(&mut self.options.headers, name, value) {
                self.invalid.get_or_insert(error);
            }
            self
        }

        /// Credentials for this call, instead of all that the client has.
        pub fn auth(mut self, auth: RequestAuth) -> Self {
            self.options.extensions.insert(auth);
            self
        }

        /// No credentials for this call.
        pub fn no_auth(mut self) -> Self {
            self.options.extensions.insert(NoAuth);
            self
        }

        /// An extension of the HTTP request, for layers of the stack.
        pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
            self.options.extensions.insert(value);
            self
        }
    };
}

impl<'a, S> Call<'a, S> {
    pub(super) fn new(client: &'a Client<S>, request: Request) -> Self {
        Self {
            client,
            request,
            invalid: None,
            options: Options::default(),
            #[cfg(feature = "uploads")]
            uploads: Vec::new(),
            #[cfg(feature = "ws")]
            on_reconnect: None,
        }
    }

    pub(super) fn try_new(client: &'a Client<S>, request: Result<Request, Error>) -> Self {
        match request {
            Ok(request) => Self::new(client, request),
            Err(error) => Self {
                invalid: Some(error),
                ..Self::new(client, Request::default())
            },
        }
    }

    /// The variables: a struct, a map, or `serde_json::json!({…})`.
    pub fn variables(mut self, variables: impl Serialize) -> Self {
        if let Err(error) = self.request.set_variables(variables) {
            self.invalid.get_or_insert(error);
        }
        self
    }

    /// Which operation of the document is meant, when it has several.
    pub fn operation_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.request.operation_name = Some(name.into());
        self
    }

    /// A member of the request's `extensions`.
    pub fn request_extension(
        mut self,
        name: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        self.request.extensions.insert(name.into(), value.into());
        self
    }

    call_options!();

    /// Over a WebSocket: when the connection was lost and made again, the subscription is sent once more with these
    /// variables, or with the same ones when there are none: to go on from what was seen last.
    #[cfg(feature = "ws")]
    pub fn on_reconnect(
        mut self,
        variables: impl Fn(&crate::Reconnected) -> Option<serde_json::Value> + Send + Sync + 'static,
    ) -> Self {
        self.on_reconnect = Some(Box::new(variables));
        self
    }

    /// Sends this query by GET. Anything but a query is an error; a URI longer than 2047 characters goes by POST.
    pub fn get(mut self) -> Self {
        self.options.get = Some(2047);
        self
    }

    /// Sends a file along, for the variable at this path: `variables.file`, `variables.files.0`.
    #[cfg(feature = "uploads")]
    pub fn upload(self, path: impl Into<String>, upload: crate::Upload) -> Self {
        self.upload_at([path.into()], upload)
    }

    /// Sends one file along for several variables. It is sent once.
    #[cfg(feature = "uploads")]
    pub fn upload_at<P: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = P>,
        upload: crate::Upload,
    ) -> Self {
        let paths = paths.into_iter().map(Into::into).collect();
        self.uploads.push((paths, upload));
        self
    }
}

impl<S> Call<'_, S>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Sends it, and decodes the data. A response with errors is a response: its data may be there in part.
    ///
    /// # Errors
    ///
    /// When there is no GraphQL response, or data without errors are not a `T`. See [`ErrorKind`](crate::ErrorKind).
    pub async fn send<T: DeserializeOwned>(mut self) -> Result<Response<T>, Error> {
        self.exchange().await?.into_body().into_single()?.decode()
    }

    /// Sends it, and takes errors of the response for errors.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send) and [`Response::into_data`].
    pub async fn data<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        let response = self.exchange().await?.into_body().into_single()?;
        response.into_data()?.decode()
    }

    /// Sends it, and leaves the data as they are.
    ///
    /// # Errors
    ///
    /// When there is no GraphQL response.
    pub async fn send_undecoded(mut self) -> Result<Response, Error> {
        self.exchange().await?.into_body().into_single()
    }

    /// Sends it, and answers with the HTTP response: status, headers, and what was made of the body.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn reply(mut self) -> Result<http::Response<Reply>, Error> {
        self.exchange().await
    }

    /// By reference, so that a call is not copied from future to future.
    async fn exchange(&mut self) -> Result<http::Response<Reply>, Error> {
        #[cfg(feature = "persisted")]
        if self.client.shared.persisted.is_on() && self.has_document_only() {
            return self.exchange_persisted().await;
        }
        let client = self.client;
        #[cfg(feature = "ws")]
        if let (Some(sessions), true) = (&client.sessions, self.fits_a_socket()) {
            if sessions.takes_all() {
                let (json, repeatable) = self.json()?;
                let answer = sessions.ask(json, repeatable).await?;
                return Ok(http::Response::new(Reply::Single(answer)));
            }
        }
        client.exchange(|| self.encode()).await
    }

    /// Whether it has nothing that only HTTP can carry.
    #[cfg(feature = "ws")]
    fn fits_a_socket(&self) -> bool {
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            return false;
        }
        self.options.headers.is_empty()
            && self.request.headers.is_empty()
            && self.options.extensions.is_empty()
    }

    /// Whether a hash could stand for the document, and there are no files, which go with a document only.
    #[cfg(feature = "persisted")]
    fn has_document_only(&self) -> bool {
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            return false;
        }
        self.invalid.is_none() && self.request.query.is_some()
    }

    fn encode(&mut self) -> Result<http::Request<Body>, Error> {
        if let Some(error) = self.invalid.take() {
            return Err(error);
        }
        let shared = &self.client.shared;
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            let uploads = std::mem::take(&mut self.uploads);
            let form = crate::body::multipart::Form::new(&self.request, uploads)?;
            return encode::finish_form(shared, &self.request.headers, &self.options, form);
        }
        encode::encode(shared, &self.request, &self.options)
    }

    /// Sends it, and answers with the results as they are pushed: over the [WebSocket](Client::websocket) of the client,
    /// when it has one; else as [multipart](crate::ClientBuilder::multipart_subscriptions) or server-sent events, one
    /// connection for each subscription. Queries and mutations have one result.
    ///
    /// Over a WebSocket it goes as the client's connection does: headers and credentials of the call are an error.
    ///
    /// # Errors
    ///
    /// When there is neither a stream of results nor a GraphQL response, or no connection.
    #[cfg(feature = "subscriptions")]
    pub async fn subscribe(mut self) -> Result<crate::Subscription, Error> {
        #[cfg(feature = "ws")]
        if let Some(sessions) = &self.client.sessions {
            if !self.fits_a_socket() {
                return Err(Error::request(
                    "a subscription over a WebSocket has no headers or credentials of its own: those of the handshake hold, and no files",
                ));
            }
            let (json, repeatable) = self.json()?;
            let reconnecting = self.reconnecting();
            return sessions.start(json, repeatable, reconnecting).await;
        }
        #[cfg(feature = "sse")]
        if let Some(streams) = &self.client.stream {
            let (id, token, results) = streams.begin().await?;
            let name = id.to_string();
            self.request
                .extensions
                .insert("operationId".to_owned(), name.into());
            self.options
                .headers
                .try_insert(crate::events::single::TOKEN, token)
                .map_err(|_| {
                    Error::request("the request has more headers than a request can have")
                })?;
            self.options.accept = Some(crate::events::single::ACCEPT_JSON);
            let client = self.client;
            let reply = client.exchange(|| self.encode()).await?;
            return match (reply.status(), reply.into_body()) {
                (http::StatusCode::ACCEPTED, _) => Ok(results),
                (_, other) => Ok(crate::Subscription::single(other.into_single()?)),
            };
        }
        self.options.accept = Some(self.client.shared.accept_results()?);
        let client = self.client;
        match client.exchange(|| self.encode()).await?.into_body() {
            Reply::Subscription(results) => Ok(results),
            other => Ok(crate::Subscription::single(other.into_single()?)),
        }
    }

    /// Its JSON, and whether sending it twice does nothing twice.
    #[cfg(feature = "ws")]
    fn json(&mut self) -> Result<(bytes::Bytes, bool), Error> {
        if let Some(error) = self.invalid.take() {
            return Err(error);
        }
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            return Err(Error::request("files cannot be sent over a WebSocket"));
        }
        let kind = self.request.scan().map(|scanned| scanned.kind);
        let repeatable = matches!(
            kind,
            Some(crate::OperationKind::Query | crate::OperationKind::Subscription)
        );
        Ok((self.request.to_json()?.into(), repeatable))
    }

    #[cfg(feature = "ws")]
    fn reconnecting(&mut self) -> Option<crate::ws::Reconnecting> {
        let variables = self.on_reconnect.take()?;
        let request = self.request.clone();
        Some(std::sync::Arc::new(
            move |reconnected: &crate::Reconnected| {
                let Some(variables) = variables(reconnected) else {
                    return Ok(None);
                };
                let mut request = request.clone();
                request.set_variables(variables)?;
                Ok(Some(request.to_json()?.into()))
            },
        ))
    }

    /// Sends it, and answers with what comes first and, as it comes, what was deferred (`@defer`, `@stream`).
    ///
    /// # Errors
    ///
    /// When there is no GraphQL response.
    #[cfg(feature = "incremental")]
    pub async fn stream(mut self) -> Result<crate::Incremental, Error> {
        self.options.accept = Some(crate::incremental::ACCEPT_INCREMENTAL);
        let client = self.client;
        crate::Incremental::new(client.exchange(|| self.encode()).await?.into_body())
    }
}

#[cfg(feature = "persisted")]
impl<S> Call<'_, S>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Sends the hash, and the document when it is asked for.
    async fn exchange_persisted(&mut self) -> Result<http::Response<Reply>, Error> {
        use crate::persisted::Answer;
        let Self {
            client,
            request,
            options,
            ..
        } = self;
        let persisted = &client.shared.persisted;
        if let Some(scanned) = request.scan() {
            options.extensions.insert(scanned.kind);
        }
        persisted.add_hash(request);
        let document = request.query.take();
        let encode = || encode::encode(&client.shared, request, options);
        let response = client.exchange(encode).await?;
        request.query = document;
        let answer = persisted.judge(&response, options.extensions.get().copied());
        match answer {
            Answer::Known => return Ok(response),
            // The server keeps the document under its hash; it has to come by POST.
            Answer::NotFound => {}
            Answer::NotSupported | Answer::NotUnderstood => persisted.remove_hash(request),
        }
        let body = Body::from_json(request.to_json()?.into());
        let encode = || encode::finish(&client.shared, &request.headers, options, body);
        let response = client.exchange(encode).await?;
        persisted.learn(answer, response.body());
        Ok(response)
    }
}

impl<S> fmt::Debug for Call<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .field("invalid", &self.invalid)
            .finish_non_exhaustive()
    }
}

/// Several requests in one call, to be [sent](Self::send).
#[must_use = "a call does nothing until it is sent"]
pub struct Batch<'a, S> {
    client: &'a Client<S>,
    requests: Vec<Request>,
    invalid: Option<Error>,
    options: Options,
    #[cfg(feature = "uploads")]
    uploads: Vec<(Vec<String>, crate::Upload)>,
}

impl<'a, S> Batch<'a, S> {
    pub(super) fn new(client: &'a Client<S>, requests: Vec<Request>) -> Self {
        Self {
            client,
            requests,
            invalid: None,
            options: Options::default(),
            #[cfg(feature = "uploads")]
            uploads: Vec::new(),
        }
    }

    call_options!();

    /// Sends one file along for the variables at these paths, which begin with the index of a request:
    /// `1.variables.file`.
    #[cfg(feature = "uploads")]
    pub fn upload_at<P: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = P>,
        upload: crate::Upload,
    ) -> Self {
        let paths = paths.into_iter().map(Into::into).collect();
        self.uploads.push((paths, upload));
        self
    }
}

impl<S> Batch<'_, S>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Sends all, and answers with a response for each, in order. Headers of single requests are not sent: there is one
    /// HTTP request.
    ///
    /// When credentials were not accepted, the batch is sent once more only if no mutation in it can have run.
    ///
    /// # Errors
    ///
    /// When there is no response for each, or the server answered to the batch as a whole.
    pub async fn send(self) -> Result<Vec<Response>, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        if self.requests.is_empty() {
            return Ok(Vec::new());
        }
        let shared = &self.client.shared;
        let headers = http::HeaderMap::new();
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            let form = crate::body::multipart::Form::batch(&self.requests, self.uploads)?;
            let encode = || encode::finish_form(shared, &headers, &self.options, form);
            let reply = self.client.exchange(encode).await?.into_body();
            return reply.into_batch(self.requests.len());
        }
        let body = Body::json(&self.requests)?;
        let encode = || encode::finish(shared, &headers, &self.options, body);
        let reply = self.client.exchange(encode).await?.into_body();
        reply.into_batch(self.requests.len())
    }
}

impl<S> fmt::Debug for Batch<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
