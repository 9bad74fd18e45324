//! A friendly front for a finished stack.

mod auth;
mod boxed;
mod builder;
mod call;
mod encode;
#[cfg(feature = "ws")]
mod socket;
#[cfg(feature = "sse")]
mod stream;

pub use self::{
    auth::{AcquireRest, AuthMode, CallerFirst, SentRest},
    boxed::{BoxClient, BoxStack},
    builder::ClientBuilder,
    call::{Batch, Call},
};

use crate::{Body, BoxError, Error, Reply, Request};
use http::{HeaderMap, Uri};
use serde::Serialize;
use std::{borrow::Cow, fmt, sync::Arc};
use tower_layer::Identity;
use tower_service::Service;

/// A GraphQL client: an endpoint, and a stack of layers over a [`GraphQlService`](crate::GraphQlService).
///
/// ```no_run
/// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
/// use serde_json::{Value, json};
/// use tower_auth_core::Bearer;
/// use tower_auth_graphql::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let http = Hyper::builder(TokioExecutor::new()).build_http();
/// let client = Client::builder("https://api.example.com/graphql")?
///     .auth(Bearer::new("token")?)? // goes to https://api.example.com only
///     .build(http);
///
/// let response = client
///     .query("query Hero($id: ID!) { hero(id: $id) { name } }")
///     .variables(json!({"id": 1000}))
///     .send::<Value>()
///     .await?;
/// println!("{:?} {:?}", response.data, response.errors);
/// # Ok(()) }
/// ```
///
/// Clones are cheap and share connections, credentials and settings.
#[derive(Clone)]
pub struct Client<S> {
    service: S,
    shared: Arc<Shared>,
    #[cfg(feature = "ws")]
    sessions: Option<crate::ws::Sessions>,
    #[cfg(feature = "sse")]
    stream: Option<crate::events::single::Streams>,
}

/// What all calls of a client have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) endpoint: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) get: Option<usize>,
    #[cfg(feature = "multipart")]
    pub(crate) multipart: bool,
    #[cfg(feature = "persisted")]
    pub(crate) persisted: crate::persisted::Persisted,
}

impl Shared {
    pub(crate) fn new(endpoint: Uri) -> Self {
        Self {
            endpoint,
            headers: HeaderMap::new(),
            get: None,
            #[cfg(feature = "multipart")]
            multipart: false,
            #[cfg(feature = "persisted")]
            persisted: crate::persisted::Persisted::default(),
        }
    }
}

#[cfg(feature = "subscriptions")]
impl Shared {
    /// What the answer to a subscription may be.
    fn accept_results(&self) -> Result<http::HeaderValue, Error> {
        #[cfg(feature = "multipart")]
        if self.multipart || cfg!(not(feature = "events")) {
            return Ok(crate::multipart::ACCEPT_RESULTS);
        }
        #[cfg(feature = "events")]
        return Ok(crate::events::ACCEPT_EVENTS);
        #[cfg(not(feature = "events"))]
        Err(Error::request(
            "there is nothing to carry a subscription; give the client a WebSocket, or turn on the feature `events`",
        ))
    }
}

impl Client<()> {
    /// A client of this endpoint, to be told more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when it is not an absolute http or https URI.
    pub fn builder(endpoint: impl TryInto<Uri>) -> Result<ClientBuilder<Identity>, Error> {
        ClientBuilder::new(endpoint)
    }
}

impl<S> Client<S> {
    /// A client over a stack that is already built, with a [`GraphQlService`](crate::GraphQlService) at its bottom. The
    /// scope of its schemes is what it was built with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when the endpoint is not an absolute http or https URI.
    pub fn over(endpoint: impl TryInto<Uri>, stack: S) -> Result<Self, Error> {
        Ok(Self::new(
            stack,
            Shared::new(crate::endpoint::endpoint(endpoint)?),
        ))
    }

    pub(crate) fn new(service: S, shared: Shared) -> Self {
        Self {
            service,
            shared: Arc::new(shared),
            #[cfg(feature = "ws")]
            sessions: None,
            #[cfg(feature = "sse")]
            stream: None,
        }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Uri {
        &self.shared.endpoint
    }

    /// The stack.
    pub fn get_ref(&self) -> &S {
        &self.service
    }

    /// Calls with this document: a query or a mutation.
    pub fn query(&self, document: impl Into<Cow<'static, str>>) -> Call<'_, S> {
        self.request(Request::new(document))
    }

    /// Calls with a request.
    pub fn request(&self, request: Request) -> Call<'_, S> {
        Call::new(self, request)
    }

    /// Calls with anything that serializes to `{"query": …}`: cynic's `Operation`, graphql_client's `QueryBody`.
    ///
    /// ```
    /// use graphql_client::QueryBody;
    /// use serde_json::{Value, json};
    /// # async fn example<S>(client: tower_auth_graphql::Client<S>) -> Result<(), tower_auth_graphql::Error>
    /// # where
    /// #     S: Clone
    /// #         + tower_service::Service<
    /// #             http::Request<tower_auth_graphql::Body>,
    /// #             Response = http::Response<tower_auth_graphql::Reply>,
    /// #             Error: Into<tower_auth_graphql::BoxError>,
    /// #         >,
    /// # {
    ///
    /// let body = QueryBody {
    ///     query: "query Hello($name: String) { hello(name: $name) }",
    ///     operation_name: "Hello",
    ///     variables: json!({"name": "you"}),
    /// };
    /// let data = client.operation(&body).data::<Value>().await?;
    /// # Ok(()) }
    /// ```
    pub fn operation(&self, operation: &(impl Serialize + ?Sized)) -> Call<'_, S> {
        Call::try_new(self, Request::from_serialize(operation))
    }

    /// Calls with several requests at once, as a list. Not every server takes them.
    pub fn batch(&self, requests: impl IntoIterator<Item = Request>) -> Batch<'_, S> {
        Batch::new(self, requests.into_iter().collect())
    }
}

impl<S> Client<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Sends what `encode` makes, as soon as the stack is ready for it: so it need not be kept while waiting.
    pub(crate) async fn exchange(
        &self,
        encode: impl FnOnce() -> Result<http::Request<Body>, Error>,
    ) -> Result<http::Response<Reply>, Error> {
        let mut service = self.service.clone();
        std::future::poll_fn(|cx| service.poll_ready(cx))
            .await
            .map_err(|error| Error::from_stack(error.into()))?;
        service
            .call(encode()?)
            .await
            .map_err(|error| Error::from_stack(error.into()))
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &format_args!("{}", self.shared.endpoint.path()))
            .finish_non_exhaustive()
    }
}
