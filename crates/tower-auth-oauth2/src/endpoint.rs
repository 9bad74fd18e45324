//! Endpoints of an authorization server, and the requests they get.

#[cfg(feature = "dpop")]
use crate::dpop::Prover;
use crate::{
    TokenResponse,
    client_auth::ClientAuth,
    default_client::{default_client, no_client},
    error::{TokenError, What, received},
    fields::Fields,
    form::Form,
    request::TokenRequest,
    response::{TokenTypes, object_of},
    url,
};
use http::{StatusCode, Uri};
#[cfg(feature = "dpop")]
use std::sync::Arc;
use std::{borrow::Cow, fmt, time::Duration};
use tower_auth_core::{AuthError, Clock, Secret};
use tower_auth_http::HttpClient;

/// One endpoint that a client authenticates at.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    uri: Uri,
    url: String, // as it was given, for assertions
    auth: ClientAuth,
    http: Option<HttpClient>, // there may be none as long as nothing is sent
    clock: Clock,
    allow_localhost: bool,
}

impl Endpoint {
    pub(crate) fn new(
        parameter: &'static str,
        url: &str,
        allow_localhost: bool,
        auth: ClientAuth,
        http: Option<HttpClient>,
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

    /// One that is no part of a scheme: by the default client, when there is no other.
    pub(crate) fn alone(
        parameter: &'static str,
        url: &str,
        allow_localhost: bool,
        auth: ClientAuth,
        http: Option<HttpClient>,
    ) -> Result<Self, AuthError> {
        let http = http.or_else(|| default_client().ok());
        Self::new(parameter, url, allow_localhost, auth, http, Clock::system())
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

    /// A request of this form, from this client.
    pub(crate) fn request(&self, mut form: Form) -> TokenRequest {
        self.auth.add_to(&mut form);
        TokenRequest {
            endpoint: self.clone(),
            form,
            #[cfg(feature = "dpop")]
            prover: None,
        }
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

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long an exchange may take.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.http.as_ref().map(HttpClient::time_limit)
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn http(&self) -> Result<&HttpClient, AuthError> {
        self.http.as_ref().ok_or_else(no_client)
    }

    /// The same, reached by this client.
    pub(crate) fn http_client(self, client: HttpClient) -> Self {
        Self {
            http: Some(client),
            ..self
        }
    }

    /// The error of an answer that should have been another.
    pub(crate) fn malformed(&self, why: &'static str) -> TokenError {
        let status = StatusCode::OK;
        TokenError::from(What::Malformed { status, why }).at(&self.uri)
    }

    /// Sends a form for an object, or nothing: an answer that is no success is an error.
    pub(crate) async fn call(&self, form: Form) -> Result<Option<Fields>, TokenError> {
        self.request(form).call().await
    }
}

/// A token endpoint, and what every request to it says.
#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    pub(crate) endpoint: Endpoint,
    pub(crate) scope: Option<String>,
    pub(crate) parameters: Vec<(Cow<'static, str>, Secret)>,
    pub(crate) token_field: Cow<'static, str>,
    pub(crate) require_granted_scope: bool,
    pub(crate) types: TokenTypes,
    /// Proves the key that tokens are bound to.
    #[cfg(feature = "dpop")]
    pub(crate) prover: Option<Arc<Prover>>,
    /// Whatever the server says.
    pub(crate) token_lifetime: Option<Duration>,
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
    pub(crate) async fn ask(&self, request: &TokenRequest) -> Result<TokenResponse, TokenError> {
        tracing::debug!(fields = ?request.form, "asking for a token");
        let clock = self.endpoint.clock();
        let asked_at = clock.monotonic();
        let (response, mut secrets) = request.send().await?;
        TokenResponse::parse(&response, &self.token_field, clock.now())
            .and_then(|response| response.only(&self.types))
            .map(|response| self.judged(response).at(asked_at))
            .map_err(|error| {
                if let Some(fields) = object_of(&response) {
                    received(&fields, &mut secrets);
                }
                error.without(&secrets).at(self.endpoint.uri())
            })
    }

    /// Compared with what was asked for.
    pub(crate) fn judged(&self, response: TokenResponse) -> TokenResponse {
        let response = response.for_scope(self.scope.as_deref());
        let missing = response.missing_scopes();
        if !missing.is_empty() {
            tracing::warn!(?missing, "the token is good for less than was asked for");
        }
        match self.token_lifetime {
            Some(lifetime) => response.with_lifetime(lifetime),
            None => response,
        }
    }

    /// Whether a first token may be used.
    pub(crate) fn check_scope(&self, response: TokenResponse) -> Result<TokenResponse, TokenError> {
        let missing = response.missing_scopes();
        if !self.require_granted_scope || missing.is_empty() {
            return Ok(response);
        }
        let missing = missing.join(" ");
        Err(TokenError::from(What::ScopeNotGranted(missing)).at(self.endpoint.uri()))
    }

    /// A request of this form to this endpoint.
    pub(crate) fn request(&self, form: Form) -> TokenRequest {
        TokenRequest {
            #[cfg(feature = "dpop")]
            prover: self.prover.clone(),
            ..self.endpoint.request(form)
        }
    }

    /// What gets the next token for a refresh token (RFC 6749 section 6).
    ///
    /// The scope is left out where a person may have granted less than was asked for: what was not granted must not be
    /// asked for here, and without a scope it is what was granted.
    pub(crate) fn refreshing(&self, refresh_token: &Secret, with_scope: bool) -> Form {
        let form = Form::grant("refresh_token");
        let mut form = if with_scope {
            self.complete(form)
        } else {
            self.complete_without_scope(form)
        };
        form.set("refresh_token", refresh_token);
        form
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
