//! The answers of token endpoints, in all the shapes that are met (RFC 6749 section 5).

mod fields;
pub(crate) mod lifetime;

pub(crate) use self::fields::{error_of, object_of};

use crate::{
    error::{TokenError, What},
    fields::Fields,
};
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};
use tower_auth_core::Secret;

/// What types tokens may be of.
#[derive(Clone, Debug)]
pub(crate) enum TokenTypes {
    /// `Bearer`, and these.
    Bearer(Vec<String>),
    /// `DPoP`: a bearer token would be good in the hands of whoever steals it.
    #[cfg(feature = "dpop")]
    Dpop,
}

impl TokenTypes {
    fn has(&self, token_type: &str) -> bool {
        let is = |name: &str| token_type.eq_ignore_ascii_case(name);
        match self {
            Self::Bearer(others) => is("Bearer") || others.iter().any(|name| is(name)),
            #[cfg(feature = "dpop")]
            Self::Dpop => is("DPoP"),
        }
    }
}

/// No token is longer than this, in bytes: servers take no more than 8 to 16 KiB of headers, and what is longer would be
/// refused there with every request.
pub(crate) const LONGEST_TOKEN: usize = 16 << 10;

fn is_too_long(token: &Secret) -> bool {
    token.expose().len() > LONGEST_TOKEN
}

/// A token, as an authorization server issued it (RFC 6749 section 5.1).
#[derive(Clone)]
pub struct TokenResponse {
    access_token: Secret,
    token_type: String,
    expires_in: Option<Duration>,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
    scope: Option<String>,
    requested_scope: Option<String>,
    issued_token_type: Option<String>,
    fields: Fields,
    asked_at: Option<Instant>,
}

impl TokenResponse {
    /// A token that was had in some other way, of type `Bearer`, good until a server refuses it.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_in: None,
            refresh_token: None,
            id_token: None,
            scope: None,
            requested_scope: None,
            issued_token_type: None,
            fields: Fields::default(),
            asked_at: None,
        }
    }

    /// When the server was asked: from then on counts the lifetime.
    pub(crate) fn at(self, asked_at: Instant) -> Self {
        Self {
            asked_at: Some(asked_at),
            ..self
        }
    }

    pub(crate) fn asked_at(&self) -> Option<Instant> {
        self.asked_at
    }

    /// How long from now it is good.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self {
            expires_in: Some(lifetime.min(lifetime::MAX)),
            ..self
        }
    }

    /// With a token that gets the next one.
    #[must_use]
    pub fn with_refresh_token(self, refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: Some(refresh_token.into()),
            ..self
        }
    }

    /// A refresh token that the server does not replace stays good.
    pub(crate) fn or_refresh_token(self, refresh_token: &Secret) -> Self {
        match self.refresh_token {
            Some(_) => self,
            None => self.with_refresh_token(refresh_token),
        }
    }

    /// Reads the answer of a token endpoint. `field` is where the token is: `access_token`.
    ///
    /// It takes JSON whatever the content type, forms, lifetimes as text or with a fraction, scopes as a list, a missing
    /// token type, and a lifetime that is only in the token itself (the `exp` of a JWT).
    pub(crate) fn parse(
        response: &Response<Bytes>,
        field: &str,
        now: SystemTime,
    ) -> Result<Self, TokenError> {
        let status = response.status();
        let malformed = |why| TokenError::from(What::Malformed { status, why });
        let fields = object_of(response);
        if !status.is_success() {
            return Err(error_of(response, fields, now));
        }
        let Some(mut fields) = fields else {
            return Err(malformed("a body that is neither a JSON object nor a form"));
        };
        let token = match fields.remove(field) {
            Some(Value::String(token)) if !token.is_empty() => token,
            Some(Value::Number(token)) => token.to_string(),
            _ if fields.contains_key("error") => {
                return Err(error_of(response, Some(fields), now));
            }
            _ => return Err(malformed("no token")),
        };
        if token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("a token that no header can carry"));
        }
        let refresh_token = fields.take_text("refresh_token").map(Secret::from);
        if refresh_token.as_ref().is_some_and(is_too_long) {
            return Err(malformed("a refresh token that is too long to send"));
        }
        let expires_in = fields
            .remove("expires_in")
            .and_then(|value| lifetime::parse(&value))
            .or_else(|| lifetime::of_jwt(&token, now));
        Ok(Self {
            access_token: token.into(),
            token_type: fields
                .take_text("token_type")
                .unwrap_or_else(|| "Bearer".to_owned()),
            expires_in,
            refresh_token,
            id_token: fields.take_text("id_token").map(Secret::from),
            scope: match fields.remove("scope") {
                Some(Value::String(scope)) => Some(scope),
                Some(Value::Array(scopes)) => {
                    let scopes: Vec<_> = scopes.iter().filter_map(Value::as_str).collect();
                    Some(scopes.join(" "))
                }
                _ => None,
            },
            requested_scope: None,
            issued_token_type: fields.take_text("issued_token_type"),
            fields,
            asked_at: None,
        })
    }

    /// For this scope.
    pub(crate) fn for_scope(self, requested: Option<&str>) -> Self {
        Self {
            requested_scope: requested.map(str::to_owned),
            ..self
        }
    }

    /// Only tokens of these types; whoever is issued another has to prove something else than is proved here.
    pub(crate) fn only(self, types: &TokenTypes) -> Result<Self, TokenError> {
        if types.has(&self.token_type) {
            return Ok(self);
        }
        // Whole or not at all: a part of a secret would not be recognised as one.
        let is_name =
            self.token_type.len() <= 64 && self.token_type.bytes().all(|b| b.is_ascii_graphic());
        let shown = if is_name {
            self.token_type
        } else {
            "?".to_owned()
        };
        Err(What::TokenType(shown).into())
    }

    /// The token.
    pub fn access_token(&self) -> &Secret {
        &self.access_token
    }

    /// Its type, `Bearer` when the server did not say.
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// How long it was good when it was issued; `None` when nobody knows. At most 100 years.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// What gets the next token.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// The ID token, unverified.
    pub fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    /// What it may be used for, when the server said so.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// What it was asked for.
    pub fn requested_scope(&self) -> Option<&str> {
        self.requested_scope.as_deref()
    }

    /// Which parts of the requested scope were not granted, when the server said what was (RFC 6749 section 5.1). Some
    /// servers separate what they granted by commas.
    pub fn missing_scopes(&self) -> Vec<&str> {
        let (Some(requested), Some(granted)) = (&self.requested_scope, &self.scope) else {
            return Vec::new();
        };
        let is_granted = |scope: &&str| {
            granted.split(' ').any(|known| known == *scope)
                || granted.split([' ', ',']).any(|known| known == *scope)
        };
        let requested = requested.split(' ').filter(|scope| !scope.is_empty());
        requested.filter(|scope| !is_granted(scope)).collect()
    }

    /// What a token exchange issued (RFC 8693 section 2.2.1).
    pub fn issued_token_type(&self) -> Option<&str> {
        self.issued_token_type.as_deref()
    }

    /// Everything else that the server sent. May hold secrets.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("refresh_token", &self.refresh_token.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
