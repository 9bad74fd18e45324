//! Tokens, as the engine asks for them.

use crate::{
    TokenResponse,
    endpoint::TokenEndpoint,
    error::{TokenError, What},
    grant::Flow,
    landed::Landed,
    request::TokenRequest,
    session::Session,
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tower_auth_core::{AuthError, Secret};
use tower_auth_token::{Demand, Failure, Fetched, Reason, Source, Token};

pub(crate) type OnToken = Arc<dyn Fn(&TokenResponse) + Send + Sync>;

/// A grant at an endpoint.
pub(crate) struct Tokens {
    pub(crate) flow: Box<dyn Flow>,
    pub(crate) endpoint: Option<TokenEndpoint>,
    pub(crate) on_token: Option<OnToken>,
    /// Others may put tokens where these are kept.
    pub(crate) is_shared: bool,
    /// What the login of a person gave, until it is fetched.
    pub(crate) landed: Landed,
    pub(crate) session: Session,
}

/// Where an answer or an error comes from.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum By {
    /// The grant itself.
    Grant,
    /// A refresh token that an earlier answer had.
    Refresh,
}

impl Tokens {
    async fn get(
        &self,
        refresh_token: Option<Secret>,
        reason: Reason,
    ) -> Result<(TokenResponse, By), (TokenError, By)> {
        let by_grant = |error| (error, By::Grant);
        let from_grant = |response| (response, By::Grant);
        let Some(endpoint) = &self.endpoint else {
            return match self.flow.obtain_alone() {
                Some(obtain) => obtain.await.map(from_grant).map_err(by_grant),
                None => Err(by_grant(What::NoEndpoint("token_endpoint").into())),
            };
        };
        let Some(refresh_token) = refresh_token else {
            let begun = self.begin(endpoint, reason).await;
            return begun.map(from_grant).map_err(by_grant);
        };
        let with_scope = !self.flow.waits_for_person();
        let request = endpoint.request(endpoint.refreshing(&refresh_token, with_scope));
        match self.refresh(endpoint, &refresh_token, &request).await {
            Err(error) if self.begins_after(&error, &refresh_token, reason) => {
                tracing::debug!(%error, "the refresh token was refused");
                let begun = self.begin(endpoint, reason).await;
                begun.map(from_grant).map_err(by_grant)
            }
            Ok(response) => Ok((response, By::Refresh)),
            Err(error) => Err((error, By::Refresh)),
        }
    }

    /// The next token for a refresh token, and what is known of that one from now on.
    async fn refresh(
        &self,
        endpoint: &TokenEndpoint,
        refresh_token: &Secret,
        request: &TokenRequest,
    ) -> Result<TokenResponse, TokenError> {
        let first = self.flow.first_refresh_token();
        self.session.knows(first.as_ref(), refresh_token);
        match endpoint.ask(request).await {
            Ok(response) => {
                if let Some(next) = response.refresh_token() {
                    self.session.knows(first.as_ref(), next);
                }
                Ok(response.or_refresh_token(refresh_token))
            }
            Err(error) if error.is_refusal() && self.session.lost_answer_to(refresh_token) => {
                Err(error.after_lost_answer())
            }
            Err(error) => {
                if error.request_may_have_run() {
                    self.session.loses_answer_to(refresh_token);
                }
                Err(error.of_refresh())
            }
        }
    }

    /// Whether a refresh that failed like this is followed by a new beginning.
    fn begins_after(&self, error: &TokenError, refresh_token: &Secret, reason: Reason) -> bool {
        // The grant itself costs nobody anything, so it is tried also where it is not sure that the refresh token is
        // worthless; that one is kept until there is another.
        if !self.flow.is_interactive() {
            return error.is_rejection();
        }
        // Before a person is bothered, the store is looked at: somebody else may have a better one. While the old token
        // is still good, nobody is bothered at all.
        if !error.is_refusal() || self.is_shared || !self.may_begin(reason) {
            return false;
        }
        match self.flow.first_refresh_token() {
            // There is nothing to begin with but what was refused just now, or what was replaced long ago: a server
            // takes that one for stolen.
            Some(first) => first.expose() != refresh_token.expose() && !self.session.is_replaced(),
            None => true,
        }
    }

    /// A token from scratch.
    async fn begin(
        &self,
        endpoint: &TokenEndpoint,
        reason: Reason,
    ) -> Result<TokenResponse, TokenError> {
        // Whoever shares a store holds its lock here, which nobody may do while a person looks for their glasses.
        if self.is_shared && self.flow.waits_for_person() || !self.may_begin(reason) {
            return Err(What::InteractionRequired.into());
        }
        self.obtain(endpoint).await
    }

    async fn obtain(&self, endpoint: &TokenEndpoint) -> Result<TokenResponse, TokenError> {
        let request = match self.flow.request(endpoint) {
            Some(request) => request?,
            None => return Err(What::NoEndpoint("token_endpoint").into()),
        };
        if let Some(first) = self.flow.first_refresh_token() {
            if self.session.is_replaced() {
                return Err(What::RefreshTokenReplaced.into());
            }
            return self.refresh(endpoint, &first, &request).await;
        }
        let obtained = match self.flow.obtain(endpoint, request.clone()).await {
            Err(error) if error.is_broken_connection() && self.flow.is_repeatable() => {
                // It was kept too long, most likely.
                tracing::debug!(%error, "asking once more");
                self.flow.obtain(endpoint, request).await
            }
            obtained => obtained,
        };
        obtained.and_then(|response| endpoint.check_scope(response))
    }

