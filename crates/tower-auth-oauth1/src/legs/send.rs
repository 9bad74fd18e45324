//! One leg over the wire.

use super::{BoxError, LegError, ThreeLegs, answer::Answer, error::transport};
use crate::{Callback, Place, TokenCredentials, Verifier};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use std::future::poll_fn;
use tower_auth_core::{AuthError, Authorize, ErrorKind, RequestHead, insert_header};
use tower_service::Service;

impl<C, P, T> ThreeLegs<C, P>
where
    C: Service<Request<Full<Bytes>>, Response = Response<T>, Error: Into<BoxError>> + Clone,
    P: Place<Full<Bytes>>,
    T: Body<Error: Into<BoxError>>,
{
    /// A request to an endpoint, not yet signed.
    pub(super) fn request(&self, endpoint: &Uri) -> Result<Request<Full<Bytes>>, AuthError> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = endpoint.clone();
        if P::IN_BODY {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            insert_header(request.headers_mut(), CONTENT_TYPE, form)?;
        }
        if !self.plaintext && !RequestHead::from(&request).is_private() {
            return Err(AuthError::new(
                ErrorKind::Insecure,
                "refusing to fetch token secrets in the clear from another machine; use https, or allow it with \
                 `danger_allow_plaintext`",
            ));
        }
        Ok(request)
    }

    /// Signs and sends it, and reads the answer.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answer, AuthError> {
        self.oauth.authorize((), &mut request)?;
        // They have done their work, and are nobody else's business.
        let extensions = request.extensions_mut();
        extensions.remove::<Callback>();
        extensions.remove::<Verifier>();
        extensions.remove::<TokenCredentials>();

        let mut client = self.client.clone();
        let sent = match poll_fn(|cx| client.poll_ready(cx)).await {
            Ok(()) => client.call(request).await,
            Err(error) => Err(error),
        };
        let response = sent.map_err(|error| transport(error.into()))?;
        let (parts, body) = response.into_parts();
        let body = match Limited::new(body, self.limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(LegError::TooLarge { limit: self.limit }.into());
            }
            Err(error) => return Err(transport(error).into()),
        };
        if !parts.status.is_success() {
            return Err(LegError::refused(&parts, &body).into());
        }
        Ok(Answer::parse(&body)?)
    }
}
