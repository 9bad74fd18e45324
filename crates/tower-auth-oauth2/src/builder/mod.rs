//! The builder that all grants share.

mod constructors;
mod placements;

use crate::{
    ClientAuth, HttpClient, OAuth2, TokenResponse,
    endpoint::{Endpoint, TokenEndpoint},
    grant::Grant,
    source::{Kept, Landed, OnToken, Tokens},
    store_key,
};
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};
use tower_auth_core::{
    AuthError, Clock, Secret,
    bearer::{InAuthorization, Placement},
};
use tower_auth_token::{
    DEFAULT_EARLY_EXPIRY, TokenAuth,
    store::{Store, StoreError, Stored},
};

/// Builds an [`OAuth2`]. The verbs are the same for every grant; some grants add their own.
///
/// What is wrong with what it was told comes out of [`build`](Self::build).
#[must_use = "a builder does nothing before `build`"]
pub struct OAuth2Builder<G, P = InAuthorization> {
    pub(crate) grant: G,
    carrier: Result<P, AuthError>,
    token_url: Option<String>,
    auth: Result<ClientAuth, AuthError>,
    scopes: Vec<String>,
    scope_required: Option<&'static str>,
    default_scope: Option<&'static str>,
    separator: char,
    parameters: Vec<(Cow<'static, str>, Secret)>,
    token_field: Cow<'static, str>,
    http: Option<HttpClient>,
    timeout: Option<Duration>,
    early_expiry: Duration,
    refresh_ahead: Option<Duration>,
    refusal_interval: Option<Duration>,
    back_off: Option<(Duration, Duration)>,
    allow_localhost: bool,
    clock: Clock,
    on_token: Option<OnToken>,
    store: Option<Arc<dyn Store>>,
    store_key: StoreKey,
    on_store_error: Option<OnStoreError>,
    problem: Option<AuthError>,
}

type OnStoreError = Arc<dyn Fn(&StoreError) + Send + Sync>;

/// Under what a token is stored.
enum StoreKey {
    Ours,
    HttpxAuth,
    Given(String),
}

impl<G> OAuth2Builder<G> {
    pub(crate) fn new(
        grant: G,
        token_url: Option<&str>,
        auth: Result<ClientAuth, AuthError>,
    ) -> Self {
        Self {
            grant,
            carrier: Ok(InAuthorization::default()),
            token_url: token_url.map(str::to_owned),
            auth,
            scopes: Vec::new(),
            scope_required: None,
            default_scope: None,
            separator: ' ',
            parameters: Vec::new(),
            token_field: Cow::Borrowed("access_token"),
            http: None,
            timeout: None,
            early_expiry: DEFAULT_EARLY_EXPIRY,
            refresh_ahead: None,
            refusal_interval: None,
            back_off: None,
            allow_localhost: false,
            clock: Clock::system(),
            on_token: None,
            store: None,
            store_key: StoreKey::Ours,
            on_store_error: None,
            problem: None,
        }
    }
}

impl<G, P> OAuth2Builder<G, P> {
    /// Adds to the scope: one, or several separated by blanks (RFC 6749 section 3.3). None is sent by default.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        if !scope.is_empty() {
            self.scopes.push(scope);
        }
        self
    }

    /// Adds each of these to the scope.
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        scopes.into_iter().fold(self, Self::scope)
    }

    pub(crate) fn require_scope(self, example: Option<&'static str>) -> Self {
        Self {
            scope_required: example,
            ..self
        }
    }

    #[cfg_attr(not(feature = "password"), expect(dead_code))]
    pub(crate) fn default_scope(self, scope: Option<&'static str>) -> Self {
        Self {
            default_scope: scope,
            ..self
        }
    }

    /// What scopes are joined with. A blank by default; some servers want a comma.
    pub fn scope_separator(self, separator: char) -> Self {
        Self { separator, ..self }
    }

    /// The service that the token is for: `resource` (RFC 8707), an absolute URI without fragment. May be given
    /// several times.
    pub fn resource(mut self, resource: &str) -> Self {
        let absolute = resource
            .split_once(':')
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        if !absolute || resource.contains('#') {
            self.problem.get_or_insert_with(|| {
                AuthError::configuration("resource", "is not an absolute URI without fragment")
            });
        }
        self.parameter("resource", resource)
    }

    /// The `audience` of the token: of RFC 8693, and of servers such as Auth0. May be given several times.
    pub fn audience(self, audience: impl Into<Secret>) -> Self {
        self.parameter("audience", audience)
    }

    /// Another parameter of every token request. A name may be given several times.
    ///
    /// It replaces a parameter of the same name that comes from the grant's settings, such as `scope` or
    /// `grant_type`; what authenticates the client, and the tokens and codes that are exchanged, replace it.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.parameters
            .push((Cow::Owned(name.into()), value.into()));
        self
    }

    /// How the client authenticates, instead of what the constructor chose.
    pub fn client_auth(self, auth: ClientAuth) -> Self {
        Self {
            auth: Ok(auth),
            ..self
        }
    }

    /// The client that reaches the authorization server. By default (feature `client`) hyper-util's over rustls, one
    /// for each scheme.
    pub fn http_client(self, client: HttpClient) -> Self {
        Self {
            http: Some(client),
            ..self
        }
    }

    /// How long one exchange with the authorization server may take, from the first byte to the last: 60 s by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }

    /// How long before its expiry a token is given up, so that it does not expire on the way: 30 s by default, zero
    /// means zero. Never more than a quarter of the token's lifetime.
    pub fn early_expiry(self, early_expiry: Duration) -> Self {
        Self {
            early_expiry,
            ..self
        }
    }

    /// How long before that the next token is fetched aside, while the old one is still used: 5 minutes by default, zero
    /// turns it off. Never more than a quarter of the token's lifetime.
    pub fn refresh_ahead(self, window: Duration) -> Self {
        Self {
            refresh_ahead: Some(window),
            ..self
        }
    }

    /// The least time between two token requests that refusals (401) caused: 30 s by default.
    pub fn refusal_interval(self, least: Duration) -> Self {
        Self {
            refusal_interval: Some(least),
            ..self
        }
    }

    /// For how long requests get the error of a failed token request before another one is made, at first and at most:
    /// 1 s and 60 s by default. A `Retry-After` of the server goes before it.
    pub fn back_off(self, first: Duration, most: Duration) -> Self {
        Self {
            back_off: Some((first, most)),
            ..self
        }
    }

    /// The field of the answer that holds the token: `access_token` by default, `id_token` for services that want that.
    pub fn token_field_name(self, name: impl Into<String>) -> Self {
        Self {
            token_field: Cow::Owned(name.into()),
            ..self
        }
    }

    /// Allows unencrypted http to the host name `localhost`, which need not be this machine. The loopback addresses are
    /// always allowed.
    pub fn allow_localhost(self) -> Self {
        Self {
            allow_localhost: true,
            ..self
        }
    }

    /// Called with every token that was fetched, before anybody gets it: to keep a refresh token that was rotated. It
    /// should be quick.
    pub fn on_token(self, callback: impl Fn(&TokenResponse) + Send + Sync + 'static) -> Self {
        Self {
            on_token: Some(Arc::new(callback)),
            ..self
        }
    }

    /// Keeps the token in this store too, so that it outlives the process, and processes share it.
    ///
    /// It is kept under a hash of what tells it from others: endpoint, grant, client id, scope, parameters, user name,
    /// and the hashes of assertions and of the tokens that the grant begins with; no password and no client secret. So
    /// whoever may open the store with that id gets its token: give each tenant a store of its own, or a
    /// [key](Self::store_key). Where nothing tells tokens apart, which is so of [`from_fn`](crate::OAuth2::from_fn) and
    /// of [`ClientAuth::scheme`], `build` wants that key; a device has one login for each client.
    pub fn store(self, store: impl Store) -> Self {
        Self {
            store: Some(Arc::new(store)),
            ..self
        }
    }

    /// The key in the store, instead of the one that is made from the settings.
    pub fn store_key(self, key: impl Into<String>) -> Self {
        Self {
            store_key: StoreKey::Given(key.into()),
            ..self
        }
    }

    /// The key in the store is the one that Python's httpx_auth would use, so that both share tokens. For client
    /// credentials and password grants.
    ///
    /// It is a SHA-512 of the settings with their secrets, as theirs is: who reads the file can try out weak
    /// passwords.
    pub fn httpx_auth_store_key(self) -> Self {
        Self {
            store_key: StoreKey::HttpxAuth,
            ..self
        }
    }

    /// Called when the store fails. Requests do not: they use the token from memory.
    pub fn on_store_error(self, callback: impl Fn(&StoreError) + Send + Sync + 'static) -> Self {
        Self {
            on_store_error: Some(Arc::new(callback)),
            ..self
        }
    }

    /// The clock that lifetimes and assertions are made with.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