    /// A login ahead of time would surprise whoever is asked for it.
    fn may_begin(&self, reason: Reason) -> bool {
        reason != Reason::Ahead || !self.flow.waits_for_person()
    }

    /// Has a person log in.
    pub(crate) async fn log_in(&self) -> Result<TokenResponse, TokenError> {
        match &self.endpoint {
            Some(endpoint) => self.obtain(endpoint).await,
            None => Err(What::NoEndpoint("token_endpoint").into()),
        }
    }

    pub(crate) fn failure(&self, error: TokenError, by: By) -> Failure {
        let refused = error.is_refusal();
        let is_interactive = self.flow.is_interactive();
        // Somebody else may have put a better refresh token into the store.
        let look_again = refused && by == By::Refresh && self.is_shared && is_interactive;
        // A person said no, did not come, or came for nothing: asking again is for a person to decide. So it is where
        // only a person can bring another refresh token.
        let over = match by {
            By::Grant => {
                // What was granted is judged when the grant itself is done.
                let in_vain = refused || error.missing_scope().is_some();
                self.flow.person_was_asked() || (in_vain && is_interactive)
            }
            By::Refresh => refused && is_interactive && !self.flow.waits_for_person(),
        };
        let retry_after = error.retry_after();
        let context = if over && !look_again {
            "no token could be had, and nobody is asked again before `clear`"
        } else {
            "no token could be had"
        };
        let failure = Failure::new(error.into_auth(context));
        let failure = match retry_after {
            _ if look_again => failure.retry_at_once(),
            _ if over => failure.retry_when_cleared(),
            Some(wait) => failure.retry_after(wait),
            None => failure,
        };
        if refused {
            failure.previous_is_worthless()
        } else {
            failure
        }
    }

    /// As it goes into the cache, with what is to be known of it by whoever finds it in a store. What a refresh does not
    /// say again is what it was: the scope (RFC 6749 section 6), and what others put there.
    fn fetched(
        &self,
        response: &TokenResponse,
        refreshed: Option<&Token>,
    ) -> Result<Fetched<Token>, AuthError> {
        let refresh = response
            .refresh_token()
            .filter(|_| self.flow.keeps_refresh_tokens());
        let kind = response.token_type();
        let kind = (!kind.eq_ignore_ascii_case("Bearer")).then(|| Secret::from(kind));
        let token = Token::new(response.access_token())
            .with_refresh(refresh.cloned())
            .with_token_type(kind)
            .with_scope(response.scope().map(Secret::from))
            .with_id_token(response.id_token().cloned())
            .or_refresh_of(refreshed);
        let token = self.bound(token)?;
        Ok(Fetched::new(token).lifetime(response.expires_in()))
    }

    /// With the key that it is bound to, where that is kept with it.
    #[cfg(feature = "dpop")]
    fn bound(&self, token: Token) -> Result<Token, AuthError> {
        Ok(match self.proof_keys() {
            Some(keys) => match keys.to_keep()? {
                Some(key) => token.with_proof_key(key),
                None => token,
            },
            None => token,
        })
    }

    #[cfg(not(feature = "dpop"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // as with the feature
    fn bound(&self, token: Token) -> Result<Token, AuthError> {
        Ok(token)
    }

    #[cfg(feature = "dpop")]
    fn proof_keys(&self) -> Option<&crate::dpop::Keys> {
        Some(self.endpoint.as_ref()?.prover.as_ref()?.keys())
    }
}

impl Source for Tokens {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        if let Some(response) = self.landed.take() {
            // It landed some time ago, and its lifetime is counted from now on.
            let now = demand.clock.monotonic();
            let age = response
                .asked_at()
                .map(|at| now.saturating_duration_since(at));
            let left = response
                .expires_in()
                .map(|lifetime| lifetime.saturating_sub(age.unwrap_or_default()));
            return Ok(self.fetched(&response, None)?.lifetime(left).asked_at(now));
        }
        let previous = demand.previous.as_ref();
        #[cfg(feature = "dpop")]
        if let Some(keys) = self.proof_keys() {
            keys.go_on_with(previous.and_then(Token::proof_key));
        }
        let (response, by) = self
            .get(previous.and_then(Token::refresh).cloned(), demand.reason)
            .await
            .map_err(|(error, by)| self.failure(error, by))?;
        self.tell(&response);
        let fetched = self.fetched(&response, previous.filter(|_| by == By::Refresh))?;
        Ok(match response.asked_at() {
            Some(asked_at) => fetched.asked_at(asked_at),
            None => fetched,
        })
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.landed.put(None);
        Ok(())
    }
}

impl Tokens {
    pub(crate) fn tell(&self, response: &TokenResponse) {
        let Some(on_token) = &self.on_token else {
            return;
        };
        // What a server rotated must not be lost to a mistake in a callback.
        if catch_unwind(AssertUnwindSafe(|| on_token(response))).is_err() {
            tracing::error!("the callback for new tokens panicked");
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("grant", &self.flow)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
