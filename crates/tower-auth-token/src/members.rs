//! What is known of a token beyond its text.

use std::{collections::BTreeMap, time::Duration};
use tower_auth_core::Secret;

/// By name; those that nobody here knows are kept as well, so that a later version, or another program, finds them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(BTreeMap<String, Member>);

#[derive(Clone, Debug)]
pub(crate) enum Member {
    Text(Secret),
    /// Any other JSON, as it was written.
    Json(Secret),
}

pub(crate) const TOKEN_TYPE: &str = "token_type";
pub(crate) const SCOPE: &str = "scope";
pub(crate) const ID_TOKEN: &str = "id_token";
pub(crate) const PROOF_KEY: &str = "dpop_jwk";
pub(crate) const LIFETIME: &str = "expires_in";

impl Members {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&Secret> {
        match self.0.get(name)? {
            Member::Text(text) => Some(text),
            Member::Json(_) => None,
        }
    }

    pub(crate) fn put(&mut self, name: &str, member: Option<Member>) {
        match member {
            Some(member) => self.0.insert(name.to_owned(), member),
            None => self.0.remove(name),
        };
    }

    pub(crate) fn put_text(&mut self, name: &str, text: Option<Secret>) {
        self.put(name, text.map(Member::Text));
    }

    /// What the other one has, where this one has nothing.
    pub(crate) fn or(&mut self, other: &Self) {
        for (name, member) in &other.0 {
            if !self.0.contains_key(name) {
                self.0.insert(name.clone(), member.clone());
            }
        }
    }

    pub(crate) fn lifetime(&self) -> Option<Duration> {
        match self.0.get(LIFETIME)? {
            Member::Text(_) => None,
            Member::Json(number) => Duration::try_from_secs_f64(number.expose().parse().ok()?).ok(),
        }
    }

    pub(crate) fn put_lifetime(&mut self, lifetime: Option<Duration>) {
        let number = |lifetime: Duration| format!("{:?}", lifetime.as_secs_f64());
        self.put(
            LIFETIME,
            lifetime.map(|lifetime| Member::Json(number(lifetime).into())),
        );
    }

    #[cfg(any(feature = "file", feature = "keyring"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }
}
