//! Tokens: what is in them, how they are made and checked.

use super::{Issuer, User};
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// The claims of a token. There is none for its kind: a refresh token is accepted as an access token.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// The site.
    pub iss: String,
    /// The site.
    pub aud: String,
    /// When it was issued, in seconds since 1970.
    pub iat: u64,
    /// Not to be used before, in seconds since 1970.
    pub nbf: u64,
    /// When it expires, in seconds since 1970.
    pub exp: u64,
    /// Whose it is.
    pub id: u64,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is none.
    Missing,
    /// It is malformed, or signed by somebody else.
    Invalid,
    /// It is not yet to be used.
    Early,
    /// It has expired.
    Expired,
    /// Its user is gone.
    Unknown,
}

impl Issuer {
    /// A token for this user, good from now on.
    pub(super) fn issue(&self, user: &User, lifetime: Duration) -> Option<String> {
        let now = self.now();
        let site = &self.0.settings.site;
        self.sign(&Claims {
            iss: site.clone(),
            aud: site.clone(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(lifetime.as_secs()),
            id: user.id,
        })
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Claims) -> Option<String> {
        encode(&Header::new(Algorithm::HS256), claims, &self.0.encoding).ok()
    }

    /// Checks a token: signature, site, `nbf` and `exp` (without leeway), and that its user exists.
    ///
    /// # Errors
    ///
    /// Why it is not accepted.
    pub fn check(&self, token: &str) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[&self.0.settings.site]);
        validation.set_issuer(&[&self.0.settings.site]);
        // By our own clock, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Claims>(token, &self.0.decoding, &validation)
            .map_err(|_| Refusal::Invalid)?
            .claims;
        let now = self.now();
        if now < claims.nbf {
            return Err(Refusal::Early);
        }
        if now >= claims.exp {
            return Err(Refusal::Expired);
        }
        match self.user(claims.id) {
            Some(_) => Ok(claims),
            None => Err(Refusal::Unknown),
        }
    }

    /// Checks the token of an `Authorization` header, as a service behind this issuer does.
    ///
    /// The token is whatever follows `Bearer` and a blank, with that very capital, anywhere in the header.
    ///
    /// # Errors
    ///
    /// Why it is not accepted.
    pub fn check_header(&self, authorization: Option<&str>) -> Result<Claims, Refusal> {
        self.check(bearer(authorization).ok_or(Refusal::Missing)?)
    }

    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.0.settings.users.iter().find(|user| user.id == id)
    }

    fn now(&self) -> u64 {
        let now = self.0.settings.clock.now();
        now.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    }
}

pub(super) fn bearer(authorization: Option<&str>) -> Option<&str> {
    let value = authorization?;
    let rest = &value[value.find("Bearer ")? + "Bearer ".len()..];
    rest.split_whitespace().next()
}
