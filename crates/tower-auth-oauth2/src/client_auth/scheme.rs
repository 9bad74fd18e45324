//! Any scheme of the workspace, its type forgotten.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tower_auth_core::{AuthError, Authorize, RequestHead, Step};

type Authorized = Pin<Box<dyn Future<Output = Result<Request<Full<Bytes>>, AuthError>> + Send>>;

pub(super) trait AnyScheme: fmt::Debug + Send + Sync {
    fn authorize(self: Arc<Self>, request: Request<Full<Bytes>>) -> Authorized;
}

impl<A> AnyScheme for A
where
    A: Authorize<Full<Bytes>> + fmt::Debug + Send + Sync + 'static,
    A::Credentials: Send + Sync + 'static,
    A::Acquire: Send + 'static,
{
    fn authorize(self: Arc<Self>, mut request: Request<Full<Bytes>>) -> Authorized {
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
