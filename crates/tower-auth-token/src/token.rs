//! What schemes for tokens need of a value, and the plainest one.

use std::fmt;
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

/// An access token and, where there is one, its refresh token.
///
/// Two are equal when requests carry the same: when their access tokens are.
#[derive(Clone)]
pub struct Token {
    access: Secret,
    refresh: Option<Secret>,
}

impl Token {
    /// An access token.
    pub fn new(access: impl Into<Secret>) -> Self {
        Self {
            access: access.into(),
            refresh: None,
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

    /// With the refresh token of this one, when it has none of its own: an answer without one leaves the old one in
    /// force (RFC 6749 section 6).
    #[must_use]
    pub fn or_refresh_of(self, previous: Option<&Self>) -> Self {
        let refresh = self
            .refresh
            .or_else(|| previous.and_then(|previous| previous.refresh.clone()));
        Self { refresh, ..self }
    }

    /// The access token.
    pub fn access(&self) -> &Secret {
        &self.access
    }

    /// The refresh token.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }
}

impl AccessToken for Token {
    fn issued(&self) -> Issued<'_> {
        Issued::new(self.access.expose())
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
            .finish()
    }
}
