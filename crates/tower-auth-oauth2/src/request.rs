//! Requests to authorization servers.

use crate::{
    client_auth::Header,
    endpoint::Endpoint,
    error::TokenError,
    fields::Fields,
    form::Form,
    identity::Identity,
    response::{error_of, object_of},
};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use tower_auth_http::{Body, Redactor, is_secret_name};

/// A form for an endpoint, with what authenticates the client, before it is filled in and sent.
///
/// It is the one thing that is sent, and the one thing that the key of a store is made of.
#[derive(Clone, Debug)]
#[doc(hidden)]
#[allow(unreachable_pub)] // named by a hidden method of a public trait
pub struct TokenRequest {
    pub(crate) endpoint: Endpoint,
    pub(crate) form: Form,
}

impl TokenRequest {
    /// What tells this request from all others, whenever it is sent.
    ///
    /// # Errors
    ///
    /// What it is that nobody can tell beforehand.
    pub(crate) fn identify(&self, identity: &mut Identity) -> Result<(), &str> {
        let auth = self.endpoint.auth();
        identity.add("url", self.endpoint.url().as_bytes());
        match auth.header() {
            Header::None => identity.add("no header", b""),
            Header::Fixed(value) => identity.add("header", value.as_bytes()),
            Header::Scheme(_) => return Err("which client this is"),
        }
        if auth.shows_certificate() {
            identity.add("certificate", b"");
        }
        self.form.identify(self.endpoint.url(), identity)
    }

    /// Sends it, and says what the answer must not repeat.
    pub(crate) async fn send(&self) -> Result<(Response<Bytes>, Redactor), TokenError> {
        let endpoint = &self.endpoint;
        let form = self
            .form
            .fill(endpoint.clock().now(), endpoint.url())
            .await?;
        let mut sent = Redactor::new();
        for (name, value) in form.values() {
            if is_secret_name(name) {
                sent.secret(value);
            }
        }
        if let Some(secret) = endpoint.auth().secret() {
            sent.secret(secret);
        }
        let mut request = Request::new(Body::from(form.encode()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = endpoint.uri().clone();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, form_type);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Schemes that authenticate the client may have to wait for somebody, too.
        let exchange = async {
            endpoint.auth().sign(&mut request).await?;
            sent.headers(request.headers());
            sent.query(request.uri());
            Ok::<_, TokenError>(endpoint.http().send(request).await?)
        };
        let response = match endpoint.http().in_time(endpoint.uri(), exchange).await {
            Ok(response) => response,
            Err(error) => return Err(error.without(&sent).at(endpoint.uri())),
        };
        tracing::debug!(
            status = response.status().as_u16(),
            "the authorization server answered"
        );
        Ok((response, sent))
    }

    /// Sends it for an object, or nothing: an answer that is no success is an error.
    pub(crate) async fn call(&self) -> Result<Option<Fields>, TokenError> {
        let (response, sent) = self.send().await?;
        let fields = object_of(&response);
        // Some send errors with success. What says whether a token is active is an answer, whatever else it says.
        let is_error = fields
            .as_ref()
            .is_some_and(|fields| fields.contains_key("error") && !fields.contains_key("active"));
        if response.status().is_success() && !is_error {
            return Ok(fields);
        }
        let now = self.endpoint.clock().now();
        let error = error_of(&response, fields, now).without(&sent);
        Err(error.at(self.endpoint.uri()))
    }
}
