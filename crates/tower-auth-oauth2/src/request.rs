//! Requests to authorization servers.

#[cfg(feature = "dpop")]
use crate::dpop::{PROOF, Prover};
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
use std::fmt;
#[cfg(feature = "dpop")]
use std::sync::Arc;
#[cfg(feature = "dpop")]
use tower_auth_core::Origin;
use tower_auth_core::insert_header;
use tower_auth_http::{Body, Redactor};

/// Whether an RFC says what a parameter of this name is, and that it is no secret. What the names of others mean nobody
/// knows, so what they stand for counts as secret: an error without it is still an error that can be understood.
fn is_public(name: &str) -> bool {
    const PUBLIC: [&str; 12] = [
        "grant_type", // RFC 6749
        "client_id",
        "scope",
        "username",
        "redirect_uri",
        "client_assertion_type", // RFC 7521
        "resource",              // RFC 8707
        "audience",              // RFC 8693
        "requested_token_type",
        "subject_token_type",
        "actor_token_type",
        "token_type_hint", // RFC 7009
    ];
    PUBLIC.contains(&name)
}

/// A form for an endpoint, with what authenticates the client, before it is filled in and sent.
///
/// It is the one thing that is sent, and the one thing that the key of a store is made of.
#[derive(Clone)]
pub(crate) struct TokenRequest {
    pub(crate) endpoint: Endpoint,
    pub(crate) form: Form,
    /// Proves the key that the token is to be bound to.
    #[cfg(feature = "dpop")]
    pub(crate) prover: Option<Arc<Prover>>,
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
        #[cfg(feature = "dpop")]
        if let Some(prover) = &self.prover {
            prover.identify(identity);
        }
        self.form.identify(self.endpoint.url(), identity)
    }

    /// Sends it, and says what the answer must not repeat.
    pub(crate) async fn send(&self) -> Result<(Response<Bytes>, Redactor), TokenError> {
        let answer = self.send_once().await?;
        if self.is_asked_again(&answer.0) {
            let answer = self.send_once().await?;
            // Once is enough; but the nonce of the next request comes with this answer.
            self.is_asked_again(&answer.0);
            return Ok(answer);
        }
        Ok(answer)
    }

    async fn send_once(&self) -> Result<(Response<Bytes>, Redactor), TokenError> {
        let endpoint = &self.endpoint;
        let http = endpoint.http()?;
        let form = self
            .form
            .fill(endpoint.clock().now(), endpoint.url())
            .await?;
        let mut secrets = Redactor::new();
        for (name, value) in form.values() {
            if !is_public(name) {
                secrets.secret(value);
            }
        }
        for (name, value) in form_urlencoded::parse(endpoint.uri().query().unwrap_or("").as_bytes())
        {
            if !is_public(&name) {
                secrets.secret(&(&*value).into());
            }
        }
        if let Some(secret) = endpoint.auth().secret() {
            secrets.secret(secret);
        }
        let mut request = Request::new(Body::from(form.encode()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = endpoint.uri().clone();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = request.headers_mut();
        insert_header(headers, CONTENT_TYPE, form_type)?;
        insert_header(
            headers,
            ACCEPT,
            HeaderValue::from_static("application/json"),
        )?;
        self.prove(&mut request)?;
        // Schemes that authenticate the client may have to wait for somebody, too.
        let exchange = async {
            endpoint.auth().sign(&mut request).await?;
            secrets.headers(request.headers());
            secrets.query(request.uri());
            Ok::<_, TokenError>(http.send(request).await?)
        };
        let response = match http.in_time(endpoint.uri(), exchange).await {
            Ok(response) => response,
            Err(error) => return Err(error.without(&secrets).at(endpoint.uri())),
        };
        tracing::debug!(
            status = response.status().as_u16(),
            "the authorization server answered"
        );
        Ok((response, secrets))
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

    #[cfg(not(feature = "dpop"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // as with the feature
    fn prove(&self, _: &mut Request<Body>) -> Result<(), TokenError> {
        Ok(())
    }

    #[cfg(not(feature = "dpop"))]
    #[allow(clippy::unused_self)] // as with the feature
    fn is_asked_again(&self, _: &Response<Bytes>) -> bool {
        false
    }

    /// Puts a proof on a request.
    #[cfg(feature = "dpop")]
    fn prove(&self, request: &mut Request<Body>) -> Result<(), TokenError> {
        let Some(prover) = &self.prover else {
            return Ok(());
        };
        let nonce = prover.nonces().of(&Origin::of(request.uri())?);
        let key = prover.keys().current();
        let (method, uri) = (request.method(), request.uri());
        let proof = prover.proof(&key, method, uri, None, nonce.as_deref())?;
        insert_header(request.headers_mut(), PROOF.clone(), proof)?;
        Ok(())
    }

    /// Whether the server wants the same with another nonce, and says which (RFC 9449 section 8).
    #[cfg(feature = "dpop")]
    fn is_asked_again(&self, response: &Response<Bytes>) -> bool {
        let (Some(prover), Ok(origin)) = (&self.prover, Origin::of(self.endpoint.uri())) else {
            return false;
        };
        let before = prover.nonces().of(&origin);
        prover.nonces().learn(&origin, response.headers());
        let is_other = prover.nonces().of(&origin) != before;
        is_other
            && response.status().is_client_error()
            && object_of(response).is_some_and(|fields| {
                fields.get("error").and_then(serde_json::Value::as_str) == Some("use_dpop_nonce")
            })
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("endpoint", &self.endpoint)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}
