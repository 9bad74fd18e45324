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
    request: Result<Request, Error>,
    options: Options,
    #[cfg(feature = "uploads")]
    uploads: Vec<(Vec<String>, crate::Upload)>,
}

/// What single calls and batches have in common.
macro_rules! call_options {
    () => {
        /// A header for this call. It wins over those of the request, of the scheme, and of the client.
        ///
        /// It is an ordinary header of the HTTP request: a layer that follows redirects *above* the service, and drops
        /// the extensions of the request on the way, decides itself whether to carry it to another origin.
        pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
            let value = crate::request::guarded(&name, value);
            self.options.headers.insert(name, value);
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
    pub(super) fn new(client: &'a Client<S>, request: Result<Request, Error>) -> Self {
        Self {
            client,
            request,
            options: Options::default(),
            #[cfg(feature = "uploads")]
            uploads: Vec::new(),
        }
    }

    fn map(mut self, f: impl FnOnce(Request) -> Result<Request, Error>) -> Self {
        self.request = self.request.and_then(f);
        self
    }

    /// The variables: a struct, a map, or `serde_json::json!({…})`.
    pub fn variables(self, variables: impl Serialize) -> Self {
        self.map(|request| request.variables(variables))
    }

    /// Which operation of the document is meant, when it has several.
    pub fn operation_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.map(|request| Ok(request.operation_name(name)))
    }

    /// A member of the request's `extensions`.
    pub fn request_extension(
        self,
        name: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        self.map(|request| Ok(request.extension(name, value)))
    }

    call_options!();

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
    pub async fn send<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        self.send_undecoded().await?.decode()
    }

    /// Sends it, and takes errors of the response for errors.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send) and [`Response::into_data`].
    pub async fn data<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.send_undecoded().await?.into_data()?.decode()
    }

    /// Sends it, and leaves the data as they are.
    ///
    /// # Errors
    ///
    /// When there is no GraphQL response.
    pub async fn send_undecoded(self) -> Result<Response, Error> {
        self.reply().await?.into_body().into_single()
    }

    /// Sends it, and answers with the HTTP response: status, headers, and what was made of the body.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn reply(self) -> Result<http::Response<Reply>, Error> {
        #[cfg(feature = "persisted")]
        if self.client.shared.persisted.is_on() && self.has_document_only() {
            return super::Client::persisted(self.client, self.request?, self.options).await;
        }
        let client = self.client;
        client.exchange(self.encode()?).await
    }

    /// Whether a hash could stand for the document, and there are no files, which go with a document only.
    #[cfg(feature = "persisted")]
    fn has_document_only(&self) -> bool {
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            return false;
        }
        matches!(&self.request, Ok(request) if request.query.is_some())
    }

    fn encode(self) -> Result<http::Request<Body>, Error> {
        let (shared, request) = (&self.client.shared, self.request?);
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            let form = crate::body::multipart::Form::new(&request, self.uploads)?;
            return encode::finish_form(shared, &request.headers, &self.options, form);
        }
        encode::encode(shared, &request, &self.options)
    }

    /// Sends it, and answers with the results of a subscription as they are pushed: GraphQL over server-sent events, one
    /// connection for each subscription.
    ///
    /// # Errors
    ///
    /// When there is neither a stream of events nor a GraphQL response.
    #[cfg(feature = "events")]
    pub async fn subscribe(mut self) -> Result<crate::Events, Error> {
        self.options.accept = Some(crate::events::ACCEPT_EVENTS);
        let client = self.client;
        let http = self.encode()?;
        match client.exchange(http).await?.into_body() {
            Reply::Events(events) => Ok(events),
            other => Ok(crate::Events::single(other.into_single()?)),
        }
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
        let http = self.encode()?;
        crate::Incremental::new(client.exchange(http).await?.into_body())
    }
}

#[cfg(feature = "persisted")]
impl<S> Client<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Sends the hash, and the document when it is asked for.
    async fn persisted(
        &self,
        mut request: Request,
        mut options: Options,
    ) -> Result<http::Response<Reply>, Error> {
        use crate::persisted::Answer;
        let persisted = &self.shared.persisted;
        if let Some(scanned) = request.scan() {
            options.extensions.insert(scanned.kind);
        }
        persisted.add_hash(&mut request);
        let document = request.query.take();
        let http = encode::encode(&self.shared, &request, &options)?;
        let response = self.exchange(http).await?;
        request.query = document;
        match persisted.judge(response.body()) {
            Answer::Known => return Ok(response),
            // The server keeps the document under its hash; it has to come by POST.
            Answer::NotFound => {}
            Answer::NotSupported => persisted.remove_hash(&mut request),
        }
        let body = Body::from_json(request.to_json()?.into());
        let http = encode::finish(&self.shared, &request.headers, &options, body);
        self.exchange(http).await
    }
}

impl<S> fmt::Debug for Call<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// Several requests in one call, to be [sent](Self::send).
#[must_use = "a call does nothing until it is sent"]
pub struct Batch<'a, S> {
    client: &'a Client<S>,
    requests: Vec<Request>,
    options: Options,
    #[cfg(feature = "uploads")]
    uploads: Vec<(Vec<String>, crate::Upload)>,
}

impl<'a, S> Batch<'a, S> {
    pub(super) fn new(client: &'a Client<S>, requests: Vec<Request>) -> Self {
        Self {
            client,
            requests,
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
        if self.requests.is_empty() {
            return Ok(Vec::new());
        }
        let shared = &self.client.shared;
        let headers = http::HeaderMap::new();
        #[cfg(feature = "uploads")]
        if !self.uploads.is_empty() {
            let form = crate::body::multipart::Form::batch(&self.requests, self.uploads)?;
            let http = encode::finish_form(shared, &headers, &self.options, form)?;
            let reply = self.client.exchange(http).await?.into_body();
            return reply.into_batch(self.requests.len());
        }
        let body = Body::json(&self.requests)?;
        let http = encode::finish(shared, &headers, &self.options, body);
        let reply = self.client.exchange(http).await?.into_body();
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
