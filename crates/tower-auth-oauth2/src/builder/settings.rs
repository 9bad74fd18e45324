//! What a builder was told, whatever its grant and placement.

#[cfg(feature = "dpop")]
use crate::dpop::{Prover, Proving};
use crate::{
    ClientAuth, HttpClient,
    default_client::default_client,
    endpoint::{Endpoint, TokenEndpoint},
    response::TokenTypes,
    source::OnToken,
};
use std::{borrow::Cow, sync::Arc, time::Duration};
use tower_auth_core::{AuthError, Clock, Secret};
use tower_auth_token::{
    CacheBuilder, DEFAULT_EARLY_EXPIRY, Source,
    store::{Store, StoreError},
};

pub(super) struct Settings {
    pub(super) token_url: Option<String>,
    pub(super) auth: Result<ClientAuth, AuthError>,
    pub(super) scopes: Vec<String>,
    pub(super) scope_required: Option<&'static str>,
    pub(super) default_scope: Option<&'static str>,
    pub(super) require_granted_scope: bool,
    pub(super) separator: char,
    pub(super) parameters: Vec<(Cow<'static, str>, Secret)>,
    pub(super) token_field: Cow<'static, str>,
    pub(super) bearer_types: Vec<String>,
    pub(super) token_lifetime: Option<Duration>,
    /// The key that tokens are bound to.
    #[cfg(feature = "dpop")]
    pub(super) proving: Option<Arc<Proving>>,
    pub(super) http: Option<HttpClient>,
    pub(super) timeout: Option<Duration>,
    pub(super) early_expiry: Duration,
    pub(super) refresh_ahead: Option<Duration>,
    pub(super) refusal_interval: Option<Duration>,
    pub(super) back_off: Option<(Duration, Duration)>,
    pub(super) allow_localhost: bool,
    pub(super) clock: Clock,
    pub(super) on_token: Option<OnToken>,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) store_key: StoreKey,
    pub(super) on_store_error: Option<OnStoreError>,
    /// What is wrong already.
    pub(super) problem: Option<AuthError>,
}

pub(super) type OnStoreError = Arc<dyn Fn(&StoreError) + Send + Sync>;

/// Under what a token is stored.
pub(super) enum StoreKey {
    Ours,
    HttpxAuth,
    Given(String),
}

impl Settings {
    pub(super) fn new(token_url: Option<&str>, auth: Result<ClientAuth, AuthError>) -> Self {
        Self {
            token_url: token_url.map(str::to_owned),
            auth,
            scopes: Vec::new(),
            scope_required: None,
            default_scope: None,
            require_granted_scope: false,
            separator: ' ',
            parameters: Vec::new(),
            token_field: Cow::Borrowed("access_token"),
            bearer_types: Vec::new(),
            token_lifetime: None,
            #[cfg(feature = "dpop")]
            proving: None,
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

    /// What is wrong whatever the grant.
    pub(super) fn check(&mut self) -> Result<(), AuthError> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        if self.token_field.is_empty() {
            return Err(AuthError::configuration("token_field_name", "is empty"));
        }
        if self.bearer_types.iter().any(String::is_empty) {
            return Err(AuthError::configuration("bearer_token_type", "is empty"));
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(AuthError::configuration(
                "timeout",
                "is zero, so nothing would ever arrive",
            ));
        }
        Ok(())
    }

    /// The token endpoint, where there is one.
    pub(super) fn endpoint(&self) -> Result<Option<TokenEndpoint>, AuthError> {
        let Some(url) = &self.token_url else {
            return Ok(None);
        };
        let auth = self.auth.clone()?;
        let scope = self.scope()?;
        let endpoint = Endpoint::new(
            "token_url",
            url,
            self.allow_localhost,
            auth,
            Some(self.client()?),
            self.clock.clone(),
        )?;
        Ok(Some(TokenEndpoint {
            endpoint,
            scope,
            require_granted_scope: self.require_granted_scope,
            parameters: self.parameters.clone(),
            token_field: self.token_field.clone(),
            types: self.types(),
            #[cfg(feature = "dpop")]
            prover: self.prover(),
            token_lifetime: self.token_lifetime,
        }))
    }

    #[cfg(not(feature = "dpop"))]
    fn types(&self) -> TokenTypes {
        TokenTypes::Bearer(self.bearer_types.clone())
    }

    #[cfg(feature = "dpop")]
    fn types(&self) -> TokenTypes {
        match &self.proving {
            Some(_) => TokenTypes::Dpop,
            None => TokenTypes::Bearer(self.bearer_types.clone()),
        }
    }

    /// For the token endpoint, whose nonces are not those of resource servers.
    #[cfg(feature = "dpop")]
    fn prover(&self) -> Option<Arc<Prover>> {
        let proving = self.proving.as_ref()?;
        proving.set_clock(self.clock.clone());
        Some(Arc::new(Prover::new(Arc::clone(proving))))
    }

    fn scope(&self) -> Result<Option<String>, AuthError> {
        match (self.scope_required, &self.scopes[..], self.default_scope) {
            (Some(example), [], _) => Err(AuthError::configuration(
                "scope",
                format!("is mandatory at this provider: {example}"),
            )),
            (_, [], default) => Ok(default.map(str::to_owned)),
            (_, scopes, _) => Ok(Some(scopes.join(self.separator.encode_utf8(&mut [0; 4])))),
        }
    }

    fn client(&self) -> Result<HttpClient, AuthError> {
        let http = match &self.http {
            Some(http) => http.clone(),
            None => default_client()?,
        };
        Ok(match self.timeout {
            Some(timeout) => http.timeout(timeout),
            None => http,
        })
    }

    /// How long a fetch may take, of which each exchange takes this long, and a person that one.
    pub(super) fn patience(
        &self,
        exchange: Option<Duration>,
        person: Option<Duration>,
    ) -> Duration {
        let exchange = exchange.or(self.timeout).unwrap_or(Duration::from_secs(60));
        // A refresh that is refused, then the grant itself, twice when the connection broke.
        exchange
            .saturating_mul(3)
            .saturating_add(person.unwrap_or(Duration::ZERO))
            .saturating_add(Duration::from_secs(5))
    }

    /// What the cache is told.
    pub(super) fn cache<S: Source>(&self, cache: CacheBuilder<S>) -> CacheBuilder<S> {
        let mut cache = cache
            .clock(self.clock.clone())
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
        cache
    }
}
