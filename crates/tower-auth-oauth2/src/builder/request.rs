//! Verbs about token requests, and what becomes of their answers.

use super::OAuth2Builder;
use crate::{ClientAuth, HttpClient};
use std::{borrow::Cow, time::Duration};
use tower_auth_core::{AuthError, Secret};

impl<G, P> OAuth2Builder<G, P> {
    /// Adds to the scope: one, or several separated by blanks (RFC 6749 section 3.3). None is sent by default.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        if !scope.is_empty() {
            self.settings.scopes.push(scope);
        }
        self
    }

    /// Adds each of these to the scope.
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        scopes.into_iter().fold(self, Self::scope)
    }

    /// Sends no scope, where one is sent or wanted by default at a [`Provider`](crate::Provider).
    pub fn without_scope(mut self) -> Self {
        self.settings.scopes.clear();
        self.settings.scope_required = None;
        self.settings.default_scope = None;
        self
    }

    /// A first token that is granted less than the [scope](Self::scope) is an error:
    /// [`TokenErrorKind::ScopeNotGranted`](crate::TokenErrorKind::ScopeNotGranted). By default it is used, and a `tracing`
    /// warning names what is missing. Servers that do not say the scope grant all of it (RFC 6749 section 5.1).
    ///
    /// For a token that a refresh got it stays a warning: the server may have replaced the refresh token.
    pub fn require_granted_scope(mut self) -> Self {
        self.settings.require_granted_scope = true;
        self
    }

    pub(crate) fn require_scope(mut self, example: Option<&'static str>) -> Self {
        self.settings.scope_required = example;
        self
    }

    #[cfg_attr(not(any(feature = "browser", feature = "password")), expect(dead_code))]
    pub(crate) fn default_scope(mut self, scope: Option<&'static str>) -> Self {
        self.settings.default_scope = scope;
        self
    }

    /// What scopes are joined with. A blank by default; some servers want a comma.
    pub fn scope_separator(mut self, separator: char) -> Self {
        self.settings.separator = separator;
        self
    }

    /// The service that the token is for: `resource` (RFC 8707), an absolute URI without fragment. May be given
    /// several times.
    pub fn resource(mut self, resource: impl AsRef<str>) -> Self {
        let resource = resource.as_ref();
        let absolute = resource
            .split_once(':')
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        if !absolute || resource.contains('#') {
            self.settings.problem.get_or_insert_with(|| {
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
        self.settings
            .parameters
            .push((Cow::Owned(name.into()), value.into()));
        self
    }

    /// How the client authenticates, instead of what the constructor chose.
    pub fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.settings.auth = Ok(auth);
        self
    }

    /// The client that reaches the authorization server. By default (feature `client`) hyper-util's over rustls, one
    /// for each scheme.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.settings.http = Some(client);
        self
    }

    /// How long one exchange with the authorization server may take, from the first byte to the last: 60 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Allows unencrypted http to the host name `localhost`, which need not be this machine. The loopback addresses are
    /// always allowed.
    pub fn allow_localhost(mut self) -> Self {
        self.settings.allow_localhost = true;
        self
    }

    /// The field of the answer that holds the token: `access_token` by default, `id_token` for services that want that.
    pub fn token_field_name(mut self, name: impl Into<String>) -> Self {
        self.settings.token_field = Cow::Owned(name.into());
        self
    }

    /// A further `token_type` that is sent as a bearer token, beside `Bearer`, in upper or lower case: `bot` of Slack,
    /// `jwt-bearer` of Azure DevOps, `BearerToken` of Apigee. All others are refused, since whoever is issued one has to
    /// prove more than to have it (RFC 6749 section 7.1). May be called several times.
    pub fn bearer_token_type(mut self, name: impl Into<String>) -> Self {
        self.settings.bearer_types.push(name.into());
        self
    }

    /// How long tokens are good, whatever the server says.
    ///
    /// By default it is `expires_in`, or the `exp` of a JWT; a token without both is used until it is refused. Zero means
    /// what it says: such a token is used for the requests that waited for it, and no other. For servers that say
    /// `expires_in: 0` and mean something else, say here what they mean.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = Some(lifetime);
        self
    }
}
