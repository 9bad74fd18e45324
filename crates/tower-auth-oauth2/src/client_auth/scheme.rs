//! Any scheme of the workspace, its type forgotten.

use http::Request;
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tower_auth_core::{AuthError, Authorize, RequestHead, Step};
use tower_auth_http::Body;

type Authorized = Pin<Box<dyn Future<Output = Result<Request<Body>, AuthError>> + Send>>;

pub(crate) trait AnyScheme: fmt::Debug + Send + Sync {
    fn authorize(self: Arc<Self>, request: Request<Body>) -> Authorized;
}

impl<A> AnyScheme for A
where
    A: Authorize<Body> + fmt::Debug + Send + Sync + 'static,
    A::Credentials: Send + Sync + 'static,
    A::Acquire: Send + 'static,
{
    fn authorize(self: Arc<Self>, mut request: Request<Body>) -> Authorized {
        let step = self.acquire(RequestHead::from(&request), None);
        Box::pin(async move {
            let credentials = match step {
                Step::Ready(credentials) => credentials,
                Step::Wait(acquire) => acquire.await?,
            };
            Authorize::authorize(&*self, credentials, &mut request)?;
            Ok(request)
        })
    }
}
