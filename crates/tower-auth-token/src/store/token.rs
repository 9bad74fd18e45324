//! What a store keeps under a key.

use super::{StoreError, StoreErrorKind};
use crate::{
    ProofKey,
    members::{ID_TOKEN, LIFETIME, Members, PROOF_KEY, SCOPE, TOKEN_TYPE},
};
use std::time::{Duration, SystemTime};
use tower_auth_core::Secret;

/// What a store keeps under a key: an access token, and all that has to be known to go on with its session.
///
/// [`Members`](Self::member) that have no name here are kept as well: what a later version, or a program of yours, put
/// there is there still after a refresh.
///
/// Two are equal when their access and refresh tokens are. When they expire is left out, since stores round it.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tower_auth_core::Secret;
/// use tower_auth_token::store::StoredToken;
///
/// let stored = StoredToken::new("mF_9.B5f-4.1JqM")
///     .with_expires_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_229))
///     .with_refresh(Secret::from("tGzv3JOkF0XG5Qx2TlKWIA"))
///     .with_scope(Secret::from("openid profile"));
/// assert_eq!(stored.scope(), Some("openid profile"));
/// ```
#[derive(Clone, Debug)]
pub struct StoredToken {
    token: Secret,
    expires_at: Option<SystemTime>,
    refresh: Option<Secret>,
    members: Members,
}

impl StoredToken {
    /// An access token without a known end.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self {
            token: token.into(),
            expires_at: None,
            refresh: None,
            members: Members::default(),
        }
    }

    /// When it expires.
    #[must_use]
    pub fn with_expires_at(self, expires_at: impl Into<Option<SystemTime>>) -> Self {
        Self {
            expires_at: expires_at.into(),
            ..self
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

    /// With a text of yours under this name.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Key`] for `expires_in`, under which is noted how long the token lived when it was issued: what you
    /// put there would be replaced. When it ends is said by [`with_expires_at`](Self::with_expires_at).
    pub fn with_member(
        self,
        name: &str,
        text: impl Into<Option<Secret>>,
    ) -> Result<Self, StoreError> {
        if name == LIFETIME {
            return Err(StoreError::new(
                StoreErrorKind::Key,
                "`expires_in` is a member of the store's own; call yours something else, or say `with_expires_at`",
            ));
        }
        Ok(self.with_text(name, text.into()))
    }

    fn with_text(mut self, name: &str, text: Option<Secret>) -> Self {
        self.members.put_text(name, text);
        self
    }

    /// For how long it lived when it was issued.
    pub(crate) fn with_lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.members.put_lifetime(lifetime);
        self
    }

    pub(crate) fn with_members(self, members: Members) -> Self {
        Self { members, ..self }
    }

    /// The access token.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// When it expires, if that is known.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The refresh token, if there is one.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// The `token_type`, as the server wrote it; to be compared without regard to case.
    pub fn token_type(&self) -> Option<&str> {
        self.member(TOKEN_TYPE).map(Secret::expose)
    }

    /// The scope that was granted.
    pub fn scope(&self) -> Option<&str> {
        self.member(SCOPE).map(Secret::expose)
    }

    /// The ID token.
    pub fn id_token(&self) -> Option<&Secret> {
        self.member(ID_TOKEN)
    }

    /// The key that it is bound to.
    pub fn proof_key(&self) -> Option<ProofKey> {
        self.member(PROOF_KEY).cloned().map(ProofKey::new)
    }

    /// The text of this name, whoever put it there. Members that are no texts are kept, and not shown.
    pub fn member(&self, name: &str) -> Option<&Secret> {
        self.members.text(name)
    }

    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.members.lifetime()
    }

    pub(crate) fn members(&self) -> &Members {
        &self.members
    }
}

impl PartialEq for StoredToken {
    fn eq(&self, other: &Self) -> bool {
        self.token.expose() == other.token.expose()
            && self.refresh.as_ref().map(Secret::expose)
                == other.refresh.as_ref().map(Secret::expose)
    }
}
