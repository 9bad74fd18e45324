//! `reqwest::Client` as a service of `http` requests.

use crate::{Error, UriError, body, uri};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use reqwest::redirect::Policy;
use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// A map holds 24 576 names, and reqwest and hyper add some of their own.
const MOST_HEADERS: usize = 24_000;

/// A `reqwest::Client` that takes [`http::Request`]s, with any body that can be sent to another thread.
///
/// What reqwest does below the layers, and what this type does about it, is in the [module's documentation](super).
/// Clones share one pool of connections. Needs what reqwest needs: a tokio runtime when it is called.
#[derive(Clone)]
pub struct ReqwestService {
    inner: reqwest::Client,
}

impl ReqwestService {
    /// Builds the client, with redirects turned off whatever the builder says: reqwest would follow them below every
    /// layer.
    ///
    /// # Errors
    ///
    /// What [`ClientBuilder::build`](reqwest::ClientBuilder::build) fails with: no TLS, or an unusable setting.
    pub fn new(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        let inner = builder.redirect(Policy::none()).build()?;
        Ok(Self { inner })
    }

    /// Takes a client that is built already, with whatever redirect policy it has: nobody can ask it.
    ///
    /// Unless that is [`Policy::none`], **it sends API keys to every origin that a redirect names**, and signatures for
    /// the wrong URI; and its errors may show the query of a URL that a redirect led to.
    pub fn danger_from_client(client: reqwest::Client) -> Self {
        Self { inner: client }
    }

    /// The client inside. Requests that it is given directly pass no layer.
    pub fn get_ref(&self) -> &reqwest::Client {
        &self.inner
    }

    /// The client inside, by value.
    pub fn into_inner(self) -> reqwest::Client {
        self.inner
    }
}

/// Without the default headers, which may be secret.
impl fmt::Debug for ReqwestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestService").finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for ReqwestService
where
    B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<reqwest::Body>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::<reqwest::Request>::poll_ready(&mut self.inner, cx).map_err(Error::from)
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture {
            state: match convert(request) {
                // reqwest would panic in this call, when there is no room for what it adds.
                Ok(request) if request.headers().keys_len() > MOST_HEADERS => State::Unsent {
                    error: Some(Error::headers()),
                },
                Ok(request) => State::Sent {
                    future: self.inner.call(request),
                },
                Err(error) => State::Unsent {
                    error: Some(error.into()),
                },
            },
        }
    }
}

/// The same request as reqwest has it, unless that would be another one.
fn convert<B>(request: Request<B>) -> Result<reqwest::Request, UriError>
where
    B: Body<Data: Into<Bytes>, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    uri::check(request.uri())?;
    let uri = request.uri().clone();
    let request = reqwest::Request::try_from(request.map(body::into_reqwest))
        .map_err(|_| UriError::Invalid)?;
    if uri::is_same(&uri, request.url()) {
        Ok(request)
    } else {
        Err(UriError::Rewritten)
    }
}

pin_project! {
    /// Response future of [`ReqwestService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture {
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProj]
    enum State {
        Sent {
            #[pin]
            future: <reqwest::Client as Service<reqwest::Request>>::Future,
        },
        Unsent { error: Option<Error> },
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<reqwest::Body>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Sent { future } => match ready!(future.poll(cx)) {
                Ok(response) => Ok(response.into()),
                Err(error) => Err(error.into()),
            },
            StateProj::Unsent { error } => Err(error.take().expect("polled after completion")),
        })
    }
}

/// Without the URL and the headers of the request.
impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Version, header};
    use http_body_util::Empty;

    fn is_send_and_sync<T: Send + Sync + Clone>(value: T) -> T {
        value
    }

    #[test]
    fn nothing_secret_is_printed() {
        let headers = HeaderMap::from_iter([(
            header::AUTHORIZATION,
            HeaderValue::from_static("planted-token"),
        )]);
        let client =
            ReqwestService::new(reqwest::Client::builder().default_headers(headers)).unwrap();
        let client = is_send_and_sync(client);
        assert!(format!("{:?}", client.get_ref()).contains("planted"));
        assert!(!format!("{client:?}").contains("planted"));
    }

    #[tokio::test]
    async fn as_many_headers_as_there_may_be_are_an_error_and_no_panic() {
        let mut request = Request::get("http://127.0.0.1:9/")
            .body(Empty::<Bytes>::new())
            .unwrap();
        *request.headers_mut() = (0..24_576)
            .map(|number| {
                let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
                (name, HeaderValue::from_static("1"))
            })
            .collect();
        let mut client = ReqwestService::new(reqwest::Client::builder()).unwrap();
        let error = client.call(request).await.unwrap_err();
        assert!(error.to_string().contains("more headers"), "{error}");
    }

    #[test]
    fn a_request_is_the_same_afterwards() {
        let request = Request::put("https://a.example/a//b?q=%27&r")
            .version(Version::HTTP_2)
            .header("x-multi", "1")
            .header("x-multi", "2")
            .body(reqwest::Body::from("text"))
            .unwrap();
        let headers = request.headers().clone();
        let request = convert(request).unwrap();
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.url().as_str(), "https://a.example/a//b?q=%27&r");
        assert_eq!(request.headers(), &headers);
        assert_eq!(request.version(), Version::HTTP_2);
        assert_eq!(request.body().unwrap().as_bytes(), Some(&b"text"[..]));
    }

    #[test]
    fn what_would_be_changed_is_refused() {
        for (uri, error) in [
            ("https://a.example/a/../b?q='x'", UriError::Rewritten),
            ("https://A.example/", UriError::Rewritten),
            ("https://a.example:443/", UriError::Rewritten),
            ("https://user:password@a.example/", UriError::UserInfo),
            ("https://a.example:99999/", UriError::Invalid),
            ("https://[::g]/", UriError::Invalid),
            ("/path", UriError::NotAbsolute),
        ] {
            let Ok(request) = Request::get(uri).body(Empty::<Bytes>::new()) else {
                panic!("{uri} is no URI, which proves nothing");
            };
            assert_eq!(convert(request).err(), Some(error), "{uri}");
        }
    }
}