impl<G: Grant, P: Placement> OAuth2Builder<G, P> {
    /// The scheme. Nothing is sent before the first request needs a token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration), naming the parameter: a URL that is
    /// neither https nor of this machine, an empty id or secret, a template without `{token}`, no HTTP client.
    pub fn build(self) -> Result<OAuth2<P>, AuthError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let carrier = self.carrier?;
        if self.token_field.is_empty() {
            return Err(AuthError::configuration("token_field_name", "is empty"));
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(AuthError::configuration(
                "timeout",
                "is zero, so nothing would ever arrive",
            ));
        }
        let endpoint = match self.token_url {
            None => None,
            Some(url) => {
                let auth = self.auth?;
                let http = match self.http {
                    Some(http) => http,
                    None => default_client()?,
                };
                let http = match self.timeout {
                    Some(timeout) => http.with_timeout(timeout),
                    None => http,
                };
                let clock = self.clock.clone();
                if let (Some(example), true) = (self.scope_required, self.scopes.is_empty()) {
                    return Err(AuthError::configuration(
                        "scope",
                        format!("is mandatory at this provider: {example}"),
                    ));
                }
                let scope = self.scopes.join(self.separator.encode_utf8(&mut [0; 4]));
                Some(TokenEndpoint {
                    endpoint: Endpoint::new(
                        "token_url",
                        &url,
                        self.allow_localhost,
                        auth,
                        http,
                        clock,
                    )?,
                    scope: Some(scope)
                        .filter(|scope| !scope.is_empty())
                        .or_else(|| self.default_scope.map(str::to_owned)),
                    parameters: self.parameters,
                    token_field: self.token_field,
                })
            }
        };
        let flow = self.grant.flow()?;
        let exchange = match &endpoint {
            Some(endpoint) => endpoint.endpoint.timeout(),
            None => self.timeout.unwrap_or(Duration::from_secs(60)),
        };
        // A refresh that is refused, then the grant itself.
        let patience = exchange
            .saturating_mul(2)
            .saturating_add(flow.patience().unwrap_or(Duration::ZERO))
            .saturating_add(Duration::from_secs(5));
        let tokens = Tokens {
            flow,
            endpoint,
            on_token: self.on_token,
            is_shared: self.store.is_some(),
            landed: Landed::default(),
        };
        let tokens = match self.store {
            None => Kept::InMemory(tokens),
            Some(store) => {
                let key = match self.store_key {
                    StoreKey::Given(key) => key,
                    StoreKey::Ours => store_key::ours(&tokens)?,
                    StoreKey::HttpxAuth => store_key::httpx_auth(&tokens)?,
                };
                let stored = Stored::new(tokens, store, key);
                Kept::Stored(match self.on_store_error {
                    Some(callback) => stored.on_store_error(move |error| callback(error)),
                    None => stored,
                })
            }
        };
        let mut cache = TokenAuth::cache_builder(tokens, carrier)
            .clock(self.clock)
            .timeout(patience)
            .early_expiry(self.early_expiry);
        if let Some(window) = self.refresh_ahead {
            cache = cache.refresh_ahead(window);
        }
        if let Some(least) = self.refusal_interval {
            cache = cache.refusal_interval(least);
        }
        if let Some((first, most)) = self.back_off {
            cache = cache.back_off(first, most);
        }
        Ok(OAuth2 {
            tokens: TokenAuth::from_cache(cache.build()),
        })
    }
}

#[cfg(feature = "client")]
#[allow(clippy::unnecessary_wraps)] // as without the feature
pub(crate) fn default_client() -> Result<HttpClient, AuthError> {
    Ok(HttpClient::hyper())
}

#[cfg(not(feature = "client"))]
pub(crate) fn default_client() -> Result<HttpClient, AuthError> {
    Err(AuthError::configuration(
        "http_client",
        "is missing; pass one, or turn on the feature `client`",
    ))
}

impl<G: fmt::Debug, P> fmt::Debug for OAuth2Builder<G, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Builder")
            .field("grant", &self.grant)
            .field("auth", &self.auth)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
