//! Servers that write down what they are sent.

use crate::{BASIC, KEY};
use axum::{Router, extract::Request, middleware};
use http::{HeaderMap, Uri};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A server on a port of its own. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) origin: Uri,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// The head of a request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

impl Server {
    /// Answers 200 to everything, with the body it was sent.
    pub(crate) async fn echo() -> Self {
        Self::new(Router::new().fallback(async |body: axum::body::Body| body)).await
    }

    pub(crate) async fn new(router: Router) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let log = seen.clone();
        let router = router.layer(middleware::map_request(move |request: Request| {
            log.lock().unwrap().push(Seen {
                target: request.uri().path_and_query().unwrap().to_string(),
                headers: request.headers().clone(),
            });
            async { request }
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self {
            origin: origin.parse().unwrap(),
            seen,
        }
    }

    /// A URI of this server.
    pub(crate) fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority())
    }

    pub(crate) fn authority(&self) -> &str {
        self.origin.authority().unwrap().as_str()
    }

    /// Everything so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that there was.
    pub(crate) fn only(&self) -> Seen {
        let [seen] = <[Seen; 1]>::try_from(self.seen()).unwrap();
        seen
    }
}

impl Seen {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn assert_credentials(&self) {
        assert_eq!(self.all("authorization"), [BASIC], "{self:?}");
        assert_eq!(self.all("x-api-key"), [KEY], "{self:?}");
    }

    pub(crate) fn assert_no_credentials(&self) {
        assert!(!self.headers.contains_key("authorization"), "{self:?}");
        assert!(!self.headers.contains_key("x-api-key"), "{self:?}");
    }
}

/// An origin where nobody listens.
pub(crate) async fn nobody() -> Uri {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    origin.parse().unwrap()
}
