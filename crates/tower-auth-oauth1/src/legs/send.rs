//! One leg over the wire.

use super::{LegError, ThreeLegs, answer::Answer, client, error, secrets};
use crate::{Callback, PlaceSignature, TokenCredentials, Verifier};
use http::{HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
use tower_auth_core::{AuthError, Authorize, ErrorKind, RequestHead, insert_header};
use tower_auth_http::{Body, Redactor};

impl<P: PlaceSignature<Body>> ThreeLegs<P> {
    /// A request to an endpoint, not yet signed.
    pub(super) fn request(&self, endpoint: &Uri) -> Result<Request<Body>, AuthError> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::POST;
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

    /// Signs it, sends it, and has the answer read, with what an error must not repeat; `context` is what there is none of
    /// when that fails.
    pub(super) async fn send<T>(
        &self,
        mut request: Request<Body>,
        context: &'static str,
        read: impl FnOnce(Answer, Redactor) -> Result<T, error::What>,
    ) -> Result<T, AuthError> {
        let client = self.client.as_ref().ok_or_else(client::missing)?;
        self.oauth.authorize((), &mut request)?;
        let mut redactor = secrets::sent(self.oauth.client_secret(), &request);
        // They have done their work, and are nobody else's business.
        let extensions = request.extensions_mut();
        extensions.remove::<Callback>();
        extensions.remove::<Verifier>();
        extensions.remove::<TokenCredentials>();

        let uri = request.uri().clone();
        let outcome = match client.send(request).await {
            Err(error) => Err(error::What::Http(error)),
            Ok(response) => {
                tracing::debug!(
                    status = response.status().as_u16(),
                    "the OAuth server answered"
                );
                let (head, body) = response.into_parts();
                if head.status.is_success() {
                    Answer::parse(&body).and_then(|answer| read(answer, redactor.clone()))
                } else {
                    Err(error::refused(&head, &body, &mut redactor))
                }
            }
        };
        outcome.map_err(|what| {
            let error = LegError::from(what).without(&redactor).at(&uri);
            error.into_auth(context)
        })
    }
}
