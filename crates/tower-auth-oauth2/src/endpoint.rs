//! Endpoints of an authorization server, and the requests they get.

use crate::{
    TokenResponse,
    client_auth::ClientAuth,
    error::TokenError,
    fields::Fields,
    form::Form,
    redact::{Sent, is_secret},
    response::{error_of, object_of},
    transport::HttpClient,
    url,
};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body_util::Full;
use std::{borrow::Cow, fmt, time::Duration};
use tower_auth_core::{AuthError, Clock, Secret};

/// One endpoint that a client authenticates at.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    uri: Uri,
    url: String, // as it was given, for assertions
    auth: ClientAuth,
    http: HttpClient,
    clock: Clock,
    allow_localhost: bool,
}

impl Endpoint {
    pub(crate) fn new(
        parameter: &'static str,
        url: &str,
        allow_localhost: bool,
        auth: ClientAuth,
        http: HttpClient,
        clock: Clock,
    ) -> Result<Self, AuthError> {
        Ok(Self {
            uri: url::endpoint(parameter, url, allow_localhost)?,
            url: url.to_owned(),
            auth,
            http,
            clock,
            allow_localhost,
        })
    }

    /// Another endpoint of the same server, for the same client.
    pub(crate) fn beside(&self, parameter: &'static str, url: &str) -> Result<Self, AuthError> {
        Ok(Self {
            uri: url::endpoint(parameter, url, self.allow_localhost)?,
            url: url.to_owned(),
            ..self.clone()
        })
    }

    /// The client's id when nothing else in a request says it: where `Authorization` does, RFC 8628 section 3.1 wants it
    /// all the same.
    pub(crate) fn client_id_in_body(&self) -> Option<&str> {
        self.auth.client_id().filter(|_| self.auth.is_in_header())
    }

    /// As it was given, without a fragment.
    pub(crate) fn url(&self) -> &str {
        self.url.split('#').next().unwrap_or_default()
    }

    /// As it was given.
    pub(crate) fn given_url(&self) -> &str {
        &self.url
    }

    pub(crate) fn auth(&self) -> &ClientAuth {
        &self.auth
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long an exchange may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.http.timeout()
    }

    /// Sends a form, with whatever authenticates the client, and says what the answer must not repeat.
    async fn post(&self, mut form: Form) -> Result<(Response<Bytes>, Sent), TokenError> {
        self.auth.fill(&mut form, self.url(), self.clock.now())?;
        let mut sent = Sent::default();
        for (name, value) in form.values() {
            if is_secret(name) {
                sent.add(value);
            }
        }
        if let Some(secret) = self.auth.secret() {
            sent.add(secret);
        }
        let mut request = Request::new(Full::new(form.encode()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, form_type);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Schemes that authenticate the client may have to wait for somebody, too.
        let exchange = async {
            self.auth.sign(&mut request).await?;
            sent.add_headers(request.headers());
            sent.add_query(request.uri());
            self.http.exchange(request).await
        };
        let response = match self.http.in_time(exchange).await {
            Ok(response) => response,
            Err(error) => return Err(sent.clean(error)),
        };
        tracing::debug!(
            status = response.status().as_u16(),
            "the authorization server answered"
        );
        Ok((response, sent))
    }

    /// Sends a form for an object, or nothing: an answer that is no success is an error.
    pub(crate) async fn call(&self, form: Form) -> Result<Option<Fields>, TokenError> {
        let (response, sent) = self.post(form).await?;
        let fields = object_of(&response);
        // Some send errors with success. What says whether a token is active is an answer, whatever else it says.
        let is_error = fields
            .as_ref()
            .is_some_and(|fields| fields.contains_key("error") && !fields.contains_key("active"));
        if response.status().is_success() && !is_error {
            return Ok(fields);
        }
        Err(sent.clean(error_of(&response, fields, self.clock.now())))
    }
}

/// A token endpoint, and what every request to it says.
#[derive(Clone)]
#[doc(hidden)]
#[allow(unreachable_pub)] // named by a hidden method of a public trait
pub struct TokenEndpoint {
    pub(crate) endpoint: Endpoint,
    pub(crate) scope: Option<String>,
    pub(crate) parameters: Vec<(Cow<'static, str>, Secret)>,
    pub(crate) token_field: Cow<'static, str>,
}

impl TokenEndpoint {
    /// Adds the scope, when there is one, and the caller's own parameters.
    pub(crate) fn complete(&self, mut form: Form) -> Form {
        if let Some(scope) = &self.scope {
            form.push("scope", scope);
        }
        form.extend(&self.parameters);
        form
    }

    /// The same without the scope, for grants that say it elsewhere.
    pub(crate) fn complete_without_scope(&self, mut form: Form) -> Form {
        form.extend(&self.parameters);
        form
    }

    /// Asks for a bearer token.
    pub(crate) async fn request(&self, form: Form) -> Result<TokenResponse, TokenError> {
        tracing::debug!(fields = ?form, "asking for a token");
        let asked_at = self.endpoint.clock.monotonic();
        let (response, sent) = self.endpoint.post(form).await?;
        let now = self.endpoint.clock.now();
        TokenResponse::parse(&response, &self.token_field, now)
            .and_then(TokenResponse::bearer)
            .map(|response| response.at(asked_at))
            .map_err(|error| sent.clean(error))
    }

    /// The next token for a refresh token (RFC 6749 section 6). A refresh token that the server does not replace stays
    /// good.
    ///
    /// The scope is left out where a person may have granted less than was asked for: what was not granted must not be
    /// asked for here, and without a scope it is what was granted.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &Secret,
        with_scope: bool,
    ) -> Result<TokenResponse, TokenError> {
        let form = Form::grant("refresh_token");
        let mut form = if with_scope {
            self.complete(form)
        } else {
            self.complete_without_scope(form)
        };
        form.set("refresh_token", refresh_token);
        let response = self.request(form).await?;
        Ok(match response.refresh_token() {
            Some(_) => response,
            None => response.with_refresh_token(refresh_token),
        })
    }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("TokenEndpoint")
            .field("uri", &self.endpoint.uri.authority())
            .field("auth", &self.endpoint.auth)
            .field("scope", &self.scope)
            .field("parameters", &names)
            .finish_non_exhaustive()
    }
}
