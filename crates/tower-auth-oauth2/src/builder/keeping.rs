//! Verbs about when tokens are fetched, and where they are kept.

use super::{OAuth2Builder, settings::StoreKey};
use crate::TokenResponse;
use std::{sync::Arc, time::Duration};
use tower_auth_core::Clock;
use tower_auth_token::store::{Store, StoreError};

impl<G, P> OAuth2Builder<G, P> {
    /// How long before its expiry a token is given up, so that it does not expire on the way: 30 s by default, zero
    /// means zero. Never more than a quarter of the token's lifetime.
    pub fn early_expiry(mut self, early_expiry: Duration) -> Self {
        self.settings.early_expiry = early_expiry;
        self
    }

    /// How long before that the next token is fetched aside, while the old one is still used: 5 minutes by default, zero
    /// turns it off. Never more than a quarter of the token's lifetime.
    pub fn refresh_ahead(mut self, window: Duration) -> Self {
        self.settings.refresh_ahead = Some(window);
        self
    }

    /// The least time between two token requests that refusals (401) caused: 30 s by default.
    pub fn refusal_interval(mut self, least: Duration) -> Self {
        self.settings.refusal_interval = Some(least);
        self
    }

    /// For how long requests get the error of a failed token request before another one is made, at first and at most:
    /// 1 s and 60 s by default. A `Retry-After` of the server goes before it.
    pub fn back_off(mut self, first: Duration, most: Duration) -> Self {
        self.settings.back_off = Some((first, most));
        self
    }

    /// The clock that lifetimes and assertions are made with.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Called with every token that was fetched, before anybody gets it: to keep a refresh token that was rotated. It
    /// should be quick.
    pub fn on_token(mut self, callback: impl Fn(&TokenResponse) + Send + Sync + 'static) -> Self {
        self.settings.on_token = Some(Arc::new(callback));
        self
    }

    /// Keeps the token in this store too, so that it outlives the process, and processes share it.
    ///
    /// It is kept under the SHA-256 of the request that gets the first token, as it is sent: URLs, client id and secret,
    /// every parameter in its order, all claims of assertions (but their times and fresh ids) and the key that signs
    /// them, user name and password, subject and actor tokens; and of the field and the place of the token. So what is
    /// configured otherwise in anything that is sent has an entry of its own, and what is configured alike finds it
    /// again, in whatever process. With it, who reads the store can try out weak passwords; a
    /// [key of your own](Self::store_key) says nothing of them.
    ///
    /// Where that request cannot be told beforehand, `build` wants that key: [`from_fn`](crate::OAuth2::from_fn),
    /// [`ClientAuth::scheme`](crate::ClientAuth::scheme), tokens that are asked for and have no label. What is below HTTP is not seen: give clients
    /// that show different certificates keys of their own.
    pub fn store(mut self, store: impl Store) -> Self {
        self.settings.store = Some(Arc::new(store));
        self
    }

    /// The key in the store, instead of the one that is made from the settings.
    pub fn store_key(mut self, key: impl Into<String>) -> Self {
        self.settings.store_key = StoreKey::Given(key.into());
        self
    }

    /// The key in the store is the one that Python's httpx_auth would use, so that both share tokens. For logins in a
    /// browser, client credentials and password grants. Of a login it says nothing but the authorization URL and its
    /// parameters, in their order: `client_id`, what `authorization_parameter` added, `resource` and `audience`, the scope,
    /// the response type. Tokens that are bound to a key are refused: httpx_auth would send them as bearer tokens.
    ///
    /// It is a SHA-512 of the settings with their secrets, as theirs is: who reads the file can try out weak
    /// passwords.
    pub fn httpx_auth_store_key(mut self) -> Self {
        self.settings.store_key = StoreKey::HttpxAuth;
        self
    }

    /// Called when the store fails. Requests do not: they use the token from memory.
    pub fn on_store_error(
        mut self,
        callback: impl Fn(&StoreError) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_store_error = Some(Arc::new(callback));
        self
    }
}
