//! The builder that all grants share.

mod constructors;
mod google;
mod keeping;
mod placements;
mod request;
mod settings;

use self::settings::{Settings, StoreKey};
use crate::{
    ClientAuth, OAuth2, grant::Grant, kept::Kept, landed::Landed, session::Session, source::Tokens,
    store_key,
};
use std::fmt;
use tower_auth_core::{
    AuthError,
    bearer::{InAuthorization, Placement},
};
use tower_auth_token::{TokenAuth, store::Stored};

/// Builds an [`OAuth2`]. The verbs are the same for every grant; some grants add their own.
///
/// What is wrong with what it was told comes out of [`build`](Self::build).
#[must_use = "a builder does nothing before `build`"]
pub struct OAuth2Builder<G, P = InAuthorization> {
    pub(crate) grant: G,
    placement: Result<P, AuthError>,
    settings: Settings,
}

impl<G> OAuth2Builder<G> {
    pub(crate) fn new(
        grant: G,
        token_url: Option<&str>,
        auth: Result<ClientAuth, AuthError>,
    ) -> Self {
        Self {
            grant,
            placement: Ok(InAuthorization::default()),
            settings: Settings::new(token_url, auth),
        }
    }
}

impl<G: Grant, P: Placement> OAuth2Builder<G, P> {
    /// The scheme. Nothing is sent before the first request needs a token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration), naming the parameter: a URL that is
    /// neither https nor of this machine, an empty id or secret, a template without `{token}`, no HTTP client.
    pub fn build(mut self) -> Result<OAuth2<P>, AuthError> {
        self.settings.check()?;
        let placement = self.placement?;
        // First: where its URL stands in for that of the token endpoint, it is the grant that knows what it is called.
        let flow = self.grant.check()?.0;
        let endpoint = self.settings.endpoint()?;
        let exchange = endpoint.as_ref().and_then(|it| it.endpoint.timeout());
        let patience = self.settings.patience(exchange, flow.patience());
        let tokens = Tokens {
            flow,
            endpoint,
            on_token: self.settings.on_token.take(),
            is_shared: self.settings.store.is_some(),
            landed: Landed::default(),
            session: Session::default(),
        };
        let tokens = keep(tokens, &mut self.settings, &placement)?;
        let cache = TokenAuth::cache_builder(tokens, placement).timeout(patience);
        let cache = self.settings.cache(cache).build();
        Ok(OAuth2 {
            tokens: TokenAuth::from_cache(cache),
        })
    }
}

/// In the store, where there is one.
fn keep(
    tokens: Tokens,
    settings: &mut Settings,
    placement: &impl Placement,
) -> Result<Kept, AuthError> {
    let Some(store) = settings.store.take() else {
        return Ok(Kept::InMemory(tokens));
    };
    let key = match &settings.store_key {
        StoreKey::Given(key) => key.clone(),
        StoreKey::Ours => store_key::ours(&tokens, |visit| placement.claims(visit))?,
        StoreKey::HttpxAuth => store_key::httpx_auth::key(&tokens)?,
    };
    let stored = Stored::new(tokens, store, key);
    Ok(Kept::Stored(match settings.on_store_error.take() {
        Some(callback) => stored.on_store_error(move |error| callback(error)),
        None => stored,
    }))
}

impl<G: fmt::Debug, P> fmt::Debug for OAuth2Builder<G, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Builder")
            .field("grant", &self.grant)
            .field("auth", &self.settings.auth)
            .field("scopes", &self.settings.scopes)
            .finish_non_exhaustive()
    }
}
