//! What schemes for tokens need of a value, and the plainest one.

use crate::{
    ProofKey,
    members::{ID_TOKEN, Members, PROOF_KEY, SCOPE, TOKEN_TYPE},
};
use http::Extensions;
use std::{fmt, sync::Arc};
use tower_auth_core::{Secret, bearer::Issued};

/// A value that requests carry as a text: an access token.
pub trait AccessToken {
    /// The token as it was issued: its text, and what else a [`Placement`](tower_auth_core::bearer::Placement) may want
    /// to know of it.
    fn issued(&self) -> Issued<'_>;

    /// The text.
    fn access_token(&self) -> &str {
        self.issued().text()
    }
}

/// An access token, and what came with it: its refresh token, its type, its scope, an ID token, the key it is bound to.
///
/// Two are equal when requests carry the same: when their access tokens are. Clones share all of it.
///
/// ```
/// use tower_auth_core::Secret;
/// use tower_auth_token::{AccessToken as _, ProofKey, Token};
///
/// let key = ProofKey::new(r#"{"kty":"EC","crv":"P-256","x":"…","y":"…","d":"…"}"#);
/// let token = Token::from("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
///     .with_token_type(Secret::from("DPoP"))
///     .with_proof_key(key);
/// let issued = token.issued();
/// assert_eq!(issued.token_type(), Some("DPoP"));
/// assert!(issued.get::<ProofKey>().is_some());
/// ```
#[derive(Clone)]
pub struct Token {
    access: Secret,
    refresh: Option<Secret>,
    /// Most tokens have nothing more.
    more: Option<Arc<More>>,
}

#[derive(Clone, Default)]
struct More {
    members: Members,
    /// The key, where a placement finds it.
    extensions: Extensions,
}

impl Token {
    /// An access token.
    pub fn new(access: impl Into<Secret>) -> Self {
        Self {
            access: access.into(),
            refresh: None,
            more: None,
        }
    }

    /// With this refresh token.
    #[must_use]
    pub fn with_refresh(self, refresh: impl Into<Option<Secret>>) -> Self {
        Self {
            refresh: refresh.into(),
            ..self
        }
    }

    /// With the `token_type` that the server said (RFC 6749 section 7.1).
    #[must_use]
    pub fn with_token_type(self, token_type: impl Into<Option<Secret>>) -> Self {
        self.with_text(TOKEN_TYPE, token_type.into())
    }

    /// With the scope that was granted (RFC 6749 section 3.3).
    #[must_use]
    pub fn with_scope(self, scope: impl Into<Option<Secret>>) -> Self {
        self.with_text(SCOPE, scope.into())
    }

    /// With the ID token that came along (OpenID Connect Core section 3.1.3.3).
    #[must_use]
    pub fn with_id_token(self, id_token: impl Into<Option<Secret>>) -> Self {
        self.with_text(ID_TOKEN, id_token.into())
    }

    /// With the key that it is bound to.
    #[must_use]
    pub fn with_proof_key(self, key: impl Into<Option<ProofKey>>) -> Self {
        let jwk = key.into().map(|key| key.jwk().clone());
        self.with_text(PROOF_KEY, jwk)
    }

    fn with_text(self, name: &str, text: Option<Secret>) -> Self {
        let mut members = self.members().cloned().unwrap_or_default();
        members.put_text(name, text);
        self.with_members(members)
    }

    pub(crate) fn with_members(self, members: Members) -> Self {
        if members.is_empty() {
            return Self { more: None, ..self };
        }
        let mut extensions = Extensions::new();
        if let Some(jwk) = members.text(PROOF_KEY) {
            extensions.insert(ProofKey::new(jwk));
        }
        let more = Some(Arc::new(More {
            members,
            extensions,
        }));
        Self { more, ..self }
    }

    /// The successor of this one: what it has not, it has from there. An answer without a refresh token leaves the old
    /// one in force (RFC 6749 section 6), and one without scope the scope; the key stays the same as well.
    #[must_use]
    pub fn or_refresh_of(self, previous: Option<&Self>) -> Self {
        let Some(previous) = previous else {
            return self;
        };
        let refresh = self.refresh.clone().or_else(|| previous.refresh.clone());
        let this = match previous.members() {
            Some(old) => {
                let mut members = self.members().cloned().unwrap_or_default();
                members.or(old);
                self.with_members(members)
            }
            None => self,
        };
        Self { refresh, ..this }
    }

    /// The access token.
    pub fn access(&self) -> &Secret {
        &self.access
    }

    /// The refresh token.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// The `token_type`, as the server wrote it; to be compared without regard to case.
    pub fn token_type(&self) -> Option<&str> {
        self.text(TOKEN_TYPE).map(Secret::expose)
    }

    /// The scope that was granted.
    pub fn scope(&self) -> Option<&str> {
        self.text(SCOPE).map(Secret::expose)
    }

    /// The ID token.
    pub fn id_token(&self) -> Option<&Secret> {
        self.text(ID_TOKEN)
    }

    /// The key that it is bound to.
    pub fn proof_key(&self) -> Option<&ProofKey> {
        self.more.as_ref()?.extensions.get()
    }

    fn text(&self, name: &str) -> Option<&Secret> {
        self.members()?.text(name)
    }

    pub(crate) fn members(&self) -> Option<&Members> {
        self.more.as_ref().map(|more| &more.members)
    }
}

impl AccessToken for Token {
    fn issued(&self) -> Issued<'_> {
        let issued = Issued::new(self.access.expose());
        match &self.more {
            None => issued,
            Some(more) => issued
                .with_token_type(self.token_type())
                .with_extensions(&more.extensions),
        }
    }
}

impl AccessToken for Secret {
    fn issued(&self) -> Issued<'_> {
        Issued::new(self.expose())
    }
}

impl AccessToken for String {
    fn issued(&self) -> Issued<'_> {
        Issued::new(self)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.access.expose() == other.access.expose()
    }
}

impl Eq for Token {}

impl From<&str> for Token {
    fn from(access: &str) -> Self {
        Self::new(access)
    }
}

impl From<String> for Token {
    fn from(access: String) -> Self {
        Self::new(access)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("access", &self.access)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}
