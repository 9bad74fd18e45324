//! Where the token goes: verbs that change the type of what is built.

use super::OAuth2Builder;
use crate::placement::InFormBody;
use http::HeaderName;
use tower_auth_core::{
    AuthError,
    bearer::{InAuthorization, InHeader, InQuery, Placement},
};

impl<G, P> OAuth2Builder<G, P> {
    /// `Authorization: <template>`, with the token in the place of `{token}`: `Token {token}`. By default
    /// `Bearer {token}`.
    pub fn token_template(self, template: &str) -> OAuth2Builder<G, InAuthorization> {
        self.placed(InAuthorization::with_template(template))
    }

    /// A header of its own: `<name>: <template>`. The scheme becomes a key of sums.
    pub fn token_in_header(
        self,
        name: impl TryInto<HeaderName>,
        template: &str,
    ) -> OAuth2Builder<G, InHeader> {
        self.placed(InHeader::new(name, template))
    }

    /// A query parameter: `?<name>=<token>` (RFC 6750 section 2.3, which advises against it). The scheme becomes a key
    /// of sums.
    pub fn token_in_query(self, name: &str) -> OAuth2Builder<G, InQuery> {
        self.placed(InQuery::new(name))
    }

    /// A field of form bodies: `<name>=<token>` (RFC 6750 section 2.2, which advises against it). The scheme becomes a
    /// key of sums, for requests whose body is a [`FormBody`](crate::FormBody).
    pub fn token_in_form_body(self, name: &str) -> OAuth2Builder<G, InFormBody> {
        self.placed(InFormBody::new(name))
    }

    /// Any other [`Placement`]: one that writes the token elsewhere, or signs each request with a key that it is bound to.
    pub fn token_placement<Q: Placement>(self, placement: Q) -> OAuth2Builder<G, Q> {
        self.placed(Ok(placement))
    }

    fn placed<Q>(self, carrier: Result<Q, AuthError>) -> OAuth2Builder<G, Q> {
        OAuth2Builder {
            grant: self.grant,
            carrier,
            token_url: self.token_url,
            auth: self.auth,
            scopes: self.scopes,
            scope_required: self.scope_required,
            default_scope: self.default_scope,
            separator: self.separator,
            parameters: self.parameters,
            token_field: self.token_field,
            http: self.http,
            timeout: self.timeout,
            early_expiry: self.early_expiry,
            refresh_ahead: self.refresh_ahead,
            refusal_interval: self.refusal_interval,
            back_off: self.back_off,
            allow_localhost: self.allow_localhost,
            clock: self.clock,
            on_token: self.on_token,
            store: self.store,
            store_key: self.store_key,
            on_store_error: self.on_store_error,
            problem: self.problem,
        }
    }
}
