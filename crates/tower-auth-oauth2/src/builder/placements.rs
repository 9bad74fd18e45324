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

    fn placed<Q>(self, placement: Result<Q, AuthError>) -> OAuth2Builder<G, Q> {
        OAuth2Builder {
            grant: self.grant,
            placement,
            settings: self.settings,
        }
    }
}
