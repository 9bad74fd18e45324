//! Claims, signed afresh for every request (RFC 7523 section 3).

use super::SigningKey;
use serde_json::Value;
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower_auth_core::{AuthError, ErrorKind, Secret};
use tower_auth_jose::{Header, Members, base64url};

/// Claims about an issuer or a user, and the key that signs them.
///
/// What goes on the wire is a JWT in compact form: header `alg`, `typ` (`JWT`), `kid` (when the key has one), then the
/// headers given here; claims `iss`, `sub`, `aud`, `jti`, `iat`, `exp`, as far as they are given, then the claims given
/// here. It is signed for every request, with a new `jti` of 128 random bits, and is good for 5 minutes.
#[derive(Clone)]
pub struct Assertion {
    key: SigningKey,
    issuer: Option<String>,
    subject: Option<String>,
    audience: Vec<String>,
    lifetime: Duration,
    jwt_id: JwtId,
    claims: Vec<(String, Value)>,
    headers: Vec<(String, Value)>,
}

/// A hundred years, in seconds.
const LONGEST_LIFE: u64 = 100 * 365 * 86_400;

#[derive(Clone)]
enum JwtId {
    Fresh,
    Fixed(String),
    None,
}

impl Assertion {
    /// Signed by this key, claiming nothing yet.
    pub fn new(key: SigningKey) -> Self {
        Self {
            key,
            issuer: None,
            subject: None,
            audience: Vec::new(),
            lifetime: Duration::from_secs(300),
            jwt_id: JwtId::Fresh,
            claims: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// `iss`: who signs.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// `sub`: whom it is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// `aud`: whom it is for. The URL of the token endpoint when none is given; several calls make a list.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// From `iat` to `exp`, in whole seconds, at least one. 5 minutes by default; servers limit it, many to an hour.
    ///
    /// `iat` is this machine's time. No `nbf` is sent: a server whose clock is behind would refuse it.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// This `jti` every time. Servers that refuse replayed assertions refuse the second one; this is for tests.
    #[must_use]
    pub fn jwt_id(mut self, jwt_id: impl Into<String>) -> Self {
        self.jwt_id = JwtId::Fixed(jwt_id.into());
        self
    }

    /// No `jti`.
    #[must_use]
    pub fn without_jwt_id(mut self) -> Self {
        self.jwt_id = JwtId::None;
        self
    }

    /// Another claim; takes the place of one of the same name. `null` takes the claim out.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// Another header; takes the place of one of the same name, but for `alg`. `null` takes the header out.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Whether a server could take it: it says who signed it, and is good for a second (RFC 7523 section 3).
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        let is_claimed = |name| self.claims.iter().any(|(claim, _)| claim == name);
        if self.issuer.as_deref().is_none_or(str::is_empty) && !is_claimed("iss") {
            return Err(AuthError::configuration(
                "issuer",
                "is missing: an assertion has to say who signed it",
            ));
        }
        if self.lifetime < Duration::from_secs(1) && !is_claimed("exp") {
            return Err(AuthError::configuration(
                "lifetime",
                "is less than a second: the assertion would have expired when it arrives",
            ));
        }
        Ok(())
    }

    /// Issuer and subject.
    pub(crate) fn parties(&self) -> (Option<&str>, Option<&str>) {
        (self.issuer.as_deref(), self.subject.as_deref())
    }

    /// Signs. `audience` stands in for an audience that was not given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] when the machine has no randomness or shows a time before 1970.
    pub fn sign(&self, now: SystemTime, audience: &str) -> Result<Secret, AuthError> {
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| {
            AuthError::new(ErrorKind::Credentials, "the clock shows a time before 1970")
        })?;
        let mut header = Header::new().typ("JWT");
        for (name, value) in &self.headers {
            header = header.set(name, value.clone());
        }

        let mut claims = Members::new();
        let texts = [("iss", &self.issuer), ("sub", &self.subject)];
        for (name, value) in texts {
            if let Some(value) = value {
                claims.set(name, value.as_str());
            }
        }
        let audience: Value = match &self.audience[..] {
            [] => audience.into(),
            [one] => one.as_str().into(),
            several => several.into(),
        };
        claims.set("aud", audience);
        match &self.jwt_id {
            JwtId::Fresh => claims.set("jti", fresh_id()?),
            JwtId::Fixed(id) => claims.set("jti", id.as_str()),
            JwtId::None => {}
        }
        // What is later than this no server's clock can hold either, and not every JSON parser.
        let lifetime = self.lifetime.as_secs().min(LONGEST_LIFE);
        let expires = now.as_secs().saturating_add(lifetime);
        claims.set("iat", now.as_secs());
        claims.set("exp", expires);
        for (name, value) in &self.claims {
            claims.set(name, value.clone());
        }

        let token = self
            .key
            .sign_compact(&header, claims.to_json().as_bytes())?;
        Ok(token.into())
    }
}

fn fresh_id() -> Result<String, AuthError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|_| AuthError::new(ErrorKind::Credentials, "the machine has no randomness"))?;
    Ok(base64url::encode(id))
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
